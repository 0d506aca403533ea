// Package cgroup gives each task a control group where the machine allows it: v2, else v1, else none. It is told its
// paths, so that tests can point it at a folder. It may import at.
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Kinds, as the facts name them.
const (
	KindV2   = "v2"
	KindV1   = "v1"
	KindNone = "none"
)

// Driver makes and removes groups under one name of ours. Our folder is there only while a group is in it, so that an
// idle agent leaves nothing behind however it ends.
type Driver struct {
	Kind string
	// v2: the folder of our groups, and those above it that must pass controllers on. v1: one for each controller.
	base  string
	above []string
	bases map[string]string
	// v1: where groups that close devices would be.
	devices string
	filters filters  // v2: what closes devices
	trees   []string // the bases without those that are the same tree under two names (cpu and cpuacct)
	mu      sync.Mutex
	groups  map[string]member
	spares  []spareGroup
	keeping int             // groups that keep their files
	lent    map[string]lent // groups of containers, which are not ours
	made    bool            // our folder is there
	usedAt  time.Time
	waiting bool   // somebody looks later whether the folder is still needed
	share   Limits // of all groups together
	can     powers
}

// keepIdle is how long our folder outlives its last group: tasks often come one after the other.
const keepIdle = 2 * time.Second

// maxRemovePause is the longest wait between two tries to remove a group.
const maxRemovePause = 16 * time.Millisecond

// Group is what a shim needs to join and empty a group.
type Group struct {
	Kind  string
	Joins []string // files to write "0" to
	Kill  string   // v2 cgroup.kill, v1 freezer.state, or empty
	Procs string   // v2: the folder to be born in, v1: cgroup.procs of the freezer
	open  []File   // what of it is open already, in the order of Files
}

var v1Controllers = []string{"freezer", "cpu", "cpuacct", "memory", "pids"}

// Sweep removes groups that nobody lives in and that keep does not name: an agent that was killed left them.
func (d *Driver) Sweep(keep func(task string) bool) {
	for _, base := range d.folders() {
		entries, _ := os.ReadDir(base) // unreadable: nothing to sweep
		for _, entry := range entries {
			if entry.IsDir() && !keep(entry.Name()) {
				_ = syscall.Rmdir(filepath.Join(base, entry.Name())) // only takes what is empty
			}
		}
	}
}

func (d *Driver) folders() []string {
	var list []string
	for _, base := range d.bases {
		list = append(list, base)
	}
	if d.base != "" {
		list = append(list, d.base)
	}
	return list
}

func removeTree(parent, name string) {
	_ = syscall.Rmdir(filepath.Join(parent, name)) // only takes what is empty
	_ = syscall.Rmdir(parent)                      // stays while another agent uses it
}

// Create makes the group of a task. With kind none the group is empty, and only the process tree holds the task.
func (d *Driver) Create(task string, limits Limits, denied ...string) (Group, error) {
	group := d.Open(task)
	d.mu.Lock()
	if err := d.openLocked(); err != nil {
		d.mu.Unlock()
		return Group{}, fmt.Errorf("make cgroup: %w", err)
	}
	reusable := d.canReuse(limits, denied)
	// From here on our folder stays. Whatever takes time is done without the lock: others start too.
	d.groups[task] = member{since: time.Now(), limits: limits, reusable: reusable}
	spare, has := d.takeSpareLocked(task, limits)
	d.mu.Unlock()
	if has && d.reuse(spare, task, limits) {
		if spare.files != nil {
			d.mu.Lock()
			m := d.groups[task]
			m.files = spare.files
			d.groups[task] = m
			d.mu.Unlock()
			group.open = d.opened(spare.files)
		}
	} else {
		for _, join := range group.Joins {
			if err := makeGroup(filepath.Dir(join)); err != nil {
				d.Remove(task)
				return Group{}, fmt.Errorf("make cgroup: %w", err)
			}
		}
		d.limit(task, limits) // one that is used again has them
	}
	if err := d.deny(task, denied); err != nil {
		d.Remove(task)
		return Group{}, err
	}
	return group, nil
}

func makeGroup(path string) error {
	err := syscall.Mkdir(path, 0o755)
	if err == nil || err == syscall.EEXIST {
		return nil
	}
	return makeAll(path)
}

// makeAll tries again when another agent of the machine removed the folder we share just then.
func makeAll(path string) error {
	err := os.MkdirAll(path, 0o755)
	for tries := 0; tries < 5 && errors.Is(err, os.ErrNotExist); tries++ {
		err = os.MkdirAll(path, 0o755)
	}
	return err
}

// Adopt counts a group that was made before this start.
func (d *Driver) Adopt(task string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.openLocked() // its group is there already, and so is our folder
	if base, ok := d.bases["devices"]; ok {
		_ = makeGroup(filepath.Join(base, task)) // an agent before us may have guarded none
	}
	d.groups[task] = member{}
}

// openLocked makes our folder, lets the controllers through and sets the ceiling of all groups together.
func (d *Driver) openLocked() error {
	if d.groups == nil {
		d.groups = map[string]member{}
	}
	if d.made {
		return nil
	}
	for _, base := range d.trees {
		if err := makeAll(base); err != nil {
			return err
		}
	}
	d.made = true
	if d.Kind == KindV2 {
		d.passOn()
	}
	d.limitShare()
	return nil
}

// Enter names the files by which a process joins the group of a task that runs.
func (d *Driver) Enter(task string) []string {
	if !d.spoil(task) {
		return nil // it is over
	}
	return d.Open(task).Joins
}

// Open names the files of a group without making it.
func (d *Driver) Open(task string) Group {
	switch d.Kind {
	case KindV2:
		folder := filepath.Join(d.base, task)
		return Group{Kind: KindV2, Joins: []string{filepath.Join(folder, "cgroup.procs")}, Kill: filepath.Join(folder, "cgroup.kill"), Procs: folder}
	case KindV1:
		group := Group{Kind: KindV1}
		for _, base := range d.trees {
			// A thread that moves itself by `tasks` needs no lock that waits for every CPU; by cgroup.procs it would.
			group.Joins = append(group.Joins, filepath.Join(base, task, "tasks"))
		}
		folder := filepath.Join(d.bases["freezer"], task)
		group.Kill, group.Procs = filepath.Join(folder, "freezer.state"), filepath.Join(folder, "cgroup.procs")
		return group
	}
	return Group{Kind: KindNone}
}

func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// write changes a small file with three system calls: an os.File would be asked whether it can be waited for, which
// is eight.
func write(path, value string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	if _, err = syscall.Write(fd, []byte(value)); err != nil {
		err = &os.PathError{Op: "write", Path: path, Err: err}
	}
	if closeErr := syscall.Close(fd); err == nil {
		err = closeErr
	}
	return err
}

// KillAll empties a group whose shim is gone. It gives up after two seconds: what is left cannot be killed.
func (d *Driver) KillAll(task string) {
	group := d.Open(task)
	if group.Kind == KindV2 {
		_ = write(group.Kill, "1") // gone already: nothing to do
		return
	}
	if group.Kind != KindV1 {
		return
	}
	for tries := 0; tries < 40; tries++ {
		_ = write(group.Kill, "FROZEN")
		if state, err := os.ReadFile(group.Kill); err != nil || strings.HasPrefix(string(state), "FROZEN") {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	for _, pid := range pidsOf(group.Procs) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // frozen: the pids of the list cannot have changed
	}
	_ = write(group.Kill, "THAWED")
}

func pidsOf(procs string) []int {
	data, _ := os.ReadFile(procs) // gone: empty
	var pids []int
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Remove takes the group away, and some time after the last one our folder.
func (d *Driver) Remove(task string) {
	if !d.keepSpare(task) {
		d.mu.Lock()
		m := d.groups[task]
		delete(d.groups, task)
		d.mu.Unlock()
		d.dropFiles(m.files)
		for _, join := range d.Open(task).Joins {
			removeGroup(filepath.Dir(join))
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.groups, task)
	d.usedAt = time.Now()
	if !d.waiting && d.Kind != KindNone {
		d.waiting = true
		time.AfterFunc(keepIdle, d.closeIdle)
	}
}

func removeGroup(folder string) {
	pause := time.Millisecond
	for tries := 0; tries < 20; tries++ {
		// The kernel refuses for a moment while the last process leaves, and as long as groups are inside that the
		// task made for itself.
		if err := syscall.Rmdir(folder); err != syscall.EBUSY && err != syscall.ENOTEMPTY {
			return
		}
		removeInside(folder, maxNested)
		time.Sleep(pause)
		if pause *= 2; pause > maxRemovePause {
			pause = maxRemovePause
		}
	}
}

// maxNested is how deep groups inside a task's group are looked for.
const maxNested = 16

func removeInside(folder string, depth int) {
	entries, _ := os.ReadDir(folder) // gone: nothing inside
	for _, entry := range entries {
		inner := filepath.Join(folder, entry.Name())
		if entry.IsDir() && syscall.Rmdir(inner) != nil && depth > 0 {
			removeInside(inner, depth-1)
			_ = syscall.Rmdir(inner) // only takes what is empty
		}
	}
}

// closeIdle gives back what was not used lately: groups that wait for a task, and our folder when no other is in it.
func (d *Driver) closeIdle() {
	d.mu.Lock()
	left := keepIdle - time.Since(d.usedAt)
	d.mu.Unlock()
	if left > 0 {
		time.AfterFunc(left, d.closeIdle)
		return
	}
	d.dropSpares()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = false
	if len(d.groups) == 0 {
		d.closeLocked()
	}
}

// Close removes our folder; a group that still lives stays, and our folder with it.
func (d *Driver) Close() {
	d.dropSpares()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closeLocked()
}

// closeLocked sweeps nothing: an empty group may be that of a task which is just being started.
func (d *Driver) closeLocked() {
	for _, base := range d.folders() {
		removeTree(filepath.Dir(base), filepath.Base(base))
	}
	d.made = false
}
