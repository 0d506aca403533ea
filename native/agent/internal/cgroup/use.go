package cgroup

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// Use is what a group uses now.
type Use struct {
	CPUUs  int64
	MemMib int64
	Pids   int64
}

// Outcome is what happened in a group over its life.
type Outcome struct {
	OomKills int64 // processes that the kernel ended for want of memory
	OwnLimit bool  // the group had reached its own ceiling; else the want was that of the machine, or of our share of it
	PeakMib  int64 // 0: not counted here
	LimitMib int64 // read when something was ended; 0: none
	PidsHits int64 // how often a new process was refused
	MaxPids  int64 // read when one was refused
}

// Outcome reads what happened, before Remove.
func (d *Driver) Outcome(task string) Outcome {
	var out Outcome
	switch d.Kind {
	case KindV2:
		folder := filepath.Join(d.base, task)
		if d.can.memory {
			events := filepath.Join(folder, "memory.events")
			out.PeakMib = mibUp(number(filepath.Join(folder, "memory.peak")))
			if out.OomKills = keyed(events, "oom_kill"); out.OomKills > 0 {
				out.limit(number(filepath.Join(folder, "memory.max")))
				out.OwnLimit = out.OwnLimit || out.LimitMib > 0 && keyed(events, "max") > 0
			}
		}
		if d.can.pids {
			out.pids(folder)
		}
	case KindV1:
		f := d.filesOf(task)
		if base := d.bases["memory"]; base != "" {
			peak, _ := f.number(base, "memory.max_usage_in_bytes", syscall.O_RDWR) // 0: not counted here
			out.PeakMib = mibUp(peak)
			if out.OomKills = f.keyed(base, "memory.oom_control", "oom_kill", syscall.O_RDWR); out.OomKills > 0 {
				ceiling, _ := f.number(base, "memory.limit_in_bytes", syscall.O_RDWR) // 0: none
				out.limit(ceiling)
			}
		}
		if base := d.bases["pids"]; base != "" {
			if out.PidsHits = f.keyed(base, "pids.events", "max", syscall.O_RDONLY); out.PidsHits > 0 {
				out.MaxPids, _ = f.number(base, "pids.max", syscall.O_RDWR) // 0: none
			}
		}
	}
	if out.OomKills > 0 || out.PidsHits > 0 {
		d.spoil(task) // these counters are never set back
	}
	return out
}

// noLimitV1: v1 says "none" as a number that no machine has.
const noLimitV1 = 1 << 60

// limit takes the ceiling. Whether it was reached is seen by the peak: the counters of refusals are not kept by every
// kernel.
func (o *Outcome) limit(bytes int64) {
	if bytes <= 0 || bytes >= noLimitV1 {
		return
	}
	o.LimitMib = bytes >> 20
	o.OwnLimit = o.PeakMib*100 >= o.LimitMib*97
}

func (o *Outcome) pids(folder string) {
	if o.PidsHits = keyed(filepath.Join(folder, "pids.events"), "max"); o.PidsHits > 0 {
		o.MaxPids = number(filepath.Join(folder, "pids.max"))
	}
}

// mibUp rounds up: a task that held anything did not hold nothing.
func mibUp(bytes int64) int64 { return (bytes + 1<<20 - 1) >> 20 }

// Use reads what the group uses now; false where there is no group to ask.
func (d *Driver) Use(task string) (Use, bool) {
	if use, ok, known := d.lentUse(task); known {
		return use, ok
	}
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

// slurp reads a small file with three or four system calls: these are read at every end and in every sample.
func slurp(path string, buf []byte) []byte {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	n := 0
	for n < len(buf) {
		got, err := syscall.Read(fd, buf[n:])
		if got <= 0 || err != nil {
			break
		}
		if n += got; buf[n-1] == '\n' && n < len(buf)/2 && bytes.IndexByte(buf[:n], '\n') == n-1 {
			break // one line, and that is all there is
		}
	}
	_ = syscall.Close(fd) // only read from
	return buf[:n]
}

func number(path string) int64 {
	var buf [64]byte
	n, err := strconv.ParseInt(string(bytes.TrimSpace(slurp(path, buf[:]))), 10, 64)
	if err != nil {
		return 0 // not there, "max", or a kernel that says it otherwise
	}
	return n
}

// statBytes hold what memory.stat says. Not on the stack: it would grow for every task.
var statBytes = sync.Pool{New: func() interface{} { return new([8192]byte) }}

func keyed(path, key string) int64 {
	buf := statBytes.Get().(*[8192]byte)
	defer statBytes.Put(buf)
	return valueOf(slurp(path, buf[:]), key)
}

// valueOf finds the line of a key.
func valueOf(data []byte, key string) int64 {
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		name, value, ok := bytes.Cut(line, []byte{' '})
		if ok && string(name) == key {
			n, _ := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64) // zero when it is no number
			return n
		}
	}
	return 0
}
