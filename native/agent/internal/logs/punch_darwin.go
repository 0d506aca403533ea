package logs

import (
	"syscall"
	"unsafe"
)

const (
	punchHole = 99 // F_PUNCHHOLE, from macOS 10.12 on; APFS does it, others say that they do not
	seekData  = 4
)

// holePlace is fpunchhole_t. Both ends must lie between blocks; all of ours are multiples of blockBytes.
type holePlace struct {
	flags, reserved uint32
	offset, length  int64
}

// punch is replaced by tests that want a file system without holes. Whatever the reason for a refusal is, the log is
// then cut by copying.
var punch = func(fd int, from, to int64) error {
	place := holePlace{offset: from, length: to - from}
	for {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), punchHole, uintptr(unsafe.Pointer(&place)))
		switch errno {
		case 0:
			return nil
		case syscall.EINTR:
			continue
		case syscall.ENOSPC, syscall.EIO, syscall.EBADF:
			return errno
		}
		return syscall.EOPNOTSUPP
	}
}

// written is when it was last written, in ns.
func written(stat *syscall.Stat_t) int64 { return stat.Mtimespec.Nano() }
