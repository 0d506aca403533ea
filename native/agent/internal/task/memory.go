package task

import (
	"fmt"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// outOfMemory says so when the kernel ended the task for its memory limit: a bare "killed by signal 9" would send
// people looking in the wrong place.
func outOfMemory(status *wire.Status, exit *launch.Exit) {
	if exit.Cgroup.OomKills == 0 {
		return
	}
	status.Reason = name(wire.ReasonMemoryLimit)
	status.Message = fmt.Sprintf("out of memory: used %d MiB of its limit of %d MiB; %s", exit.Cgroup.PeakMib, exit.Cgroup.LimitMib, status.Message)
}
