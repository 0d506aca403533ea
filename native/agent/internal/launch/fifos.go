package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Fifos are used again: making and removing inodes is dear on some file systems (ext4 looks past every inode that was
// deleted in the last minutes). A spare one is put aside only after its end of file, so nobody holds it.
const maxSpares = 256

var fifoNames = [2]string{"alive", "ctl"}

func (l *Launcher) spareDir() string { return filepath.Join(l.Dir, "spare") }

// takeFifos puts both fifos into a task's folder. Those of a start that never ran are used again.
func (l *Launcher) takeFifos(dir string) error {
	for _, name := range fifoNames {
		path := filepath.Join(dir, name)
		if spare, ok := l.popSpare(); ok && syscall.Rename(spare, path) == nil {
			continue
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil && err != syscall.EEXIST {
			return fmt.Errorf("make fifo: %s", err.Error())
		}
	}
	return nil
}

func (l *Launcher) popSpare() (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.spares) == 0 {
		return "", false
	}
	last := len(l.spares) - 1
	path := l.spares[last]
	l.spares = l.spares[:last]
	return path, true
}

func (l *Launcher) giveFifos(dir string) {
	for _, name := range fifoNames {
		l.giveFifo(filepath.Join(dir, name))
	}
}

func (l *Launcher) giveFifo(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.spares) >= maxSpares {
		return // it goes with the task's folder
	}
	if !l.openSpares() {
		return
	}
	l.made++
	spare := filepath.Join(l.spareDir(), strconv.Itoa(l.made))
	if syscall.Rename(path, spare) == nil {
		l.spares = append(l.spares, spare)
	}
}

// openSpares makes the folder of what is put aside. What an agent before us left there is not known to us, and names
// must not meet.
func (l *Launcher) openSpares() bool {
	if !l.cleared {
		_ = os.RemoveAll(l.spareDir())
		l.cleared = os.Mkdir(l.spareDir(), 0o700) == nil
	}
	return l.cleared
}
