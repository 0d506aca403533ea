// Package disk measures what a folder takes on its file system, while somebody may be changing it and wishes us ill: it
// follows no link, leaves no file system, and rests between steps. It may import at.
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
	// maxDepth: each folder on the way holds a descriptor; what is deeper is not counted.
	maxDepth   = 128
	maxLinks   = 100_000
	namesAt    = 512
	blockBytes = 512 // st_blocks, on every file system
)

const openFlags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC | syscall.O_NONBLOCK

// Use sums the blocks below a folder. A false says that it could not be opened at all. Enough stops the measurement as
// soon as that many bytes are seen (0: never), Stop at any time.
func Use(path string, enough int64, stop <-chan struct{}) (bytes int64, ok bool) {
	fd, err := syscall.Open(path, openFlags, 0)
	if err != nil {
		return 0, false
	}
	dir := os.NewFile(uintptr(fd), path)
	defer func() { _ = dir.Close() }() // only read from
	var own syscall.Stat_t
	if syscall.Fstat(fd, &own) != nil {
		return 0, false
	}
	w := &walk{device: own.Dev, enough: enough, stop: stop, since: time.Now(), links: map[uint64]bool{}}
	w.bytes = own.Blocks * blockBytes
	w.below(dir, 0)
	return w.bytes, true
}

type walk struct {
	device  int32
	bytes   int64
	enough  int64
	entries int
	links   map[uint64]bool // inodes with more than one name
	stop    <-chan struct{}
	since   time.Time
}

func (w *walk) isOver() bool {
	select {
	case <-w.stop:
		return true
	default:
	}
	return w.entries > maxEntries || w.enough > 0 && w.bytes >= w.enough
}

// below counts what is in a folder.
func (w *walk) below(dir *os.File, depth int) {
	for !w.isOver() {
		names, err := dir.Readdirnames(namesAt)
		for _, name := range names {
			if w.isOver() {
				return
			}
			w.count(dir, name, depth)
		}
		if err != nil || len(names) == 0 {
			return
		}
		w.relax()
	}
}

func (w *walk) count(dir *os.File, name string, depth int) {
	var stat syscall.Stat_t
	w.entries++
	if at.Stat(int(dir.Fd()), name, &stat) != nil || stat.Dev != w.device {
		return
	}
	isFolder := stat.Mode&syscall.S_IFMT == syscall.S_IFDIR
	if !isFolder && stat.Nlink > 1 {
		if w.links[stat.Ino] {
			return
		}
		if len(w.links) < maxLinks {
			w.links[stat.Ino] = true
		}
	}
	w.bytes += stat.Blocks * blockBytes
	if !isFolder || depth >= maxDepth {
		return
	}
	fd, err := at.Open(int(dir.Fd()), name, openFlags, 0)
	if err != nil {
		return // gone, or a link now
	}
	sub := os.NewFile(uintptr(fd), name)
	defer func() { _ = sub.Close() }() // only read from
	if syscall.Fstat(fd, &stat) == nil && stat.Dev == w.device {
		w.below(sub, depth+1)
	}
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

// Fill is how full the file system of a folder is, in bytes. The volumes of an APFS container share their room, so what
// is not free is what counts.
func Fill(path string) (used int64, ok bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return 0, false
	}
	return int64(s.Blocks-s.Bfree) * int64(s.Bsize), true
}
