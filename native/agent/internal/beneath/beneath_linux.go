// Package beneath opens names inside a folder and never outside of it, whatever links are in it or are put there
// meanwhile. It knows nothing of tasks, imports nothing of ours, and may be imported by all.
package beneath

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// ErrOutside: the name leads out of the folder.
var ErrOutside = errors.New("leads out of the folder")

const (
	sysOpenat2 = 437 // the same number everywhere
	oPath      = 0x200000

	resolveNoMagicLinks = 0x02
	resolveNoSymlinks   = 0x04
	resolveBeneath      = 0x08

	maxLinks = 40
	// Nothing we open may make us wait (a FIFO), become our terminal, or reach a child.
	always = syscall.O_CLOEXEC | syscall.O_NONBLOCK | syscall.O_NOCTTY
)

// withoutOpenat2 is set on kernels before 5.6, and where a filter forbids the call.
var withoutOpenat2 atomic.Bool

// Root is a folder that names are looked up in.
type Root struct{ dir *os.File }

// OpenRoot opens the folder at a path that is ours (its own links are followed).
func OpenRoot(path string) (*Root, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return &Root{os.NewFile(uintptr(fd), path)}, nil
}

// RootOf takes an open folder over.
func RootOf(dir *os.File) *Root { return &Root{dir} }

// File is the folder itself.
func (r *Root) File() *os.File { return r.dir }

// Close gives the folder back.
func (r *Root) Close() error { return r.dir.Close() }

// Open opens a name, relative to the folder (`.` is the folder). Links inside the folder are followed as long as they
// stay in it. The caller must look what it got (Stat): it may be a FIFO or a device, but opening it does not block.
func (r *Root) Open(name string, flags int) (*os.File, error) {
	return r.open(name, flags, resolveBeneath|resolveNoMagicLinks)
}

// OpenNoLinks is Open, but no link at all is followed (syscall.ELOOP).
func (r *Root) OpenNoLinks(name string, flags int) (*os.File, error) {
	return r.open(name, flags|syscall.O_NOFOLLOW, resolveBeneath|resolveNoMagicLinks|resolveNoSymlinks)
}

// OpenPath finds a name as Open does, but opens only its place (O_PATH): nothing happens to a device or a FIFO, and
// nothing can be read.
func (r *Root) OpenPath(name string) (*os.File, error) {
	fd, err := r.openFd(name, oPath|syscall.O_CLOEXEC, resolveBeneath|resolveNoMagicLinks)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (r *Root) open(name string, flags int, resolve uint64) (*os.File, error) {
	fd, err := r.openFd(name, flags|always, resolve)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

type openHow struct{ flags, mode, resolve uint64 }

func (r *Root) openFd(name string, flags int, resolve uint64) (int, error) {
	if name == "" || name[0] == '/' {
		return -1, ErrOutside
	}
	if withoutOpenat2.Load() {
		return r.walk(name, flags, resolve&resolveNoSymlinks == 0)
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	// The kernel refuses flags it does not know here, O_LARGEFILE of 32-bit machines is implied.
	how := openHow{flags: uint64(flags), resolve: resolve}
	for try := 0; ; try++ {
		fd, _, errno := syscall.Syscall6(sysOpenat2, r.dir.Fd(), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case syscall.EXDEV:
			return -1, ErrOutside
		case syscall.EINTR:
			continue
		case syscall.EAGAIN: // something was renamed meanwhile, and the kernel could not be sure
			if try < 100 {
				continue
			}
			return -1, errno
		case syscall.ENOSYS, syscall.EPERM, syscall.E2BIG:
			withoutOpenat2.Store(true)
			return r.walk(name, flags, resolve&resolveNoSymlinks == 0)
		}
		return -1, errno
	}
}

// walk is the same without the kernel's help: one name at a time, each below the one before, the links in our hands.
func (r *Root) walk(name string, flags int, follow bool) (int, error) {
	base, err := syscall.Dup(int(r.dir.Fd()))
	if err != nil {
		return -1, err
	}
	syscall.CloseOnExec(base)
	stack := []int{base} // the folders on the way, for `..`
	defer func() {
		for _, fd := range stack {
			_ = syscall.Close(fd) // only looked at
		}
	}()
	todo, links := split(name), 0
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		here := stack[len(stack)-1]
		switch {
		case part == ".." && len(stack) == 1:
			return -1, ErrOutside
		case part == "..":
			_ = syscall.Close(here)
			stack = stack[:len(stack)-1]
			continue
		}
		fd, err := syscall.Openat(here, part, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		var stat syscall.Stat_t
		if err := syscall.Fstat(fd, &stat); err != nil {
			_ = syscall.Close(fd)
			return -1, err
		}
		last := len(todo) == 0
		switch {
		case stat.Mode&syscall.S_IFMT == syscall.S_IFLNK && !(last && flags&syscall.O_NOFOLLOW != 0):
			target, err := readLink(fd)
			_ = syscall.Close(fd)
			if links++; !follow || links > maxLinks {
				return -1, syscall.ELOOP
			}
			if err != nil {
				return -1, err
			}
			if target == "" || target[0] == '/' {
				return -1, ErrOutside
			}
			todo = append(split(target), todo...)
		case last:
			_ = syscall.Close(fd)
			return syscall.Openat(here, part, flags|syscall.O_NOFOLLOW, 0)
		default:
			stack = append(stack, fd)
		}
	}
	return syscall.Openat(stack[len(stack)-1], ".", flags, 0)
}

func split(name string) []string {
	var parts []string
	for _, part := range strings.Split(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return parts
}

// readLink reads a link that was opened itself.
func readLink(fd int) (string, error) {
	buf := make([]byte, 4096)
	empty := [1]byte{}
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(fd), uintptr(unsafe.Pointer(&empty[0])), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(buf[:n]), nil
}
