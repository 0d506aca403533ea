package sysinfo

import (
	"io/fs"
	"sort"
	"strconv"
	"strings"

	"mesolite/agent/internal/wire"
)

const maxDisks = 64

// realFileSystems hold data on a device of this machine. Network ones are left out: asking them can hang.
var realFileSystems = map[string]bool{
	"ext2": true, "ext3": true, "ext4": true, "xfs": true, "btrfs": true, "zfs": true, "f2fs": true, "jfs": true,
	"reiserfs": true, "bcachefs": true, "vfat": true, "exfat": true, "ntfs": true, "ntfs3": true, "fuseblk": true,
	"nilfs2": true, "ufs": true, "hfsplus": true,
}

// Statfs tells size and use of a mounted file system in bytes; false when it cannot be asked or is no folder.
type Statfs func(path string) (total, used uint64, ok bool)

type mount struct{ device, source, point, kind string }

// disksOf lists each real file system once, at its shortest mount point. In a container the root is an overlay, and
// that is what there is to fill.
func disksOf(root fs.FS, statfs Statfs) []wire.Disk {
	best := map[string]mount{}
	var overlay *mount
	for _, m := range mountsOf(readText(root, "proc/self/mountinfo")) {
		m := m
		if m.point == "/" && (m.kind == "overlay" || m.kind == "tmpfs" || m.kind == "ramfs") {
			overlay = &m
		}
		if !realFileSystems[m.kind] {
			continue
		}
		if _, _, ok := statfs(m.point); !ok {
			continue
		}
		old, seen := best[m.device]
		if !seen || len(m.point) < len(old.point) {
			best[m.device] = m
		}
	}
	list := []mount{}
	if overlay != nil {
		list = append(list, *overlay)
	}
	for _, m := range best {
		list = append(list, m)
	}
	sort.Slice(list, func(a, b int) bool { return list[a].point < list[b].point })
	disks := []wire.Disk{}
	for _, m := range list {
		total, _, ok := statfs(m.point)
		if ok && total > 0 && len(disks) < maxDisks {
			disks = append(disks, wire.Disk{Mount: clip(m.point), Device: clip(m.source), TotalMib: int64(total >> 20)})
		}
	}
	return disks
}

// mountsOf parses mountinfo: id parent major:minor root point options... - kind source options.
func mountsOf(text string) []mount {
	var list []mount
	for _, line := range strings.Split(text, "\n") {
		halves := strings.SplitN(line, " - ", 2)
		if len(halves) != 2 {
			continue
		}
		left, right := strings.Fields(halves[0]), strings.Fields(halves[1])
		if len(left) < 5 || len(right) < 2 {
			continue
		}
		m := mount{device: left[2], source: unescape(right[1]), point: unescape(left[4]), kind: right[0]}
		if m.kind == "btrfs" || m.kind == "zfs" {
			m.device = m.source // each subvolume has a number of its own
		}
		list = append(list, m)
	}
	return list
}

// unescape turns \040 and its kin back.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
