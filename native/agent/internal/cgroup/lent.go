package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// lent is where the group of a container is: its engine made it, we only read it.
type lent struct {
	cpu, memory, pids string // v1: a folder each
	all               string // v2
}

// Lend says that a task lives in the groups of this process, which must be in one that names id: so the groups of a
// process that is not the container's are never taken for its own.
func (d *Driver) Lend(task string, pid int, id string) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil || len(id) < 12 || !strings.Contains(string(data), id) {
		return
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo") // unreadable is empty: nothing is measured
	places := parseMounts(string(mounts))
	var l lent
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 || !strings.Contains(parts[2], id) {
			continue
		}
		for _, controller := range strings.Split(parts[1], ",") {
			folder := filepath.Join(places[controller], parts[2])
			if _, err := os.Stat(folder); err != nil || places[controller] == "" {
				continue
			}
			switch controller {
			case "cpuacct":
				l.cpu = folder
			case "memory":
				l.memory = folder
			case "pids":
				l.pids = folder
			case "":
				l.all = folder
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lent == nil {
		d.lent = map[string]lent{}
	}
	d.lent[task] = l
}

// Return forgets what Lend said.
func (d *Driver) Return(task string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lent, task)
}

// OomInLog looks in the kernel's log for the group that names id, because v1 engines overlook that the kernel ended a
// container for want of memory, and when the container has ended there is no group to ask any more. Only root may look.
func OomInLog(id string) bool {
	log, err := syscall.Open("/dev/kmsg", syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil || len(id) < 12 {
		return false
	}
	defer func() { _ = syscall.Close(log) }()
	record := make([]byte, 8192)
	for {
		n, err := syscall.Read(log, record)
		if err == syscall.EPIPE {
			continue // overwritten while we looked: the next one
		}
		if err != nil || n <= 0 {
			return false
		}
		line := string(record[:n])
		if at := strings.Index(line, "oom_memcg="); at >= 0 {
			group, _, _ := strings.Cut(line[at:], ",")
			if strings.Contains(group, id) {
				return true
			}
		}
	}
}

// lentUse reads what a lent group uses; known false: the task has none, so ours is to be asked.
func (d *Driver) lentUse(task string) (use Use, ok, known bool) {
	d.mu.Lock()
	l, known := d.lent[task]
	d.mu.Unlock()
	switch {
	case !known:
		return use, false, false
	case l.cpu != "" && l.memory != "" && l.pids != "":
		return Use{
			CPUUs:  number(filepath.Join(l.cpu, "cpuacct.usage")) / 1000,
			MemMib: keyed(filepath.Join(l.memory, "memory.stat"), "total_rss") >> 20,
			Pids:   number(filepath.Join(l.pids, "pids.current")),
		}, true, true
	case l.all != "":
		return Use{
			CPUUs:  keyed(filepath.Join(l.all, "cpu.stat"), "usage_usec"),
			MemMib: (number(filepath.Join(l.all, "memory.current")) - keyed(filepath.Join(l.all, "memory.stat"), "inactive_file")) >> 20,
			Pids:   number(filepath.Join(l.all, "pids.current")),
		}, true, true
	}
	return use, false, true
}
