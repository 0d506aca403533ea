// Package disk measures what a folder takes on its file system, while somebody may be changing it and wishes us ill: it
// follows no link, leaves no file system, holds one descriptor however deep the tree is, and rests between steps. It
// may import at.
package disk

import (
	"os"
	"syscall"
	"time"

	"mesolite/agent/internal/at"
)

const (
	// work is how long is measured before rest: together a tenth of one CPU.
	work = 5 * time.Millisecond
	rest = 45 * time.Millisecond
	// maxEntries of one measurement; what comes after them is not counted.
	maxEntries = 4_000_000
	// maxPending folders are remembered; what is in others is not counted.
	maxPending = 100_000
	maxLinks   = 100_000
	namesAt    = 512
	blockBytes = 512 // st_blocks, on every file system
)

// Use sums the blocks below a folder. A false says that it could not be opened at all. Enough stops the measurement as
// soon as that many bytes are seen (0: never), Stop at any time.
func Use(path string, enough int64, stop <-chan struct{}) (bytes int64, ok bool) {
	fd, err := syscall.Open(path, openFlags, 0)
	if err != nil {
		return 0, false
	}
	w := &walk{dir: os.NewFile(uintptr(fd), path), enough: enough, stop: stop, since: time.Now(), links: map[uint64]bool{}}
	defer func() { _ = w.dir.Close() }() // only read from
	var own syscall.Stat_t
	if syscall.Fstat(fd, &own) != nil {
		return 0, false
	}
	w.device = uint64(own.Dev)
	w.run(&own)
	return w.bytes, true
}

// openFlags open folders alone, so a FIFO cannot make us wait.
const openFlags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC

// level is a folder on the way from the root to where the walk is.
type level struct {
	inode   uint64
	pending []string
}

type walk struct {
	dir     *os.File // the folder the walk is in
	device  uint64
	bytes   int64
	enough  int64
	entries int
	pending int
	levels  []level
	links   map[uint64]bool // inodes with more than one name
	stop    <-chan struct{}
	since   time.Time
}

func (w *walk) run(own *syscall.Stat_t) {
	w.enter(own)
	for len(w.levels) > 0 && !w.isOver() {
		here := &w.levels[len(w.levels)-1]
		if len(here.pending) == 0 {
			if !w.leave() {
				return // it was moved under us: what was seen is what we know
			}
			continue
		}
		name := here.pending[len(here.pending)-1]
		here.pending = here.pending[:len(here.pending)-1]
		w.pending--
		w.descend(name)
	}
}

func (w *walk) isOver() bool {
	select {
	case <-w.stop:
		return true
	default:
	}
	return w.entries > maxEntries || w.enough > 0 && w.bytes >= w.enough
}

func (w *walk) descend(name string) {
	if own, ok := w.move(name); ok {
		w.enter(&own)
	}
}

// leave goes back to the folder above, if that is still the one we came from.
func (w *walk) leave() bool {
	w.levels = w.levels[:len(w.levels)-1]
	if len(w.levels) == 0 {
		return true
	}
	above, ok := w.move("..")
	return ok && above.Ino == w.levels[len(w.levels)-1].inode
}

// move goes on to a folder of the same file system. A false says that it stays: gone, or a link now.
func (w *walk) move(name string) (own syscall.Stat_t, ok bool) {
	fd, err := at.Open(int(w.dir.Fd()), name, openFlags, 0)
	if err != nil {
		return own, false
	}
	if syscall.Fstat(fd, &own) != nil || uint64(own.Dev) != w.device {
		_ = syscall.Close(fd) // only read from
		return own, false
	}
	_ = w.dir.Close() // only read from
	w.dir = os.NewFile(uintptr(fd), name)
	return own, true
}

// enter counts what is in the folder the walk is in.
func (w *walk) enter(own *syscall.Stat_t) {
	w.bytes += own.Blocks * blockBytes
	w.levels = append(w.levels, level{inode: own.Ino})
	here := &w.levels[len(w.levels)-1]
	for !w.isOver() {
		names, err := w.dir.Readdirnames(namesAt)
		for _, name := range names {
			w.count(name, here)
		}
		if err != nil {
			return // its end, mostly
		}
		w.relax()
	}
}

func (w *walk) count(name string, here *level) {
	var stat syscall.Stat_t
	w.entries++
	if at.Stat(int(w.dir.Fd()), name, &stat) != nil || uint64(stat.Dev) != w.device {
		return
	}
	if stat.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		if w.pending < maxPending {
			here.pending = append(here.pending, name)
			w.pending++
		}
		return
	}
	if stat.Nlink > 1 {
		if w.links[stat.Ino] {
			return
		}
		if len(w.links) < maxLinks {
			w.links[stat.Ino] = true
		}
	}
	w.bytes += stat.Blocks * blockBytes
}

func (w *walk) relax() {
	if time.Since(w.since) < work {
		return
	}
	select {
	case <-w.stop:
	case <-time.After(rest):
	}
	w.since = time.Now()
}
