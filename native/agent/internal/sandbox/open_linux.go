package sandbox

import (
	"errors"
	"os"
	"strconv"
	"syscall"

	"mesolite/agent/internal/beneath"
)

// Why something is not given.
var (
	ErrOutside = beneath.ErrOutside
	ErrKind    = errors.New("neither a file nor a folder")
	ErrForeign = errors.New("a hard link to a file of another user")
)

// openPath opens a file or folder below the sandbox. What it is is known before it is opened, so that no device and no
// FIFO ever is.
func openPath(folder *beneath.Root, name string, flags int) (*os.File, error) {
	place, err := folder.OpenPath(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = place.Close() }() // only a place
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(place.Fd()), &stat); err != nil {
		return nil, err
	}
	if kind := stat.Mode & syscall.S_IFMT; kind != syscall.S_IFREG && kind != syscall.S_IFDIR {
		return nil, ErrKind
	}
	return reopen(place, name, flags)
}

// reopen opens what a place is: the very same, whatever its name leads to by now.
func reopen(place *os.File, name string, flags int) (*os.File, error) {
	fd, err := syscall.Open("/proc/self/fd/"+strconv.Itoa(int(place.Fd())), flags|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Opened is a file or a folder of a sandbox.
type Opened struct {
	File   *os.File
	Folder bool
	Size   int64
}

// Open opens a file or a folder. The caller closes it.
func Open(root string, who *Who, path string) (opened Opened, err error) {
	name, err := decodePath(path)
	if err != nil {
		return opened, err
	}
	folder, err := beneath.OpenRoot(root) // by our own rights: the way to it is ours
	if err != nil {
		return opened, err
	}
	defer func() { _ = folder.Close() }() // only looked in
	err = as(who, func() error {
		file, err := openPath(folder, name, syscall.O_RDONLY)
		if err != nil {
			return err
		}
		var stat syscall.Stat_t
		err = syscall.Fstat(int(file.Fd()), &stat)
		if err == nil {
			err = mayServe(&stat, who)
		}
		if err != nil {
			_ = file.Close() // not given
			return err
		}
		opened = Opened{File: file, Folder: stat.Mode&syscall.S_IFMT == syscall.S_IFDIR, Size: stat.Size}
		return nil
	})
	return opened, err
}

// mayServe is asked for what was opened. A file with a second name that belongs to somebody else was not made by the
// task, even if its user may read it.
func mayServe(stat *syscall.Stat_t, who *Who) error {
	kind := stat.Mode & syscall.S_IFMT
	switch {
	case kind != syscall.S_IFREG && kind != syscall.S_IFDIR:
		return ErrKind
	case kind == syscall.S_IFREG && stat.Nlink > 1 && who != nil && int(stat.Uid) != who.UID:
		return ErrForeign
	}
	return nil
}
