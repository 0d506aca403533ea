//go:build !linux

package logs

import "time"

const (
	// restingEvery is how often the logs are measured that are quiet.
	restingEvery = 250 * time.Millisecond
	// shimsHold: tasks have no shim here that would keep their logs under their cap.
	shimsHold = false
	// SparePlaces is how many more goroutines the watcher needs to be able to run at a time: it must not be late, and a
	// place in the Go runtime could be held by a thread that the machine does not let run.
	SparePlaces = 2
)

// eyes are how the watcher learns that a quiet log grows: here it measures them all now and then.
type eyes struct {
	bell   chan struct{}
	wds    map[int32]*Log // that are quiet
	lastWd int32
	looked time.Time
	blind  bool // never here
}

func newWatcher(k *Keeper) (*watcher, error) {
	return &watcher{keeper: k, eyes: eyes{bell: make(chan struct{}, 1), wds: map[int32]*Log{}}, hot: map[*Log]bool{}}, nil
}

func (e *eyes) close() {}

// ring wakes the watcher.
func (w *watcher) ring() {
	select {
	case w.bell <- struct{}{}:
	default: // it is awake
	}
}

// hurry: no thread of ours comes before the tasks here.
func hurry() {}

// sleep waits for the bell, for a log that begins to grow, or until the pause is over (negative: none is needed).
func (w *watcher) sleep(pause time.Duration) {
	for {
		wait := pause
		if len(w.wds) > 0 && (pause < 0 || pause > restingEvery) {
			wait = restingEvery
		}
		if w.rang(wait) || w.lookAtResting() || pause >= 0 {
			return
		}
	}
}

// rang waits for the bell, but no longer than this (negative: for ever).
func (w *watcher) rang(wait time.Duration) bool {
	if wait < 0 {
		<-w.bell
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-w.bell:
		return true
	case <-timer.C:
		return false
	}
}

// lookAtResting measures the quiet logs when it is time, and tells whether one of them grew.
func (w *watcher) lookAtResting() (grew bool) {
	if time.Since(w.looked) < restingEvery {
		return false
	}
	w.looked = time.Now()
	for wd, log := range w.wds {
		if log.watch.wd != wd {
			delete(w.wds, wd) // it was begun again
			continue
		}
		if size, _, err := log.size(); err == nil && size != log.watch.size {
			delete(w.wds, wd)
			log.watch.wd = -1
			w.heat(log)
			grew = true
		}
	}
	return grew
}

func (w *watcher) forget(log *Log) {
	delete(w.hot, log)
	if wd := log.watch.wd; wd >= 0 {
		delete(w.wds, wd)
	}
	log.watch.wd = -1
}

// arm leaves a log to rest.
func (w *watcher) arm(log *Log) bool {
	if log.watch.wd < 0 {
		w.lastWd++
		log.watch.wd = w.lastWd
	}
	w.wds[log.watch.wd] = log
	delete(w.hot, log)
	return true
}
