package sysinfo

import (
	"bytes"
	"os"
	"strconv"

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

const (
	ticksPerSecond = 100 // USER_HZ is 100 on every Linux that Go runs on
	pageKib        = 4
	maxWalk        = 500 // processes looked at for one task
)

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

// walk sums a process and its descendants. What ended meanwhile is missed: that is the price without a cgroup.
func (m *TaskMeter) walk(pid int) cgroup.Use {
	var use cgroup.Use
	kib := int64(0)
	pids := []int{pid}
	for i := 0; i < len(pids) && i < maxWalk; i++ {
		base := m.Proc + "/" + strconv.Itoa(pids[i])
		data := m.read(base + "/stat")
		end := bytes.LastIndexByte(data, ')')
		if end < 0 {
			continue
		}
		rest := data[end+1:]
		for field := 3; field <= 24; field++ {
			var value []byte
			value, rest = nextField(rest)
			switch field {
			case 14, 15:
				use.CPUUs += toInt(value) * (1_000_000 / ticksPerSecond)
			case 24:
				kib += toInt(value) * pageKib
			}
		}
		use.Pids++
		children := m.read(base + "/task/" + strconv.Itoa(pids[i]) + "/children")
		for len(children) > 0 {
			var child []byte
			child, children = nextField(children)
			if n := toInt(child); n > 1 {
				pids = append(pids, int(n))
			}
		}
	}
	use.MemMib = kib >> 10
	return use
}

func (m *TaskMeter) read(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	if m.buf == nil {
		m.buf = make([]byte, 4096)
	}
	n, _ := file.Read(m.buf) // what was read is used
	return m.buf[:n]
}
