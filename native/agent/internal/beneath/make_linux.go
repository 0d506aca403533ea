package beneath

import (
	"os"
	"path"
	"strings"
	"syscall"
	"unsafe"
)

// Folders opens the folder of that name and makes what is missing of it. It goes through no link, so what is written
// there is written where the name says.
func (r *Root) Folders(name string, mode os.FileMode) (*os.File, error) {
	at, err := syscall.Openat(int(r.dir.Fd()), ".", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	for _, part := range split(name) {
		next := -1
		if part == ".." {
			err = ErrOutside
		} else {
			next, err = folderIn(at, part, mode)
		}
		_ = syscall.Close(at) // only a place to stand
		if err != nil {
			return nil, &os.PathError{Op: "make folder", Path: name, Err: err}
		}
		at = next
	}
	return os.NewFile(uintptr(at), name), nil
}

func folderIn(at int, name string, mode os.FileMode) (int, error) {
	const flags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	fd, err := syscall.Openat(at, name, flags, 0)
	if err != syscall.ENOENT {
		return fd, err
	}
	if err := syscall.Mkdirat(at, name, uint32(mode.Perm())); err != nil && err != syscall.EEXIST {
		return -1, err
	}
	return syscall.Openat(at, name, flags, 0)
}

// parent opens the folder a name lies in, and gives the last part of the name.
func (r *Root) parent(name string, mode os.FileMode) (*os.File, string, error) {
	clean := path.Clean(name)
	base := path.Base(clean)
	if clean == "." || base == ".." || strings.HasPrefix(clean, "/") {
		return nil, "", &os.PathError{Op: "create", Path: name, Err: ErrOutside}
	}
	folder, err := r.Folders(path.Dir(clean), mode)
	return folder, base, err
}

// Create makes a new regular file, in place of a file or a link of that name.
func (r *Root) Create(name string, mode, folderMode os.FileMode) (*os.File, error) {
	folder, base, err := r.parent(name, folderMode)
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	for try := 0; ; try++ {
		fd, err := syscall.Openat(int(folder.Fd()), base, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, uint32(mode.Perm()))
		if err == nil {
			return os.NewFile(uintptr(fd), name), nil
		}
		if err == syscall.EEXIST && try < 3 {
			if err = syscall.Unlinkat(int(folder.Fd()), base); err == nil || err == syscall.ENOENT {
				continue
			}
		}
		return nil, &os.PathError{Op: "create", Path: name, Err: err}
	}
}

// Link makes a symbolic link, in place of a file or a link of that name. Where it leads is the caller's care.
func (r *Root) Link(target, name string, folderMode os.FileMode) error {
	return r.putName(name, folderMode, func(folder int, base *byte) syscall.Errno {
		text, err := syscall.BytePtrFromString(target)
		if err != nil {
			return syscall.EINVAL
		}
		_, _, errno := syscall.Syscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(text)), uintptr(folder), uintptr(unsafe.Pointer(base)))
		return errno
	})
}

// HardLink gives a file in the folder a second name.
func (r *Root) HardLink(existing, name string, folderMode os.FileMode) error {
	from, fromBase, err := r.parent(existing, folderMode)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	old, err := syscall.BytePtrFromString(fromBase)
	if err != nil {
		return &os.PathError{Op: "link", Path: existing, Err: err}
	}
	return r.putName(name, folderMode, func(folder int, base *byte) syscall.Errno {
		_, _, errno := syscall.Syscall6(syscall.SYS_LINKAT, from.Fd(), uintptr(unsafe.Pointer(old)), uintptr(folder), uintptr(unsafe.Pointer(base)), 0, 0)
		return errno
	})
}

func (r *Root) putName(name string, folderMode os.FileMode, put func(folder int, base *byte) syscall.Errno) error {
	folder, base, err := r.parent(name, folderMode)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	text, err := syscall.BytePtrFromString(base)
	if err != nil {
		return &os.PathError{Op: "link", Path: name, Err: err}
	}
	errno := put(int(folder.Fd()), text)
	if errno == syscall.EEXIST {
		if err := syscall.Unlinkat(int(folder.Fd()), base); err != nil && err != syscall.ENOENT {
			return &os.PathError{Op: "link", Path: name, Err: err}
		}
		errno = put(int(folder.Fd()), text)
	}
	if errno != 0 {
		return &os.PathError{Op: "link", Path: name, Err: errno}
	}
	return nil
}
