package sysinfo

import (
	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/kern"
)

// walk sums a process and its descendants. What ended meanwhile is missed, and what belongs to another user is only
// counted.
func (m *TaskMeter) walk(pid int) cgroup.Use {
	var use cgroup.Use
	below := map[int][]int{}
	found := false
	for _, p := range kern.All() {
		if !p.Zombie {
			below[p.Parent] = append(below[p.Parent], p.Pid)
			found = found || p.Pid == pid
		}
	}
	if !found {
		return use
	}
	bytes := int64(0)
	pids := []int{pid}
	for i := 0; i < len(pids) && i < maxWalk; i++ {
		use.Pids++
		if resident, cpuUs, ok := kern.TaskUse(pids[i]); ok {
			bytes += resident
			use.CPUUs += cpuUs
		}
		pids = append(pids, below[pids[i]]...)
	}
	use.MemMib = bytes >> 20
	return use
}
