package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
)

// Limits of a group; zero means none.
type Limits struct {
	CPUMilli      int64 // weight
	CPUQuotaMilli int64 // hard ceiling
	MemMib        int64 // hard ceiling, swap included
	MemRequestMib int64 // kept for the group when memory is short
	Pids          int64
}

// powers are what the controllers here can do. What is missing is never promised.
type powers struct{ weight, quota, memory, pids, devices bool }

// What a kind of limit is worth, in the words of the facts.
const (
	WorthQuota  = "quota"
	WorthWeight = "weight"
	WorthCgroup = "cgroup"
	WorthGroup  = "group"
	WorthNone   = "none"
)

// Worth says what can be held here.
type Worth struct {
	CPU, Memory, Pids, Kill string
	Devices                 bool // device files can be closed, and are
}

// Worth says what each limit of a group is worth on this machine.
func (d *Driver) Worth() Worth {
	worth := Worth{CPU: WorthNone, Memory: WorthNone, Pids: WorthNone, Kill: WorthGroup, Devices: d.can.devices}
	if d.can.weight {
		worth.CPU = WorthWeight
	}
	if d.can.quota {
		worth.CPU = WorthQuota
	}
	if d.can.memory {
		worth.Memory = WorthCgroup
	}
	if d.can.pids {
		worth.Pids = WorthCgroup
	}
	if d.Kind != KindNone {
		worth.Kill = WorthCgroup
	}
	return worth
}

// SetShare sets the ceiling of all groups together. Call it before the first group.
func (d *Driver) SetShare(limits Limits) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.share = limits
}

// A quota is counted in periods of 100 ms; the kernel takes no quota below 1 ms.
const (
	periodUs   = 100_000
	leastUs    = 1000
	unlimited  = "max"
	unlimited1 = -1
	// sharesOfOne CPU in v1, and of a group that is told nothing.
	sharesOfOne = 1024
)

func quotaUs(milli int64) int64 { return clamp(milli*periodUs/1000, leastUs, 1<<40) }

// limit sets what this machine can; what it cannot is left out, and Worth says how much to expect.
func (d *Driver) limit(task string, limits Limits) {
	if limits.CPUQuotaMilli > d.share.CPUQuotaMilli && d.share.CPUQuotaMilli > 0 {
		limits.CPUQuotaMilli = d.share.CPUQuotaMilli // v1 takes no more inside than outside
	}
	switch d.Kind {
	case KindV2:
		limitV2(filepath.Join(d.base, task), limits)
	case KindV1:
		d.limitV1(d.filesOf(task), limits)
	}
}

func limitV2(folder string, limits Limits) {
	set := func(file string, value int64) { _ = write(filepath.Join(folder, file), strconv.FormatInt(value, 10)) }
	if limits.CPUMilli > 0 {
		set("cpu.weight", clamp(limits.CPUMilli/10, 1, 10000))
	}
	if limits.CPUQuotaMilli > 0 {
		_ = write(filepath.Join(folder, "cpu.max"), strconv.FormatInt(quotaUs(limits.CPUQuotaMilli), 10)+" "+strconv.Itoa(periodUs))
	}
	if limits.MemRequestMib > 0 {
		set("memory.low", limits.MemRequestMib<<20)
	}
	if limits.MemMib > 0 {
		set("memory.max", limits.MemMib<<20)
		set("memory.swap.max", 0)
		set("memory.oom.group", 1) // half a task is worth nothing, and would be told as if it were well
	}
	if limits.Pids > 0 {
		set("pids.max", limits.Pids)
	}
}

func (d *Driver) limitV1(f *files, limits Limits) {
	set := func(controller, file string, value int64) error { return f.set(d.bases[controller], file, value) }
	if limits.CPUMilli > 0 {
		_ = set("cpu", "cpu.shares", clamp(limits.CPUMilli*sharesOfOne/1000, 2, 262144))
	}
	if limits.CPUQuotaMilli > 0 {
		_ = set("cpu", "cpu.cfs_period_us", periodUs)
		_ = set("cpu", "cpu.cfs_quota_us", quotaUs(limits.CPUQuotaMilli))
	}
	if limits.MemRequestMib > 0 && limits.MemRequestMib != limits.MemMib {
		_ = set("memory", "memory.soft_limit_in_bytes", limits.MemRequestMib<<20)
	}
	if limits.MemMib > 0 {
		low := set("memory", "memory.limit_in_bytes", limits.MemMib<<20) != nil // more than with swap, as that is now
		_ = set("memory", "memory.memsw.limit_in_bytes", limits.MemMib<<20)
		if low {
			_ = set("memory", "memory.limit_in_bytes", limits.MemMib<<20)
		}
	}
	if limits.Pids > 0 {
		_ = set("pids", "pids.max", limits.Pids)
	}
}

// limitShare sets every ceiling of our folder, also to none: an agent before us may have left another one.
func (d *Driver) limitShare() {
	share := d.share
	switch d.Kind {
	case KindV2:
		set := func(file string, value int64, words string) {
			if value > 0 {
				words = strconv.FormatInt(value, 10)
			}
			_ = write(filepath.Join(d.base, file), words)
		}
		quota := unlimited
		if share.CPUQuotaMilli > 0 {
			quota = strconv.FormatInt(quotaUs(share.CPUQuotaMilli), 10)
		}
		_ = write(filepath.Join(d.base, "cpu.max"), quota+" "+strconv.Itoa(periodUs))
		set("memory.max", share.MemMib<<20, unlimited)
		set("pids.max", share.Pids, unlimited)
		for _, folder := range []string{filepath.Dir(d.base), d.base} {
			_ = write(filepath.Join(folder, "memory.low"), unlimited) // what tasks are kept is bounded by what we are
		}
	case KindV1:
		orNone := func(value int64) int64 {
			if value > 0 {
				return value
			}
			return unlimited1
		}
		quota := int64(unlimited1)
		if share.CPUQuotaMilli > 0 {
			quota = quotaUs(share.CPUQuotaMilli)
			_ = d.write1("cpu", "cpu.cfs_period_us", periodUs)
		}
		_ = d.write1("cpu", "cpu.cfs_quota_us", quota)
		_ = d.write1("memory", "memory.limit_in_bytes", orNone(share.MemMib<<20))
		if pids := share.Pids; pids > 0 {
			_ = d.write1("pids", "pids.max", pids)
		} else if base, ok := d.bases["pids"]; ok {
			_ = write(filepath.Join(base, "pids.max"), unlimited)
		}
	}
}

func clamp(v, low, high int64) int64 {
	if v < low {
		return low
	}
	if v > high {
		return high
	}
	return v
}

// write1 changes our own folder in a tree of v1.
func (d *Driver) write1(controller, file string, value int64) error {
	base, ok := d.bases[controller]
	if !ok {
		return os.ErrNotExist
	}
	return write(filepath.Join(base, file), strconv.FormatInt(value, 10))
}
