package beneath

import (
	"os"
	"path"
	"strings"
	"syscall"

	"mesolite/agent/internal/at"
)

// Folders opens the folder of that name and makes what is missing of it. It goes through no link, so what is written
// there is written where the name says.
func (r *Root) Folders(name string, mode os.FileMode) (*os.File, error) {
	here, err := at.Open(int(r.dir.Fd()), ".", folderFlags, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	for _, part := range split(name) {
		next := -1
		if part == ".." {
			err = ErrOutside
		} else {
			next, err = folderIn(here, part, mode)
		}
		_ = syscall.Close(here) // only a place to stand
		if err != nil {
			return nil, &os.PathError{Op: "make folder", Path: name, Err: err}
		}
		here = next
	}
	return os.NewFile(uintptr(here), name), nil
}

func folderIn(here int, name string, mode os.FileMode) (int, error) {
	fd, err := at.Open(here, name, folderFlags, 0)
	if err != syscall.ENOENT {
		return fd, err
	}
	if err := at.Mkdir(here, name, uint32(mode.Perm())); err != nil && err != syscall.EEXIST {
		return -1, err
	}
	return at.Open(here, name, folderFlags, 0)
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
		fd, err := at.Open(int(folder.Fd()), base, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, uint32(mode.Perm()))
		if err == nil {
			return os.NewFile(uintptr(fd), name), nil
		}
		if err == syscall.EEXIST && try < 3 {
			if err = at.Unlink(int(folder.Fd()), base); err == nil || err == syscall.ENOENT {
				continue
			}
		}
		return nil, &os.PathError{Op: "create", Path: name, Err: err}
	}
}

// Link makes a symbolic link, in place of a file or a link of that name. Where it leads is the caller's care.
func (r *Root) Link(target, name string, folderMode os.FileMode) error {
	return r.putName(name, folderMode, func(folder int, base string) error {
		return at.Symlink(target, folder, base)
	})
}

// HardLink gives a file in the folder a second name.
func (r *Root) HardLink(existing, name string, folderMode os.FileMode) error {
	from, fromBase, err := r.parent(existing, folderMode)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	return r.putName(name, folderMode, func(folder int, base string) error {
		return at.Link(int(from.Fd()), fromBase, folder, base)
	})
}

func (r *Root) putName(name string, folderMode os.FileMode, put func(folder int, base string) error) error {
	folder, base, err := r.parent(name, folderMode)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	err = put(int(folder.Fd()), base)
	if err == syscall.EEXIST {
		if err := at.Unlink(int(folder.Fd()), base); err != nil && err != syscall.ENOENT {
			return &os.PathError{Op: "link", Path: name, Err: err}
		}
		err = put(int(folder.Fd()), base)
	}
	if err != nil {
		return &os.PathError{Op: "link", Path: name, Err: err}
	}
	return nil
}
