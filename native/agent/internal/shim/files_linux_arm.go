package shim

import (
	"syscall"
	"unsafe"
)

var sought int64

// See files_linux.go. Offsets take two registers each here.
func firstData(fd int, from, size int64) int64 {
	place := uintptr(unsafe.Pointer(&sought))
	switch _, errno := call(syscall.SYS__LLSEEK, uintptr(fd), uintptr(from>>32), uintptr(from), place, seekData); {
	case errno == syscall.ENXIO:
		return size
	case errno != 0:
		return from
	}
	return sought
}

func punch(fd int, from, to int64) syscall.Errno {
	length := to - from
	_, _, errno := syscall.RawSyscall6(syscall.SYS_FALLOCATE, uintptr(fd), punchKeepSize, uintptr(from), uintptr(from>>32), uintptr(length), uintptr(length>>32))
	return errno
}
