package launch

import (
	"path/filepath"
	"strconv"
	"sync"
)

// RunDir is where a shim keeps `run`, `alive` and `ctl`. The first run has them in the task's folder itself, later
// ones in a folder of their own: so the exit record of one run is never taken for that of the next, and the file `run`
// still makes sure that each of them happens once. Logs and sandbox are the task's, not the run's.
func (l *Launcher) RunDir(taskID string, run int) string {
	if run == 0 {
		return l.TaskDir(taskID)
	}
	return filepath.Join(l.TaskDir(taskID), "r"+strconv.Itoa(run))
}

// removals keeps the start of a run behind the removal of the cgroup of the run before it: an exit is told first and
// cleaned up then, and the group has the same name.
type removals struct {
	mu    sync.Mutex
	tasks map[string]chan struct{}
}

func (l *Launcher) beginRemoval(taskID string) (end func()) {
	over := make(chan struct{})
	l.removals.mu.Lock()
	if l.removals.tasks == nil {
		l.removals.tasks = map[string]chan struct{}{}
	}
	l.removals.tasks[taskID] = over
	l.removals.mu.Unlock()
	return func() {
		l.removals.mu.Lock()
		delete(l.removals.tasks, taskID)
		l.removals.mu.Unlock()
		close(over)
	}
}

func (l *Launcher) awaitRemoval(taskID string) {
	l.removals.mu.Lock()
	over := l.removals.tasks[taskID]
	l.removals.mu.Unlock()
	if over != nil {
		<-over
	}
}
