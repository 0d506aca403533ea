package launch

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"mesolite/agent/internal/at"
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

// endWatch is called when nobody holds the fifos of a run any more. Those of a first run stay where they are: they go to
// the next task with the folder.
func (l *Launcher) endWatch(w *watched, run int) {
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
		if run > 0 {
			l.giveFifos(l.RunDir(w.task, run))
		}
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
	if err := makeEmpty(mark); err == nil {
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

// makeEmpty opens the file for it: ext4 begins to write a file that was cut to nothing when it is closed the next time
// (auto_da_alloc), and who cuts it again waits for the disk. Here that is at once, and there is nothing to write.
func makeEmpty(path string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = syscall.Ftruncate(fd, 0)
	if closeErr := syscall.Close(fd); err == nil {
		err = closeErr
	}
	return err
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
	folder, err := openFolder(at.Root, dir)
	if err != nil {
		return false, false
	}
	defer func() { _ = syscall.Close(folder) }() // only read
	var stat syscall.Stat_t
	if syscall.Fstat(folder, &stat) != nil || stat.Mode != syscall.S_IFDIR|0o700 {
		return false, false
	}
	fifos := 0
	for _, name := range namesIn(folder) {
		if at.Stat(folder, name, &stat) != nil {
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
			if stat.Mode != syscall.S_IFDIR|0o700 || int(stat.Uid) != os.Geteuid() || !isEmpty(folder, name) {
				return false, false
			}
		default:
			return false, false
		}
	}
	return fifos == len(fifoNames), fifos != 1
}

func openFolder(in int, path string) (int, error) {
	return at.Open(in, path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
}

func isEmpty(in int, name string) bool {
	folder, err := openFolder(in, name)
	if err != nil {
		return false
	}
	defer func() { _ = syscall.Close(folder) }() // only read
	return len(namesIn(folder)) == 0
}

// namesIn a folder; one that cannot be read counts as not empty. Without an os.File, which costs more than the rest.
func namesIn(folder int) []string {
	var names []string
	var buf [2048]byte
	for {
		n, err := syscall.ReadDirent(folder, buf[:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return []string{"?"}
		}
		if n <= 0 {
			return names
		}
		_, _, names = syscall.ParseDirent(buf[:n], -1, names)
	}
}
