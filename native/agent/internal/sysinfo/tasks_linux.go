package sysinfo

import (
	"bytes"
	"os"
	"strconv"

	"mesolite/agent/internal/cgroup"
)

const (
	ticksPerSecond = 100 // USER_HZ is 100 on every Linux that Go runs on
	pageKib        = 4
)

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
