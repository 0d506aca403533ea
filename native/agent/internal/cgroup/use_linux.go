package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Use is what a group uses now.
type Use struct {
	CPUUs  int64
	MemMib int64
	Pids   int64
}

// Outcome is what happened in a group over its life.
type Outcome struct {
	OomKills int64
	PeakMib  int64
	LimitMib int64
}

// Outcome reads what happened, before Remove.
func (d *Driver) Outcome(task string) Outcome {
	switch d.Kind {
	case KindV2:
		folder := filepath.Join(d.base, task)
		return Outcome{
			OomKills: keyed(filepath.Join(folder, "memory.events"), "oom_kill"),
			PeakMib:  number(filepath.Join(folder, "memory.peak")) >> 20,
			LimitMib: number(filepath.Join(folder, "memory.max")) >> 20,
		}
	case KindV1:
		folder := filepath.Join(d.bases["memory"], task)
		if d.bases["memory"] == "" {
			return Outcome{}
		}
		return Outcome{
			OomKills: keyed(filepath.Join(folder, "memory.oom_control"), "oom_kill"),
			PeakMib:  number(filepath.Join(folder, "memory.max_usage_in_bytes")) >> 20,
			LimitMib: number(filepath.Join(folder, "memory.limit_in_bytes")) >> 20,
		}
	}
	return Outcome{}
}

// Use reads what the group uses now; false where there is no group to ask.
func (d *Driver) Use(task string) (Use, bool) {
	switch d.Kind {
	case KindV2:
		folder := filepath.Join(d.base, task)
		use := Use{
			CPUUs:  keyed(filepath.Join(folder, "cpu.stat"), "usage_usec"),
			MemMib: (number(filepath.Join(folder, "memory.current")) - keyed(filepath.Join(folder, "memory.stat"), "inactive_file")) >> 20,
			Pids:   number(filepath.Join(folder, "pids.current")),
		}
		for _, name := range []string{"pids.current", "memory.current"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				return use, false // a tree without these controllers: a zero would be a lie
			}
		}
		return use, true
	case KindV1:
		cpu, memory, pids := d.bases["cpuacct"], d.bases["memory"], d.bases["pids"]
		if cpu == "" || memory == "" || pids == "" {
			return Use{}, false
		}
		return Use{
			CPUUs:  number(filepath.Join(cpu, task, "cpuacct.usage")) / 1000,
			MemMib: keyed(filepath.Join(memory, task, "memory.stat"), "total_rss") >> 20,
			Pids:   number(filepath.Join(pids, task, "pids.current")),
		}, true
	}
	return Use{}, false
}

func number(path string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return 0 // "max", or a kernel that says it otherwise
	}
	return n
}

func keyed(path, key string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(data), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == key {
			n, _ := strconv.ParseInt(fields[1], 10, 64) // zero when it is no number
			return n
		}
	}
	return 0
}
