package launch

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/shim"
)

// The folder of a task that left nothing behind is used again, for the reason that fifos are. Nothing of one task may
// reach another, so it must be as new: an empty sandbox of our own user, logs without a byte and without a second name,
// and no process of the task that could still hold one of them (a cgroup tells that; without one none is kept).
const maxSpareFolders = 128

// spareFolder is one of them; whole: its fifos are in it.
type spareFolder struct {
	path  string
	whole bool
}

// watched is a shim that is not gone, and holds the fifos in the folder of its task.
type watched struct {
	task string
	left *leftFolder // its task was forgotten
}

// leftFolder is that of a task that was forgotten before its shims were gone; both is done when the last one is.
type leftFolder struct {
	path  string
	shims int
}

func (l *Launcher) beginWatch(taskID string) *watched {
	w := &watched{task: taskID}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watches == nil {
		l.watches = map[string][]*watched{}
	}
	l.watches[taskID] = append(l.watches[taskID], w)
	return w
}

// endWatch is called when nobody holds the fifos of a run any more.
func (l *Launcher) endWatch(w *watched, runDir string) {
	l.mu.Lock()
	left := w.left
	if left == nil {
		list := l.watches[w.task]
		for i := range list {
			if list[i] == w {
				list = append(list[:i:i], list[i+1:]...)
				break
			}
		}
		if l.watches[w.task] = list; len(list) == 0 {
			delete(l.watches, w.task)
		}
		l.mu.Unlock()
		l.giveFifos(runDir)
		return
	}
	left.shims--
	last := left.shims == 0
	l.mu.Unlock()
	if last && !l.keepFolder(left.path) {
		_ = os.RemoveAll(left.path) // else it goes with all spares
	}
}

// leave moves the folder of a forgotten task away while a shim of it is there; false: none is.
func (l *Launcher) leave(taskID, dir string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.watches[taskID]
	if len(list) == 0 || !l.openSpares() {
		return false
	}
	spare := l.nextSpare()
	if syscall.Rename(dir, spare) != nil {
		return false
	}
	left := &leftFolder{spare, len(list)}
	for _, w := range list {
		w.left = left
	}
	delete(l.watches, taskID)
	return true
}

func (l *Launcher) nextSpare() string {
	l.made++
	return filepath.Join(l.spareDir(), "f"+strconv.Itoa(l.made))
}

// giveFolder puts the folder of a forgotten task aside; false: it is not as new, or enough are there.
func (l *Launcher) giveFolder(dir string) bool {
	l.mu.Lock()
	if len(l.folders) >= maxSpareFolders || !l.openSpares() {
		l.mu.Unlock()
		return false
	}
	spare := l.nextSpare()
	l.mu.Unlock()
	if syscall.Rename(dir, spare) != nil {
		return false
	}
	if !l.keepFolder(spare) {
		_ = os.RemoveAll(spare) // else it goes with all spares
	}
	return true
}

// keepFolder makes a folder that was moved away as new; false: it cannot be.
func (l *Launcher) keepFolder(path string) bool {
	if l.Cgroups.Kind == cgroup.KindNone {
		return false
	}
	whole, ok := asNew(path)
	if !ok {
		return false
	}
	// The next shim takes it by its name: to make an inode for each run is dear. That it is empty is on the disk before
	// its name is (file systems with a journal keep the order), so no power cut can give a task the end of another.
	mark, next := filepath.Join(path, "run"), filepath.Join(path, shim.NextName)
	if err := syscall.Truncate(mark, 0); err == nil {
		err = syscall.Rename(mark, next)
		if err != nil {
			return false
		}
	} else if err != syscall.ENOENT {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.folders) >= maxSpareFolders {
		return false
	}
	l.folders = append(l.folders, spareFolder{path, whole})
	return true
}

// takeFolder gives a task a folder that is as new; whole: with its fifos. Where one is already (its files were
// prepared) there is none to give.
func (l *Launcher) takeFolder(dir string) (taken, whole bool) {
	l.mu.Lock()
	if len(l.folders) == 0 {
		l.mu.Unlock()
		return false, false
	}
	last := len(l.folders) - 1
	spare := l.folders[last]
	l.folders = l.folders[:last]
	l.mu.Unlock()
	if syscall.Rename(spare.path, dir) == nil {
		return true, spare.whole
	}
	l.mu.Lock()
	l.folders = append(l.folders, spare)
	l.mu.Unlock()
	return false, false
}

// asNew tells whether a task left nothing in its folder; whole: its fifos are there, and nobody holds them.
func asNew(dir string) (whole, ok bool) {
	fifos := 0
	for _, name := range namesIn(dir) {
		path := filepath.Join(dir, name)
		var stat syscall.Stat_t
		if syscall.Lstat(path, &stat) != nil {
			return false, false
		}
		isFile := stat.Mode&syscall.S_IFMT == syscall.S_IFREG
		switch name {
		case "run", shim.NextName:
			if !isFile || stat.Nlink != 1 || stat.Mode&0o7777 != 0o600 {
				return false, false
			}
		case fifoNames[0], fifoNames[1]:
			if stat.Mode != syscall.S_IFIFO|0o600 || stat.Nlink != 1 {
				return false, false
			}
			fifos++
		case "stdout", "stderr":
			if !isFile || stat.Size != 0 || stat.Blocks != 0 || stat.Nlink != 1 {
				return false, false
			}
		case "sandbox":
			if stat.Mode != syscall.S_IFDIR|0o700 || int(stat.Uid) != os.Geteuid() || len(namesIn(path)) > 0 {
				return false, false
			}
		default:
			return false, false
		}
	}
	var stat syscall.Stat_t
	return fifos == len(fifoNames), fifos != 1 && syscall.Lstat(dir, &stat) == nil && stat.Mode == syscall.S_IFDIR|0o700
}

// namesIn a folder; one that cannot be read counts as not empty. Without an os.File, which costs more than the rest.
func namesIn(dir string) []string {
	cannot := []string{"?"}
	fd, err := syscall.Open(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return cannot
	}
	defer func() { _ = syscall.Close(fd) }() // only read
	var names []string
	var buf [2048]byte
	for {
		n, err := syscall.ReadDirent(fd, buf[:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return cannot
		}
		if n <= 0 {
			return names
		}
		_, _, names = syscall.ParseDirent(buf[:n], -1, names)
	}
}
