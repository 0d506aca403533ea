package at

import (
	"syscall"
	"unsafe"
)

const sysRenameat = 465 // of xnu's syscalls.master

// Rename gives a file another name, which may be one that another had.
func Rename(fromFolder int, from string, toFolder int, to string) error {
	old, err := syscall.BytePtrFromString(from)
	if err != nil {
		return err
	}
	text, err := syscall.BytePtrFromString(to)
	if err != nil {
		return err
	}
	return failure(syscall.Syscall6(sysRenameat, uintptr(fromFolder), uintptr(unsafe.Pointer(old)), uintptr(toFolder), uintptr(unsafe.Pointer(text)), 0, 0))
}
