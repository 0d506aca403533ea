package logs

import (
	"encoding/binary"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const (
	// A log that grows is looked at again before it can have filled its room at this rate.
	fastestBytesPerMs = 2 << 20
	// A log that grows faster than this is looked at twice as often, and this long is left for being late.
	fastBytesPerMs = 50_000
	lateMs         = 20
	// How fast a log is is not known at its first looks after it was quiet.
	newLooks = 4
	// A fast log is cut this long before it would be full.
	jitterMs   = 8
	minPause   = 500 * time.Microsecond
	shortPause = 5 * time.Millisecond
	awaitPause = 4 * time.Millisecond
	maxPause   = 20 * time.Millisecond
	// A log that did not grow for so many looks is left to inotify.
	quietLooks = 3
	// Over the cap by this much means that we were late.
	lateBytes = 512 * 1024
	// A log that outran us keeps less, until it behaved for this long.
	forgiveAfter = 10 * time.Second

	inModify  = 0x2
	inOneshot = 0x80000000
	inIgnored = 0x8000
	inFlags   = syscall.O_CLOEXEC | syscall.O_NONBLOCK

	schedReset = 0x40000000
	schedRR    = 2
)

// watched is what only the watcher knows of a log.
type watched struct {
	task    *taskLogs
	size    int64
	kept    int64
	known   bool      // size is one that was seen
	at      time.Time // when it was seen
	rate    int64     // bytes per ms, lately
	looks   int
	behind  time.Duration // how late the last look was
	next    time.Time     // when it is looked at again
	quiet   int
	wd      int32
	noHoles bool
	// late: how often it outran us lately; each time it keeps half as much.
	late   int
	cutAt  time.Time
	lateAt time.Time
}

// watcher is one thread of its own: it must not wait for a free one when a task writes at full speed.
type watcher struct {
	keeper *Keeper
	notify int
	bell   int
	wds    map[int32]*Log
	hot    map[*Log]bool
	buf    [4096]byte
	fast   bool // a task writes at full speed
	spare  bool // there is more than one CPU
	blind  bool // no inotify: everything is looked at by time
}

func newWatcher(k *Keeper) (*watcher, error) {
	bell, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, inFlags, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("eventfd", errno)
	}
	w := &watcher{keeper: k, spare: runtime.GOMAXPROCS(0) > 1, bell: int(bell), wds: map[int32]*Log{}, hot: map[*Log]bool{}}
	var err error
	if w.notify, err = syscall.InotifyInit1(inFlags); err != nil {
		w.notify, w.blind = -1, true
		k.options.Line("logs are looked at by time: no inotify cause=%v", err)
	}
	return w, nil
}

// ring wakes the watcher.
func (w *watcher) ring() {
	one := [8]byte{}
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = syscall.Write(w.bell, one[:]) // full: it is awake
}

func (w *watcher) run() {
	runtime.LockOSThread()
	hurry()
	for {
		closing := w.takeNews()
		pause := w.round(time.Now())
		if closing {
			break
		}
		w.sleep(pause)
	}
	if w.notify >= 0 {
		_ = syscall.Close(w.notify)
	}
	// The bell stays open: somebody may just be ringing it. The thread ends with this goroutine.
	close(w.keeper.done)
}

// hurry puts this thread before the tasks: a late look is disk beyond the cap. Where it may not, it is only late more
// often.
func hurry() {
	priority := int32(1)
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, schedRR|schedReset, uintptr(unsafe.Pointer(&priority)))
	if errno != 0 {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), -15) // not ours to have
	}
}

// sleep waits for the bell, for a log that begins to grow, or until the pause is over (negative: none is needed).
func (w *watcher) sleep(pause time.Duration) {
	type pollFd struct {
		fd      int32
		events  int16
		revents int16
	}
	fds := [2]pollFd{{fd: int32(w.bell), events: 1}, {fd: int32(w.notify), events: 1}}
	var timeout *syscall.Timespec
	if pause >= 0 {
		t := syscall.NsecToTimespec(int64(pause))
		timeout = &t
	}
	wait := syscall.Syscall6
	if pause >= 0 && pause <= shortPause && w.fast && w.spare {
		// Keeps this thread's place in the Go runtime: getting one back could take longer than the pause itself.
		wait = syscall.RawSyscall6
	}
	_, _, _ = wait(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 2, uintptr(unsafe.Pointer(timeout)), 0, 0, 0) // interrupted: looked once more
	if fds[0].revents != 0 {
		_, _ = syscall.Read(w.bell, w.buf[:8])
	}
	if fds[1].revents != 0 {
		w.takeEvents()
	}
}

func (w *watcher) takeEvents() {
	for {
		n, err := syscall.Read(w.notify, w.buf[:])
		if err != nil || n < syscall.SizeofInotifyEvent {
			return
		}
		for at := 0; at+syscall.SizeofInotifyEvent <= n; {
			wd := int32(binary.NativeEndian.Uint32(w.buf[at:]))
			mask := binary.NativeEndian.Uint32(w.buf[at+4:])
			at += syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(w.buf[at+12:]))
			switch log, known := w.wds[wd]; {
			case wd < 0: // the queue ran over
				w.keeper.eachLive(w.heat)
			case known && mask&inModify != 0:
				w.heat(log)
			case known && mask&inIgnored != 0:
				delete(w.wds, wd)
				log.watch.wd = -1
			}
		}
	}
}

func (w *watcher) heat(log *Log) {
	log.watch.quiet, log.watch.looks = 0, 0
	w.hot[log] = true // looked at by time from now on
}

// takeNews takes over what began and ended since.
func (w *watcher) takeNews() (closing bool) {
	begun, again, ended, settings, closing := w.keeper.takeNews()
	for _, task := range begun {
		for _, log := range task.logs {
			log.load()
			log.watch = watched{task: task, wd: -1, noHoles: w.keeper.noHoles}
			w.heat(log)
		}
	}
	for _, task := range again {
		for _, log := range task.logs {
			w.heat(log)
		}
	}
	for _, task := range ended {
		for _, log := range task.logs {
			w.look(log, time.Now())
			w.forget(log)
		}
		w.keeper.settle(task)
	}
	if settings {
		w.keeper.eachLive(w.heat)
	}
	return closing
}

func (w *watcher) forget(log *Log) {
	delete(w.hot, log)
	if wd := log.watch.wd; wd >= 0 && !w.blind {
		delete(w.wds, wd)
		_, _ = syscall.InotifyRmWatch(w.notify, uint32(wd)) // fired already: gone
	}
	log.watch.wd = -1
}

// round looks at all hot logs and tells how long nobody can have outrun us.
func (w *watcher) round(now time.Time) time.Duration {
	if w.keeper.overTotal() {
		w.keeper.squeeze(w.heat)
	}
	if len(w.hot) == 0 {
		return -1
	}
	pause, fast := maxPause, false
	for log := range w.hot {
		w.look(log, now)
		if log.watch.quiet >= quietLooks && !w.blind && w.arm(log) {
			continue
		}
		fast = fast || log.watch.rate > fastBytesPerMs
		if p := time.Until(log.watch.next); p < pause {
			pause = p
		}
	}
	if pause < 0 {
		pause = 0
	}
	w.fast = fast
	return pause
}

// arm leaves a log to inotify, unless it grew just then.
func (w *watcher) arm(log *Log) bool {
	wd, err := syscall.InotifyAddWatch(w.notify, log.path, inModify|inOneshot)
	if err == syscall.ENOENT {
		delete(w.hot, log)
		return true
	}
	if err != nil {
		return false // no watches left: by time
	}
	log.watch.wd = int32(wd)
	w.wds[int32(wd)] = log
	if size, _, err := log.size(); err == nil && size != log.watch.size {
		w.heat(log)
		return false
	}
	delete(w.hot, log)
	return true
}

// look measures a log, notes the time of what is new, and gives back what is too much.
func (w *watcher) look(log *Log, now time.Time) {
	size, changedMs, err := log.size()
	if err != nil {
		w.await(log, now)
		return
	}
	state := &log.watch
	switch {
	case size < log.head.Load() || size < log.when().lastOffset():
		log.beginAgain() // the task truncated it
		state.size, state.known = size, false
		fallthrough
	case size > state.size || !state.known:
		if !state.known && size > 0 && !log.when().known() {
			log.when().note(0, changedMs, 0)
		} else if state.known {
			log.when().note(state.size, now.UnixNano()/1e6, log.head.Load())
		}
		state.quiet = 0
	default:
		state.quiet++
	}
	state.pace(size, now)
	limit := w.keeper.limitOf(log)
	reserve := state.reserve(limit)
	kept := log.kept(size)
	over := kept - limit + state.margin(limit, reserve)
	if state.noHoles {
		over = size - log.base.Load() - limit/2
	}
	if over > 0 {
		w.cut(log, size, limit, reserve)
		kept = log.kept(state.size)
	}
	w.keeper.grew(kept - state.kept)
	state.kept = kept
	state.next = state.at.Add(state.patience(limit))
}

// await is for a log that is not there yet: its task is just being started. After a while only news of the task count.
func (w *watcher) await(log *Log, now time.Time) {
	state := &log.watch
	state.looks++
	switch {
	case state.looks < 25:
		state.next = now.Add(awaitPause)
	case state.looks < 500:
		state.next = now.Add(maxPause)
	default:
		delete(w.hot, log)
	}
}

// pace takes over what was seen. The rate falls slowly: a task that pauses may go on as before.
func (state *watched) pace(size int64, now time.Time) {
	rate := state.rate * 7 / 8
	if elapsed := now.Sub(state.at).Milliseconds() + 1; state.known && size > state.size && (size-state.size)/elapsed > rate {
		rate = (size - state.size) / elapsed
	}
	state.behind = now.Sub(state.next)
	state.looks++
	state.size, state.at, state.rate, state.known = size, now, rate, true
}

// reserve is how much of the cap is left free after a cut: what the task writes while we might be late.
func (state *watched) reserve(limit int64) int64 {
	reserve := slackOf(limit)
	if fast := state.rate * lateMs; fast > reserve {
		reserve = fast
	}
	reserve <<= state.late
	if most := limit - limit/4; reserve > most {
		reserve = most
	}
	return reserve
}

// margin is how far below the cap a cut is made: of a fast one that goes on
// and on at every look, so that each pause begins with all room.
func (state *watched) margin(limit, reserve int64) int64 {
	if state.rate > fastBytesPerMs && reserve > 2*minSlack && state.at.Sub(state.cutAt) < time.Second {
		return reserve - minSlack
	}
	margin := slackOf(limit) / 2
	if fast := state.rate * jitterMs; fast > margin {
		margin = fast
	}
	if margin > reserve/2 {
		margin = reserve / 2
	}
	return margin
}

// patience is how long the log cannot have come over its cap, however fast it grows.
func (state *watched) patience(limit int64) time.Duration {
	room := limit + lateBytes - state.kept
	if state.rate > fastBytesPerMs || state.looks < newLooks {
		room /= 2
	}
	pause := time.Duration(room) * time.Millisecond / fastestBytesPerMs
	if pause < minPause {
		return minPause
	}
	if pause > maxPause {
		return maxPause
	}
	return pause
}

func (w *watcher) cut(log *Log, size, limit, reserve int64) {
	state := &log.watch
	over, now := log.kept(size)-limit, state.at
	late := over > lateBytes && state.kept <= limit && state.looks > 1
	if late {
		if state.late < 3 {
			state.late++
		}
		if state.lateAt.IsZero() {
			w.keeper.options.Line("log outran its cap task=%s over=%d lateUs=%d rate=%d looks=%d", state.task.id, over, state.behind.Microseconds(), state.rate, state.looks)
		}
		state.lateAt = now
	} else if state.late > 0 && now.Sub(state.lateAt) > forgiveAfter {
		state.late--
		state.lateAt = now
	}
	if late || state.noHoles {
		// It stands still while we work, so that it cannot run further ahead; without holes also so that nothing is lost.
		defer w.keeper.options.Thaw(state.task.id)
		if w.keeper.options.Freeze(state.task.id) {
			if now, _, err := log.size(); err == nil {
				size = now
			}
		}
	}
	keep := limit - reserve
	if state.noHoles {
		keep = limit / 2 >> state.late
	}
	if err := log.trim(size, keep); err != nil && !state.task.told {
		state.task.told = true
		w.keeper.options.Line("log cannot be cut task=%s cause=%v", state.task.id, err)
	}
	// It took a while.
	if size, _, err := log.size(); err == nil {
		state.size, state.at = size, time.Now()
	}
	state.cutAt = state.at
}
