package logs

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	// A log that grows is looked at again before it can have filled its room at this rate.
	fastestBytesPerMs = 2 << 20
	// A log that grows faster than this is looked at twice as often, and this long is left for being late.
	fastBytesPerMs = 50_000
	lateMs         = 40
	// How fast a log is is not known at its first looks after it was quiet.
	newLooks = 4
	// A fast log is cut this long before it would be full.
	jitterMs   = 8
	minPause   = 500 * time.Microsecond
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
	next    time.Time // when it is looked at again
	quiet   int
	wd      int32
	noHoles bool
	cutting bool // a cutter has it, with all of this
	ended   bool
	// late: how often it outran us lately; each time it keeps half as much.
	late   int
	peak   int64 // what it kept at the end of the last cut, with what was cut
	cutAt  time.Time
	lateAt time.Time
}

// watcher is one thread of its own: it must not wait for a free one when a task writes at full speed.
type watcher struct {
	keeper  *Keeper
	notify  int
	bell    int
	wds     map[int32]*Log
	hot     map[*Log]bool
	buf     [4096]byte
	ending  bool // this is a last look
	cutters cutters
	cutMu   sync.Mutex
	cutLogs []*Log // that come back from the cutters
	blind   bool   // no inotify: everything is looked at by time
}

func newWatcher(k *Keeper) (*watcher, error) {
	bell, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, inFlags, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("eventfd", errno)
	}
	w := &watcher{keeper: k, bell: int(bell), wds: map[int32]*Log{}, hot: map[*Log]bool{}}
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
	binary.LittleEndian.PutUint64(one[:], 1)
	_, _ = syscall.Write(w.bell, one[:]) // full: it is awake
}

func (w *watcher) run() {
	runtime.LockOSThread()
	hurry()
	for {
		closing := w.takeNews()
		pause := w.round()
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
	_, _, _ = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 2, uintptr(unsafe.Pointer(timeout)), 0, 0, 0) // interrupted: looked once more
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
			wd := int32(binary.LittleEndian.Uint32(w.buf[at:]))
			mask := binary.LittleEndian.Uint32(w.buf[at+4:])
			at += syscall.SizeofInotifyEvent + int(binary.LittleEndian.Uint32(w.buf[at+12:]))
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
	w.takeCuts()
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
		w.end(task)
	}
	if closing {
		w.cutters.under.Wait() // a task may be standing still
	}
	if settings {
		w.keeper.eachLive(w.heat)
	}
	return closing
}

// end cuts the logs of a task a last time; a cut that is under way comes back here.
func (w *watcher) end(task *taskLogs) {
	if task.settled {
		return
	}
	for _, log := range task.logs {
		if log.watch.ended = true; log.watch.cutting {
			return
		}
	}
	for _, log := range task.logs {
		w.ending = true // right here
		w.look(log, time.Now())
		w.ending = false
		w.forget(log)
	}
	task.settled = true
	w.keeper.settle(task)
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
func (w *watcher) round() time.Duration {
	if w.keeper.overTotal() {
		w.keeper.squeeze(w.heat)
	}
	if len(w.hot) == 0 {
		return -1
	}
	pause := maxPause
	for log := range w.hot {
		if log.watch.cutting {
			continue
		}
		if w.look(log, time.Now()); log.watch.cutting {
			continue
		}
		if log.watch.quiet >= quietLooks && !w.blind && w.arm(log) {
			continue
		}
		if p := time.Until(log.watch.next); p < pause {
			pause = p
		}
	}
	if pause < 0 {
		pause = 0
	}
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
