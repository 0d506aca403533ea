package sandbox

import (
	"errors"
	"os"
	"syscall"

	"mesolite/agent/internal/at"
	"mesolite/agent/internal/beneath"
)

const (
	namesAtOnce = 512
	seekHole    = 3 // the other way round than on Linux
	seekData    = 4
)

// writtenAt is when it was last written.
func writtenAt(stat *syscall.Stat_t) syscall.Timespec { return stat.Mtimespec }

// openPath opens a file or folder below the sandbox. What is seen to be anything else is not opened, and what was
// opened is looked at once more: it may have been replaced in between.
func openPath(folder *beneath.Root, name string, flags int) (*os.File, error) {
	file, err := folder.OpenPlain(name, flags)
	if errors.Is(err, beneath.ErrKind) {
		return nil, ErrKind
	}
	if err != nil {
		return nil, err
	}
	var stat syscall.Stat_t
	err = syscall.Fstat(int(file.Fd()), &stat)
	if kind := stat.Mode & syscall.S_IFMT; err == nil && kind != syscall.S_IFREG && kind != syscall.S_IFDIR {
		err = ErrKind
	}
	if err != nil {
		_ = file.Close() // not given
		return nil, err
	}
	return file, nil
}

// eachName visits the names of a folder as the kernel gives them.
func eachName(dir *os.File, visit func(name []byte) error) error {
	for {
		names, err := dir.Readdirnames(namesAtOnce)
		for _, name := range names {
			if err := visit([]byte(name)); err != nil {
				return err
			}
		}
		if len(names) == 0 {
			var broken *os.SyscallError
			if errors.As(err, &broken) {
				return broken
			}
			return nil // io.EOF
		}
	}
}

// lstatAt looks at a name in a folder, and follows nothing.
func lstatAt(dir *os.File, name string) (stat syscall.Stat_t, err error) {
	err = at.Stat(int(dir.Fd()), name, &stat)
	return stat, err
}

func openIn(dir *os.File, name string, flags int) (*os.File, error) {
	fd, err := at.Open(int(dir.Fd()), name, flags|syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func readLinkAt(dir *os.File, name string) (string, error) { return at.ReadLink(int(dir.Fd()), name) }
