package sandbox

import (
	"errors"
	"io"
	"os"
	"syscall"

	"mesolite/agent/internal/at"
)

const namesAtOnce = 512

// eachName visits the names of a folder as the kernel gives them. An *os.SyscallError: it cannot be read to its end.
func eachName(dir *os.File, visit func(name string) error) error {
	for {
		names, err := dir.Readdirnames(namesAtOnce)
		for _, name := range names {
			if err := visit(name); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			if broken := (*os.PathError)(nil); errors.As(err, &broken) {
				err = broken.Err // its path is told by whoever tells this
			}
			return os.NewSyscallError("getdents", err)
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
