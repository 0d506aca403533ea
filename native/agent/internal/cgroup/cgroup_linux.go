// Package cgroup gives each task a control group where the machine allows it: v2, else v1, else none. It is told its
// paths, so that tests can point it at a folder. It imports nothing of ours.
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
	base   string
	above  []string
	bases  map[string]string
	trees  []string // the bases without those that are the same tree under two names (cpu and cpuacct)
	mu     sync.Mutex
	groups map[string]bool
	made   bool // our folder is there
	idle   *time.Timer
}

// keepIdle is how long our folder outlives its last group: tasks often come one after the other.
const keepIdle = 2 * time.Second

// Limits of a group; zero means none.
type Limits struct {
	CPUMilli int64 // weight
	MemMib   int64 // hard limit
	Pids     int64
}

// Group is what a shim needs to join and empty a group.
type Group struct {
	Kind  string
	Joins []string // cgroup.procs files to write "0" to
	Kill  string   // v2 cgroup.kill, v1 freezer.state, or empty
	Procs string   // v1: cgroup.procs of the freezer
}

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

var v1Controllers = []string{"freezer", "cpu", "cpuacct", "memory", "pids"}

// Detect finds what can be used. name keeps agents of one machine apart.
func Detect(root, name string) *Driver {
	mounts, _ := os.ReadFile(filepath.Join(root, "proc/self/mountinfo")) // unreadable is empty: none
	places := parseMounts(string(mounts))
	if d := detectV1(root, name, places); d != nil {
		return d
	}
	if d := detectV2(root, name, places); d != nil {
		return d
	}
	return &Driver{Kind: KindNone}
}

// parseMounts gives the mount point of each controller; the unified tree is "".
func parseMounts(mountinfo string) map[string]string {
	places := map[string]string{}
	for _, line := range strings.Split(mountinfo, "\n") {
		halves := strings.SplitN(line, " - ", 2)
		if len(halves) != 2 {
			continue
		}
		left, right := strings.Fields(halves[0]), strings.Fields(halves[1])
		if len(left) < 5 || len(right) < 3 {
			continue
		}
		point := left[4]
		switch right[0] {
		case "cgroup2":
			if _, seen := places[""]; !seen {
				places[""] = point
			}
		case "cgroup":
			for _, option := range strings.Split(right[2], ",") {
				if _, seen := places[option]; !seen {
					places[option] = point
				}
			}
		}
	}
	return places
}

func detectV1(root, name string, places map[string]string) *Driver {
	d := &Driver{Kind: KindV1, bases: map[string]string{}}
	for _, controller := range v1Controllers {
		point, ok := places[controller]
		if !ok {
			continue
		}
		base := filepath.Join(root, point, "mesolite", name)
		if err := os.MkdirAll(base, 0o755); err == nil {
			d.bases[controller] = base
		}
	}
	d.Close()
	if d.bases["freezer"] == "" {
		return nil
	}
	d.trees = d.distinct()
	return d
}

func (d *Driver) distinct() []string {
	var list []string
	seen := map[string]bool{}
	for _, controller := range v1Controllers {
		base, ok := d.bases[controller]
		if !ok {
			continue
		}
		above := realPath(filepath.Dir(filepath.Dir(base)))
		if !seen[above] {
			seen[above] = true
			list = append(list, base)
		}
	}
	return list
}

func detectV2(root, name string, places map[string]string) *Driver {
	point, ok := places[""]
	if !ok {
		return nil
	}
	for _, parent := range []string{filepath.Join(root, point), filepath.Join(root, point, ownPath(root))} {
		base := filepath.Join(parent, "mesolite", name)
		if err := os.MkdirAll(base, 0o755); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(base, "cgroup.kill")); err != nil {
			removeTree(filepath.Join(parent, "mesolite"), name)
			continue
		}
		d := &Driver{Kind: KindV2, base: base, trees: []string{base}, above: []string{parent, filepath.Join(parent, "mesolite"), base}}
		d.Close()
		return d
	}
	return nil
}

// passOn lets the controllers through to the groups: each by itself, since one that is missing or held by v1 must not
// cost the others.
func (d *Driver) passOn() {
	for _, folder := range d.above {
		for _, controller := range []string{"+cpu", "+memory", "+pids"} {
			_ = write(filepath.Join(folder, "cgroup.subtree_control"), controller)
		}
	}
}

func ownPath(root string) string {
	data, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup")) // unreadable: the root of the tree
	for _, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(line, "0::") {
			return strings.TrimPrefix(line, "0::")
		}
	}
	return ""
}

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
func (d *Driver) Create(task string, limits Limits) (Group, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.groups == nil {
		d.groups = map[string]bool{}
	}
	group := d.Open(task)
	if !d.made && d.base != "" {
		if err := makeAll(d.base); err != nil {
			return Group{}, fmt.Errorf("make cgroup: %w", err)
		}
		d.passOn()
	}
	d.made = true
	d.groups[task] = true
	for _, join := range group.Joins {
		if err := makeGroup(filepath.Dir(join)); err != nil {
			d.removeLocked(task)
			return Group{}, fmt.Errorf("make cgroup: %w", err)
		}
	}
	d.limit(task, limits)
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
	if d.groups == nil {
		d.groups = map[string]bool{}
	}
	d.groups[task] = true
}

// Open names the files of a group without making it.
func (d *Driver) Open(task string) Group {
	switch d.Kind {
	case KindV2:
		folder := filepath.Join(d.base, task)
		return Group{Kind: KindV2, Joins: []string{filepath.Join(folder, "cgroup.procs")}, Kill: filepath.Join(folder, "cgroup.kill")}
	case KindV1:
		group := Group{Kind: KindV1}
		for _, base := range d.trees {
			group.Joins = append(group.Joins, filepath.Join(base, task, "cgroup.procs"))
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

// limit sets what this machine can; what it cannot is left out, and the facts' kind says how much to expect.
func (d *Driver) limit(task string, limits Limits) {
	switch d.Kind {
	case KindV2:
		folder := filepath.Join(d.base, task)
		if limits.CPUMilli > 0 {
			_ = write(filepath.Join(folder, "cpu.weight"), strconv.FormatInt(clamp(limits.CPUMilli/10, 1, 10000), 10))
		}
		if limits.MemMib > 0 {
			_ = write(filepath.Join(folder, "memory.max"), strconv.FormatInt(limits.MemMib<<20, 10))
			_ = write(filepath.Join(folder, "memory.swap.max"), "0")
			_ = write(filepath.Join(folder, "memory.oom.group"), "1")
		}
		if limits.Pids > 0 {
			_ = write(filepath.Join(folder, "pids.max"), strconv.FormatInt(limits.Pids, 10))
		}
	case KindV1:
		if limits.CPUMilli > 0 {
			_ = d.write1("cpu", task, "cpu.shares", clamp(limits.CPUMilli*1024/1000, 2, 262144))
		}
		if limits.MemMib > 0 {
			_ = d.write1("memory", task, "memory.limit_in_bytes", limits.MemMib<<20)
			_ = d.write1("memory", task, "memory.memsw.limit_in_bytes", limits.MemMib<<20)
		}
		if limits.Pids > 0 {
			_ = d.write1("pids", task, "pids.max", limits.Pids)
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

func (d *Driver) write1(controller, task, file string, value int64) error {
	base, ok := d.bases[controller]
	if !ok {
		return os.ErrNotExist
	}
	return write(filepath.Join(base, task, file), strconv.FormatInt(value, 10))
}

func write(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
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
		_, err := os.Stat(filepath.Join(folder, "pids.current"))
		return use, err == nil
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

// Remove takes the group away, and with the last one our folder.
func (d *Driver) Remove(task string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.removeLocked(task)
}

func (d *Driver) removeLocked(task string) {
	for _, join := range d.Open(task).Joins {
		folder := filepath.Dir(join)
		for tries := 0; tries < 20; tries++ {
			// The kernel refuses for a moment while the last process leaves.
			if err := syscall.Rmdir(folder); err != syscall.EBUSY {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if delete(d.groups, task); len(d.groups) == 0 && d.Kind != KindNone {
		if d.idle != nil {
			d.idle.Stop()
		}
		d.idle = time.AfterFunc(keepIdle, d.closeIdle)
	}
}

func (d *Driver) closeIdle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.groups) == 0 {
		d.closeLocked()
	}
}

// Close removes our folder; a group that still lives stays, and our folder with it.
func (d *Driver) Close() {
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
