package launch

import (
	"path/filepath"
	"syscall"

	"mesolite/agent/internal/shim"
)

// Where tasks start, some folders are kept ready for the next ones: a task's folder is seven inodes, and to make one
// can cost a file system (ext4 without a journal, most of all) as much as to start a process. Only the name is then
// left to be given. They are made after a start, so that a machine without tasks has none.
const readyFolders = 4

// makeReady fills up beside the caller. One does it at a time.
func (l *Launcher) makeReady() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readying != nil || l.closed || len(l.folders) >= readyFolders || !l.openSpares() {
		return
	}
	over := make(chan struct{})
	l.readying = over
	go func() {
		defer close(over)
		for l.makeOne() {
		}
	}()
}

// makeOne makes one folder; false: enough are there, or it cannot be.
func (l *Launcher) makeOne() bool {
	l.mu.Lock()
	enough := l.closed || len(l.folders) >= readyFolders
	path := l.nextSpare()
	l.mu.Unlock()
	made := !enough && l.fill(path)
	l.mu.Lock()
	defer l.mu.Unlock()
	if made {
		l.folders = append(l.folders, spareFolder{path, true})
		return true
	}
	l.readying = nil // what there is of it goes with all spares
	return false
}

// fill makes all that a task's folder has before its shim is there.
func (l *Launcher) fill(path string) bool {
	if makeHome(path, nil) != nil || l.takeFifos(path) != nil {
		return false
	}
	for _, name := range []string{"stdout", "stderr", shim.NextName} {
		fd, err := syscall.Open(filepath.Join(path, name), syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o600)
		if err != nil || syscall.Close(fd) != nil {
			return false
		}
	}
	return true
}

// endReady waits until nothing more is made.
func (l *Launcher) endReady() {
	l.mu.Lock()
	l.closed = true
	over := l.readying
	l.mu.Unlock()
	if over != nil {
		<-over
	}
}
