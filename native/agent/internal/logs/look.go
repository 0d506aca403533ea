package logs

import (
	"time"
)

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
			w.note(log, 0, changedMs)
		} else if state.known {
			w.note(log, state.size, now.UnixNano()/1e6)
		}
		state.quiet = 0
	default:
		state.quiet++
	}
	state.pace(size, now)
	limit := w.keeper.limitOf(log)
	w.keeper.tellCap(state.task, limit)
	reserve := state.reserve(limit)
	kept := log.kept(size)
	if kept > limit && !state.noHoles && log.findHead(size) { // its shim had to do it while we did not
		w.noteHead(log)
		kept = log.kept(size)
	}
	over := kept - limit + state.margin(limit, reserve)
	if state.noHoles {
		over = size - log.base.Load() - limit/2 + slackOf(limit)/4
	}
	if over > 0 {
		w.cut(log, limit, reserve)
	}
	if !state.cutting {
		w.settle(log)
	}
}

// note and noteHead write beside this thread: a write may have to wait for a disk that the task keeps busy.
func (w *watcher) note(log *Log, offset, atMs int64) {
	head := log.head.Load()
	w.keeper.scribe.do(func() { log.when().note(offset, atMs, head) })
}

func (w *watcher) noteHead(log *Log) {
	if log.headNoted.CompareAndSwap(false, true) && !w.keeper.scribe.do(func() {
		log.headNoted.Store(false)
		_ = log.writeHead() // the hole tells it as well
	}) {
		log.headNoted.Store(false)
	}
}

// settle books what a log keeps, and when it is looked at again.
func (w *watcher) settle(log *Log) {
	state := &log.watch
	if limit := w.keeper.limitOf(log); state.peak > limit+lateBytes && !state.noHoles && state.late == 0 {
		state.late, state.lateAt = 1, state.at // it ran on while it was cut
		w.keeper.options.Line("log ran on while it was cut task=%s over=%d", state.task.id, state.peak-limit)
	}
	state.peak = 0
	kept := log.kept(state.size)
	w.keeper.grew(kept - state.kept)
	state.kept = kept
	state.next = state.at.Add(state.patience(w.keeper.limitOf(log)))
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
	if most := limit / 2; reserve > most {
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

// cut decides how much goes, and lets it go: here, or beside this thread when another log must be looked at meanwhile.
// It can take a while, since it waits for the write that the task is in.
func (w *watcher) cut(log *Log, limit, reserve int64) {
	state := &log.watch
	over, now := log.kept(state.size)-limit, state.at
	late := over > lateBytes && state.kept <= limit && state.looks > 1
	if late {
		if state.late < 3 {
			state.late++
		}
		if state.lateAt.IsZero() {
			w.keeper.options.Line("log outran its cap task=%s over=%d rate=%d", state.task.id, over, state.rate)
		}
		state.lateAt = now
	} else if state.late > 0 && now.Sub(state.lateAt) > forgiveAfter {
		state.late--
		state.lateAt = now
	}
	keep := limit - reserve
	if state.noHoles {
		keep = limit / 2 >> state.late
	}
	// It stands still while we work, so that it cannot run further ahead; without holes also so that nothing is lost.
	freeze := state.late > 0 || state.noHoles
	if (len(w.hot) > 1 || freeze) && !w.ending && w.cutters.give(func() { w.carryOut(log, keep, freeze); w.cutDone(log) }) {
		state.cutting = true
		return
	}
	w.carryOut(log, keep, freeze)
}

func (w *watcher) carryOut(log *Log, keep int64, freeze bool) {
	state := &log.watch
	if freeze {
		defer state.task.thaw(&w.keeper.options)
		if state.task.freeze(&w.keeper.options) {
			if now, _, err := log.size(); err == nil {
				state.size = now
			}
		}
	}
	before := log.head.Load()
	if err := log.trim(state.size, keep); err != nil && !state.task.told.Swap(true) {
		w.keeper.options.Line("log cannot be cut task=%s cause=%v", state.task.id, err)
	}
	// It took a while.
	if size, _, err := log.size(); err == nil {
		state.size, state.at = size, time.Now()
		state.peak = size - before
	}
	if state.cutAt = state.at; !state.noHoles {
		w.noteHead(log)
	}
}

// cutDone is called by a cutter: the watcher takes the log back.
func (w *watcher) cutDone(log *Log) {
	w.cutMu.Lock()
	w.cutLogs = append(w.cutLogs, log)
	w.cutMu.Unlock()
	w.ring()
}

func (w *watcher) takeCuts() {
	w.cutMu.Lock()
	list := w.cutLogs
	w.cutLogs = nil
	w.cutMu.Unlock()
	for _, log := range list {
		log.watch.cutting = false
		w.settle(log)
		if log.watch.ended {
			w.end(log.watch.task)
		}
	}
}
