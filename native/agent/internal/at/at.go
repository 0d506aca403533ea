// Package at is the calls of the `at` family, which the standard library has in part on linux and not at all on darwin:
// each looks a name up in a folder that is open, so that nobody can move the way to it. It imports nothing of ours.
package at

import (
	"syscall"
	"unsafe"
)

const maxLink = 4096

// Root is a folder in which paths begin as they do without one.
const Root = root

// Open opens a name. A signal that comes between makes it try again.
func Open(folder int, name string, flags int, mode uint32) (int, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	for {
		fd, _, errno := syscall.Syscall6(sysOpenat, uintptr(folder), uintptr(unsafe.Pointer(text)), uintptr(flags|largeFile), uintptr(mode), 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return -1, errno
		}
		return int(fd), nil
	}
}

// Stat looks at a name, and follows nothing.
func Stat(folder int, name string, stat *syscall.Stat_t) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return failure(syscall.Syscall6(sysFstatat, uintptr(folder), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(stat)), noFollow, 0, 0))
}

// ReadLink tells where a link leads.
func ReadLink(folder int, name string) (string, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return "", err
	}
	buf := make([]byte, maxLink)
	n, _, errno := syscall.Syscall6(sysReadlinkat, uintptr(folder), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(buf[:n]), nil
}

// Unlink removes a file or a link, never a folder.
func Unlink(folder int, name string) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return failure(syscall.Syscall(sysUnlinkat, uintptr(folder), uintptr(unsafe.Pointer(text)), 0))
}

// Mkdir makes a folder.
func Mkdir(folder int, name string, mode uint32) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return failure(syscall.Syscall(sysMkdirat, uintptr(folder), uintptr(unsafe.Pointer(text)), uintptr(mode)))
}

// Symlink makes a symbolic link.
func Symlink(target string, folder int, name string) error {
	to, err := syscall.BytePtrFromString(target)
	if err != nil {
		return err
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return failure(syscall.Syscall(sysSymlinkat, uintptr(unsafe.Pointer(to)), uintptr(folder), uintptr(unsafe.Pointer(text))))
}

// Link gives a file a second name.
func Link(from int, existing string, folder int, name string) error {
	return between(sysLinkat, from, existing, folder, name)
}

// between is a call that takes a file of one folder and a name in another.
func between(call uintptr, from int, existing string, folder int, name string) error {
	old, err := syscall.BytePtrFromString(existing)
	if err != nil {
		return err
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return failure(syscall.Syscall6(call, uintptr(from), uintptr(unsafe.Pointer(old)), uintptr(folder), uintptr(unsafe.Pointer(text)), 0, 0))
}

func failure(_, _ uintptr, errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}
