package agent

import (
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// runner is one way to run tasks. What it sees it tells as launch.News, each with the number of its run. None of these
// may make the loop wait; Start is called by a starter, which may wait.
type runner interface {
	// Start begins a run. The task's record is on disk, with the number of this run.
	Start(info wire.TaskInfo, run int)
	// Adopt finds a run again that an agent before this one began, or tells what became of it. Without the same boot
	// nothing may be signalled.
	Adopt(info wire.TaskInfo, run int, sameBoot bool)
	// Kill sends TERM now and KILL after graceMs. A second call can only shorten the grace.
	Kill(taskID string, run int, graceMs int64) error
	// Acknowledge: the end of this run is on disk. It may come twice.
	Acknowledge(taskID string, run int)
	// Forget removes what is kept of an ended task.
	Forget(taskID string) error
}

// runnerOf is the one place where it is chosen what runs a task.
func (a *Agent) runnerOf(info *wire.TaskInfo) runner {
	if info.Container != nil {
		return a.containers
	}
	return a.launcher
}

// runnerByID is the runner of a task that is held; nil when it is not.
func (a *Agent) runnerByID(taskID string) runner {
	if record := a.machine.Get(taskID); record != nil {
		return a.runnerOf(&record.Parsed)
	}
	return nil
}

func (a *Agent) kill(e task.Kill) {
	by := a.runnerByID(e.TaskID)
	if by == nil {
		return
	}
	if err := by.Kill(e.TaskID, e.Run, e.GraceMs); err != nil {
		a.log.Line("task cannot be reached task=%s cause=%v", e.TaskID, err) // its end is about to be told
	}
}

// remove takes away everything of a task: what its runner has elsewhere, and its folder.
func (a *Agent) remove(info wire.TaskInfo) {
	if by := a.runnerOf(&info); by != runner(a.launcher) {
		if err := by.Forget(info.TaskID); err != nil {
			a.log.Line("container stays task=%s cause=%v", info.TaskID, err)
		}
	}
	if err := a.launcher.Forget(info.TaskID); err != nil {
		a.log.Line("task folder stays task=%s cause=%v", info.TaskID, err)
	}
}
