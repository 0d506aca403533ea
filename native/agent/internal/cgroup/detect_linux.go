package cgroup

import (
	"os"
	"path/filepath"
	"strings"
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
