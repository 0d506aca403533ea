package agent

import (
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// prepare brings artifacts into the sandbox before the first start, and posts task.Prepared. It must not make the
// loop wait. Until there is something to fetch with, everything is there.
func (a *Agent) prepare(info wire.TaskInfo) {
	go a.post(task.Prepared{TaskID: info.TaskID})
}

// abandon ends a prepare that nobody waits for any more.
func (a *Agent) abandon(taskID string) {}

// collect lists the results of a task that ended for good, and posts task.Collected. It must not make the loop wait.
func (a *Agent) collect(info wire.TaskInfo) {
	go a.post(task.Collected{TaskID: info.TaskID})
}

// admit tells why a task cannot be taken here, or nil: an artifact that is missing, no such container engine.
func (a *Agent) admit(info *wire.TaskInfo) *wire.Error { return nil }
