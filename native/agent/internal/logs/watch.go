package logs

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
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
	// What would be looked at within this is looked at now.
	together = 5 * time.Millisecond
	// A log that did not grow for so many looks is left to inotify.
	quietLooks = 3
	// Over the cap by this much means that we were late.
	lateBytes = 512 * 1024
	// A log that outran us keeps less, until it behaved for this long.
	forgiveAfter = 10 * time.Second
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
	eyes
	keeper  *Keeper
	hot     map[*Log]bool
	ending  bool // this is a last look
	cutters cutters
	resting atomic.Bool // it sleeps until it is rung for
	cutMu   sync.Mutex
	cutLogs []*Log // that come back from the cutters
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
		if w.resting.Store(pause < 0); pause >= 0 || !w.keeper.hasNews() { // news that saw us awake did not ring
			w.sleep(pause)
		}
		w.resting.Store(false)
	}
	w.close()
	close(w.keeper.done)
}

// nudge is ring for what can wait until the next look, which is soon: most tasks are over before it.
func (w *watcher) nudge() {
	if w.resting.Load() {
		w.ring()
	}
}

func (w *watcher) heat(log *Log) {
	log.watch.quiet, log.watch.looks, log.watch.next = 0, 0, time.Time{}
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
			log.watch.next = time.Now().Add(maxPause)
		}
		task.capTold = w.keeper.capOf(task.limit) // it is started with it
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
		now := time.Now()
		if left := log.watch.next.Sub(now); left > together { // what woke us is of another
			if left < pause {
				pause = left
			}
			continue
		}
		if w.look(log, now); log.watch.cutting {
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
