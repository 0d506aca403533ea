package launch

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"mesolite/agent/internal/cgroup"
)

// The folder of a task that left nothing behind is used again, for the reason that fifos are. Nothing of one task may
// reach another, so it must be as new: an empty sandbox of our own user, logs without a byte and without a second name,
// and no process of the task that could still hold one of them (a cgroup tells that; without one none is kept).
const maxSpareFolders = 128

// giveFolder puts the folder of a forgotten task aside; false: it is not as new, or enough are there.
func (l *Launcher) giveFolder(dir string) bool {
	if l.Cgroups.Kind == cgroup.KindNone || !asNew(dir) {
		return false
	}
	if err := syscall.Unlink(filepath.Join(dir, "run")); err != nil && err != syscall.ENOENT {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.folders) >= maxSpareFolders || !l.openSpares() {
		return false
	}
	l.made++
	spare := filepath.Join(l.spareDir(), "f"+strconv.Itoa(l.made))
	if syscall.Rename(dir, spare) != nil {
		return false
	}
	l.folders = append(l.folders, spare)
	return true
}

// takeFolder gives a task a folder that is as new. Where one is already (its files were prepared) the rename fails.
func (l *Launcher) takeFolder(dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.folders) == 0 {
		return
	}
	last := len(l.folders) - 1
	if syscall.Rename(l.folders[last], dir) == nil {
		l.folders = l.folders[:last]
	}
}

func asNew(dir string) bool {
	for _, name := range namesIn(dir) {
		path := filepath.Join(dir, name)
		var stat syscall.Stat_t
		if syscall.Lstat(path, &stat) != nil {
			return false
		}
		isFile := stat.Mode&syscall.S_IFMT == syscall.S_IFREG
		switch name {
		case "run":
		case "stdout", "stderr":
			if !isFile || stat.Size != 0 || stat.Blocks != 0 || stat.Nlink != 1 {
				return false
			}
		case "sandbox":
			if stat.Mode != syscall.S_IFDIR|0o700 || int(stat.Uid) != os.Geteuid() || len(namesIn(path)) > 0 {
				return false
			}
		default:
			return false
		}
	}
	var stat syscall.Stat_t
	return syscall.Lstat(dir, &stat) == nil && stat.Mode == syscall.S_IFDIR|0o700
}

// namesIn a folder; one that cannot be read counts as not empty.
func namesIn(dir string) []string {
	file, err := os.Open(dir)
	if err != nil {
		return []string{"?"}
	}
	defer func() { _ = file.Close() }() // only read
	names, err := file.Readdirnames(-1)
	if err != nil {
		return []string{"?"}
	}
	return names
}
