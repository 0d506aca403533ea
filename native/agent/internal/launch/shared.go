package launch

import (
	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

// LimitsOf is what a task asks for, for those who run tasks in another way.
func LimitsOf(info wire.TaskInfo) cgroup.Limits { return limitsOf(info) }
