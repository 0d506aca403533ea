// Package sandbox shows the folder of a task to others: lists, files, and whole folders as a tar. It looks with the
// rights of the task's user, never with more, and never outside the folder. It may import at, beneath and wire.
package sandbox

import (
	"errors"
	"os"
	"syscall"

	"mesolite/agent/internal/beneath"
)

// Why something is not given.
var (
	ErrOutside = beneath.ErrOutside
	ErrKind    = beneath.ErrKind
	ErrForeign = errors.New("a hard link to a file of another user")
)

// Who is the user of a task, where the agent could do more than that user. Nil: the agent's own rights are the task's.
type Who struct {
	UID    int
	GID    int
	Groups []int
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
		file, err := folder.OpenPlain(name, syscall.O_RDONLY)
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
