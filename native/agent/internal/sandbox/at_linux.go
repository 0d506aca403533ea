package sandbox

import (
	"encoding/binary"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"mesolite/agent/internal/beneath"
)

const (
	direntBytes = 64 * 1024
	noFollow    = 0x100
	seekData    = 3
	seekHole    = 4
)

// writtenAt is when it was last written.
func writtenAt(stat *syscall.Stat_t) syscall.Timespec { return stat.Mtim }

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

// eachName visits the names of a folder as the kernel gives them. The bytes are valid until the next one.
func eachName(dir *os.File, visit func(name []byte) error) error {
	buf := make([]byte, direntBytes)
	for {
		n, err := syscall.ReadDirent(int(dir.Fd()), buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return os.NewSyscallError("getdents", err)
		}
		for left := buf[:n]; len(left) > 19; { // u64 inode, u64 offset, u16 length, u8 type, name
			length := int(binary.LittleEndian.Uint16(left[16:]))
			if length < 20 || length > len(left) {
				break
			}
			name := left[19:length]
			for i, c := range name {
				if c == 0 {
					name = name[:i]
					break
				}
			}
			left = left[length:]
			if string(name) == "." || string(name) == ".." {
				continue
			}
			if err := visit(name); err != nil {
				return err
			}
		}
	}
}

// lstatAt looks at a name in a folder, and follows nothing.
func lstatAt(dir *os.File, name string) (stat syscall.Stat_t, err error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return stat, err
	}
	_, _, errno := syscall.Syscall6(sysFstatat, dir.Fd(), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&stat)), noFollow, 0, 0)
	if errno != 0 {
		return stat, errno
	}
	return stat, nil
}

func openIn(dir *os.File, name string, flags int) (*os.File, error) {
	fd, err := syscall.Openat(int(dir.Fd()), name, flags|syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func readLinkAt(dir *os.File, name string) (string, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return "", err
	}
	buf := make([]byte, 4096)
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, dir.Fd(), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(buf[:n]), nil
}
