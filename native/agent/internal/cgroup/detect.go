package cgroup

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

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
	if point, ok := places["devices"]; ok {
		d.devices = filepath.Join(root, point, "mesolite", name)
	}
	_, cpu := d.bases["cpu"]
	_, d.can.memory = d.bases["memory"]
	_, d.can.pids = d.bases["pids"]
	d.can.weight = cpu
	d.can.quota = cpu && there(filepath.Join(d.bases["cpu"], "cpu.cfs_quota_us"))
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
	top := filepath.Join(root, point)
	for _, parent := range []string{top, delegated(top, ownPath(root))} {
		if parent == "" {
			continue
		}
		base := filepath.Join(parent, "mesolite", name)
		if err := os.MkdirAll(base, 0o755); err != nil {
			continue
		}
		d := &Driver{Kind: KindV2, base: base, trees: []string{base}, above: []string{parent, filepath.Join(parent, "mesolite"), base}}
		if !there(filepath.Join(base, "cgroup.kill")) {
			d.Close()
			continue
		}
		makeRoom(parent)
		d.passOn()
		d.can = d.probe()
		d.Close()
		return d
	}
	return nil
}

// probe looks what a group has, by making one: whether the controllers came through can be told in no other way that
// is sure.
func (d *Driver) probe() powers {
	group := filepath.Join(d.base, "probe.tmp")
	if err := makeGroup(group); err != nil {
		return powers{}
	}
	has := func(file string) bool { return there(filepath.Join(group, file)) }
	can := powers{weight: has("cpu.weight"), quota: has("cpu.max"), memory: has("memory.max"), pids: has("pids.max")}
	_ = syscall.Rmdir(group) // empty
	return can
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// delegated finds the highest group above (or at) our own that was given to us: user@UID.service, where a user's
// systemd delegates, or whatever group our starter made. There nobody's limit is loosened but our own, and our groups
// stay when the unit that we run in ends.
func delegated(top, own string) string {
	if own == "" || strings.Contains(own, "..") {
		return "" // outside of what we may see
	}
	place := ""
	for own != "/" && own != "." && isGiven(filepath.Join(top, own)) {
		place = filepath.Join(top, own)
		own = filepath.Dir(own)
	}
	return place
}

func isGiven(folder string) bool {
	const write, enter = 2, 1
	if syscall.Access(folder, write|enter) != nil {
		return false
	}
	for _, file := range []string{"cgroup.procs", "cgroup.subtree_control"} {
		if syscall.Access(filepath.Join(folder, file), write) != nil {
			return false
		}
	}
	return true
}

// leafName is the group that we move into when our own is the one to be divided: a group with processes of its own
// passes no controllers on.
const leafName = "mesolite-agent"

func makeRoom(parent string) {
	self := os.Getpid()
	for _, pid := range pidsOf(filepath.Join(parent, "cgroup.procs")) {
		if pid != self || !there(filepath.Join(parent, "cgroup.events")) {
			continue // others are not ours to move, and the root of all groups needs no room
		}
		leaf := filepath.Join(parent, leafName)
		if err := makeGroup(leaf); err == nil {
			_ = write(filepath.Join(leaf, "cgroup.procs"), "0") // refused: then there are no controllers, and the facts say so
		}
	}
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
