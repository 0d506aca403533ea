//go:build linux && !arm

package shim

import "syscall"

// firstData is the first byte of a log, at or after one, that was not given back to the disk.
func firstData(fd int, from, size int64) int64 {
	at, errno := call(syscall.SYS_LSEEK, uintptr(fd), uintptr(from), seekData, 0, 0)
	switch {
	case errno == syscall.ENXIO:
		return size
	case errno != 0:
		return from
	}
	return int64(at)
}

func punch(fd int, from, to int64) syscall.Errno {
	_, errno := call(syscall.SYS_FALLOCATE, uintptr(fd), punchKeepSize, uintptr(from), uintptr(to-from), 0)
	return errno
}
