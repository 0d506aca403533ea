package logs

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// How often ended tasks are looked through for their age.
const (
	sweepEvery = time.Hour
	dayMs      = 24 * 3600 * 1000
)

// Sweep looks through the ended tasks now.
func (k *Keeper) Sweep() {
	select {
	case k.sweep <- struct{}{}:
	default:
	}
}

func (k *Keeper) sweepLoop() {
	timer := time.NewTicker(sweepEvery)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-k.sweep:
		case <-k.over:
			return
		}
		if k.knows.Load() {
			k.removeAged()
		}
		if k.overTotal() {
			k.watcher.ring()
		}
	}
}

// removeAged removes logs and sandboxes of tasks that ended long ago. The record of the task stays until it is
// forgotten, and the last failure of each task name stays whole.
func (k *Keeper) removeAged() {
	k.mu.Lock()
	days := k.keeping.KeepDays
	k.mu.Unlock()
	if days <= 0 {
		return
	}
	before := k.options.NowMs() - days*dayMs
	words := "after " + strconv.FormatInt(days, 10) + " days"
	for {
		victim := k.pick(func(e *endedTask, lastFailure bool) bool {
			return !lastFailure && e.EndedAtMs < before && !e.aged
		})
		if victim == nil {
			return
		}
		dir := k.options.TaskDir(victim.ID)
		k.removeLogs(victim, words)
		err := os.RemoveAll(filepath.Join(dir, "sandbox"))
		k.mu.Lock()
		victim.aged = true
		k.mu.Unlock()
		k.options.Line("files removed task=%s cause=age days=%d trouble=%v", victim.ID, days, err)
	}
}

// oldestEnded is whose log goes next when there is too much: the last failures come last.
func (k *Keeper) oldestEnded() *endedTask {
	plain := k.pick(func(e *endedTask, lastFailure bool) bool { return !e.gone && !lastFailure })
	if plain != nil {
		return plain
	}
	return k.pick(func(e *endedTask, _ bool) bool { return !e.gone })
}

// pick gives the oldest ended task that is wanted.
func (k *Keeper) pick(wanted func(e *endedTask, lastFailure bool) bool) *endedTask {
	k.mu.Lock()
	defer k.mu.Unlock()
	last := map[string]*endedTask{}
	for _, e := range k.ended {
		if other := last[e.Name]; e.Failed && (other == nil || other.EndedAtMs < e.EndedAtMs || (other.EndedAtMs == e.EndedAtMs && other.ID < e.ID)) {
			last[e.Name] = e
		}
	}
	var oldest *endedTask
	for _, e := range k.ended {
		if wanted(e, last[e.Name] == e) && (oldest == nil || e.EndedAtMs < oldest.EndedAtMs || (e.EndedAtMs == oldest.EndedAtMs && e.ID < oldest.ID)) {
			oldest = e
		}
	}
	return oldest
}

// removeLogs removes the logs of an ended task, and leaves a word why.
func (k *Keeper) removeLogs(e *endedTask, why string) {
	dir := k.options.TaskDir(e.ID)
	any := false
	for _, name := range FileNames {
		var stat syscall.Stat_t
		any = syscall.Stat(filepath.Join(dir, name), &stat) == nil || any
	}
	// First, so that who misses the log finds the word; a full disk has room for it only then.
	note := func() error { return os.WriteFile(filepath.Join(dir, "removed"), []byte(why+"\n"), 0o600) }
	noted := any && note() == nil
	for _, name := range FileNames {
		_ = os.Remove(filepath.Join(dir, name)) // gone already
		for _, suffix := range companions {
			_ = os.Remove(filepath.Join(dir, name+suffix)) // not every log has them
		}
	}
	if any && !noted {
		_ = note() // without the word the log is merely not there
	}
	k.mu.Lock()
	kept := e.kept
	e.kept, e.gone = 0, true
	k.mu.Unlock()
	k.total.Add(-kept)
}
