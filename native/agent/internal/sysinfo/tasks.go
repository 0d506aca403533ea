package sysinfo

import (
	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

// TaskPid is a running task as the task meter needs it.
type TaskPid struct {
	ID  string
	Pid int
}

type metered struct {
	cpuUs int64
	atMs  int64
	round int64
}

// TaskMeter measures what each task uses: by its cgroup where there is one, else by walking its processes.
type TaskMeter struct {
	Cgroups *cgroup.Driver
	Proc    string // /proc
	before  map[string]*metered
	round   int64
	buf     []byte
}

const maxWalk = 500 // processes looked at for one task

// Measure appends the use of tasks.
func (m *TaskMeter) Measure(tasks []TaskPid, monoMs int64, into []wire.TaskUse) []wire.TaskUse {
	into = into[:0]
	if m.before == nil {
		m.before = map[string]*metered{}
	}
	m.round++
	for _, t := range tasks {
		use, ok := m.Cgroups.Use(t.ID)
		if !ok {
			use = m.walk(t.Pid)
		}
		out := wire.TaskUse{TaskID: t.ID, MemUsedMib: use.MemMib, Pids: use.Pids}
		before, seen := m.before[t.ID]
		if !seen {
			before = &metered{}
			m.before[t.ID] = before
		}
		if passed := monoMs - before.atMs; seen && passed > 0 && use.CPUUs > before.cpuUs {
			out.CPUBusyMilli = (use.CPUUs - before.cpuUs) / passed
		}
		*before = metered{cpuUs: use.CPUUs, atMs: monoMs, round: m.round}
		into = append(into, out)
	}
	for id, b := range m.before {
		if b.round != m.round {
			delete(m.before, id)
		}
	}
	return into
}
