package beneath

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const (
	sysOpenat2 = 437 // the same number everywhere
	oPath      = 0x200000

	resolveNoMagicLinks = 0x02
	resolveNoSymlinks   = 0x04
	resolveBeneath      = 0x08

	// passFlags opens a folder on the way: its place is enough, so it need not be readable.
	passFlags = oPath | folderFlags
)

// withoutOpenat2 is set on kernels before 5.6, and where a filter forbids the call.
var withoutOpenat2 atomic.Bool

type openHow struct{ flags, mode, resolve uint64 }

// find leaves the looking up to the kernel, which cannot be raced; where it cannot do it, we walk.
func (r *Root) find(name string, how way) (int, error) {
	if withoutOpenat2.Load() {
		return r.walk(name, how)
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	// The kernel refuses flags it does not know here, O_LARGEFILE of 32-bit machines is implied.
	ask := openHow{flags: uint64(how.flags), resolve: resolveBeneath | resolveNoMagicLinks}
	if !how.follow {
		ask.flags, ask.resolve = ask.flags|syscall.O_NOFOLLOW, ask.resolve|resolveNoSymlinks
	}
	for try := 0; ; try++ {
		fd, _, errno := syscall.Syscall6(sysOpenat2, r.dir.Fd(), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&ask)), unsafe.Sizeof(ask), 0, 0)
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
			return r.walk(name, how)
		}
		return -1, errno
	}
}

// openPlain knows what it is before it opens it, so that no device and no FIFO ever is: first its place alone, then the
// very same, whatever its name leads to by now.
func (r *Root) openPlain(name string, flags int) (*os.File, error) {
	place, err := r.open(name, way{flags: oPath | syscall.O_CLOEXEC, follow: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = place.Close() }() // only a place
	var stat syscall.Stat_t
	err = syscall.Fstat(int(place.Fd()), &stat)
	if err == nil && !isPlain(&stat) {
		err = ErrKind
	}
	fd := -1
	if err == nil {
		fd, err = syscall.Open("/proc/self/fd/"+strconv.Itoa(int(place.Fd())), flags, 0)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}
