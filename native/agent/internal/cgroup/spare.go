package cgroup

import (
	"path/filepath"
	"syscall"
	"time"
)

// On v1 a group is a folder in each of five trees, and to make and remove them costs more than to start a process. So
// the group of a task that was over soon is used again for the next with the same limits: it keeps the name of the task
// that had it until then. Nothing of one task may reach another: what is not as new is removed as ever. In v2 there is
// but one folder, and none can be renamed.
const (
	maxSpareGroups = 64
	// A task that lived longer pays for its group by itself.
	soonOver = 2 * time.Second
	// What the kernel may still count for a group of which nothing is left (its counters run ahead by up to 64 pages a
	// CPU), and the ceiling for which that is nothing.
	maxLeftBytes = 1 << 20
	leastMemMib  = 64
)

// member is a group that a task has.
type member struct {
	since    time.Time
	limits   Limits
	reusable bool   // as far as is known of it
	files    *files // what it keeps; nil: nothing
}

type spareGroup struct {
	name   string
	limits Limits
	files  *files
}

// canReuse: what a quota took from a group, and what was closed to it, stays with it.
func (d *Driver) canReuse(limits Limits, denied []string) bool {
	return d.Kind == KindV1 && (limits.MemMib == 0 || limits.MemMib >= leastMemMib) && limits.CPUQuotaMilli == 0 && len(denied) == 0 && d.bases["devices"] == ""
}

// takeSpareLocked picks the group to be used for a task: the one that has its name already, or one with these limits.
func (d *Driver) takeSpareLocked(task string, limits Limits) (spare spareGroup, ok bool) {
	found := -1
	for i, spare := range d.spares {
		if spare.limits == limits {
			found = i
		}
		if spare.name == task {
			found = i
			break
		}
	}
	if found < 0 {
		return spareGroup{}, false
	}
	spare = d.spares[found]
	d.spares = append(d.spares[:found], d.spares[found+1:]...)
	return spare, true
}

// reuse gives a spare group to a task; false: one is to be made.
func (d *Driver) reuse(spare spareGroup, task string, limits Limits) bool {
	if spare.limits == limits && d.rename(spare, task) {
		return true
	}
	d.removeSpare(spare)
	return false
}

// rename does it in all trees or in none: what it did to some is removed.
func (d *Driver) rename(spare spareGroup, to string) bool {
	if spare.name == to {
		return true
	}
	f := spare.files
	if f == nil {
		f = &files{task: spare.name}
	}
	for _, base := range d.trees {
		if f.rename(base, to) != nil {
			d.removeSpare(spareGroup{name: to})
			return false
		}
	}
	f.task = to
	return true
}

// removeSpare removes a group in which nobody is.
func (d *Driver) removeSpare(spare spareGroup) {
	d.dropFiles(spare.files)
	for _, base := range d.trees {
		_ = syscall.Rmdir(filepath.Join(base, spare.name)) // only takes what is empty
	}
}

// keepFilesLocked lets a group keep its files from now on, where not too many do.
func (d *Driver) keepFilesLocked(task string) *files {
	if d.keeping >= mostKept() {
		return nil
	}
	d.keeping++
	return &files{task: task, kept: map[fileName]int{}}
}

func (d *Driver) dropFiles(f *files) {
	if f == nil {
		return
	}
	f.close()
	d.mu.Lock()
	d.keeping--
	d.mu.Unlock()
}

// filesOf are those of a task's group, kept or not.
func (d *Driver) filesOf(task string) *files {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m, ok := d.groups[task]; ok && m.files != nil {
		return m.files
	}
	return &files{task: task}
}

// freshen makes a group as new; false: it is not.
func (d *Driver) freshen(f *files) bool {
	for _, base := range d.trees {
		if !f.isEmpty(base) {
			return false
		}
	}
	if base := d.bases["memory"]; base != "" {
		const peak = "memory.max_usage_in_bytes"
		if f.write(base, peak, "0") != nil {
			return false
		}
		if left, ok := f.number(base, peak, syscall.O_RDWR); !ok || left > maxLeftBytes {
			return false
		}
	}
	base := d.bases["cpuacct"]
	return base == "" || f.write(base, "cpuacct.usage", "0") == nil
}

// unset sets back what a task of root may have changed in its own group, but for what limits name: that is written
// again after it.
func (d *Driver) unset(f *files, limits Limits) bool {
	type knob struct {
		controller, file string
		value            int64
	}
	swappiness, _ := f.number(d.bases["memory"], "../memory.swappiness", syscall.O_RDONLY) // none here: then not in it either
	list := []knob{
		{"cpu", "cpu.idle", 0}, {"cpu", "cpu.cfs_quota_us", unlimited1}, {"memory", "memory.oom_control", 0},
		{"memory", "memory.swappiness", swappiness},
	}
	if limits.CPUMilli == 0 {
		list = append(list, knob{"cpu", "cpu.shares", sharesOfOne})
	}
	if limits.MemMib == 0 {
		list = append(list, knob{"memory", "memory.memsw.limit_in_bytes", unlimited1}, knob{"memory", "memory.limit_in_bytes", unlimited1})
	}
	if limits.MemRequestMib == 0 || limits.MemRequestMib == limits.MemMib {
		list = append(list, knob{"memory", "memory.soft_limit_in_bytes", unlimited1})
	}
	for _, k := range list {
		if err := f.set(d.bases[k.controller], k.file, k.value); err != nil && err != syscall.ENOENT {
			return false
		}
	}
	return d.bases["pids"] == "" || limits.Pids > 0 || f.write(d.bases["pids"], "pids.max", unlimited) == nil
}

// keepSpare puts the group of a task that ended aside; false: it is to be removed. From then on nobody gets at it by the
// name of that task.
func (d *Driver) keepSpare(task string) bool {
	d.mu.Lock()
	m := d.groups[task]
	if m.reusable = m.reusable && time.Since(m.since) <= soonOver; m.reusable && m.files == nil {
		m.files = d.keepFilesLocked(task)
		d.groups[task] = m
	}
	d.mu.Unlock()
	f := m.files
	if f == nil {
		f = &files{task: task}
	}
	if !m.reusable || !d.freshen(f) || !d.unset(f, m.limits) {
		return false
	}
	d.limitV1(f, m.limits) // here, where nobody waits for it
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.groups[task].reusable || len(d.spares) >= maxSpareGroups {
		return false
	}
	delete(d.groups, task)
	d.spares = append(d.spares, spareGroup{task, m.limits, m.files})
	return true
}

// spoil says that the group of a task is not to be used again, and tells whether it has one.
func (d *Driver) spoil(task string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, known := d.groups[task]
	if m.reusable {
		m.reusable = false
		d.groups[task] = m
	}
	return known
}

// takeSpares takes all groups that wait for a task, to be removed.
func (d *Driver) takeSpares() []spareGroup {
	d.mu.Lock()
	defer d.mu.Unlock()
	spares := d.spares
	d.spares = nil
	return spares
}

func (d *Driver) dropSpares() {
	for _, spare := range d.takeSpares() {
		d.removeSpare(spare)
	}
}
