// Package beneath opens names inside a folder and never outside of it, whatever links are in it or are put there
// meanwhile. It knows nothing of tasks, may import at, and may be imported by all.
package beneath

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"mesolite/agent/internal/at"
)

var (
	// ErrOutside: the name leads out of the folder.
	ErrOutside = errors.New("leads out of the folder")
	// ErrKind: neither a file nor a folder, so it was not opened.
	ErrKind = errors.New("neither a file nor a folder")
)

const (
	maxLinks = 40
	// Nothing we open may make us wait (a FIFO), become our terminal, or reach a child.
	always = syscall.O_CLOEXEC | syscall.O_NONBLOCK | syscall.O_NOCTTY

	folderFlags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
)

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
	return r.open(name, way{flags: flags | always, follow: true})
}

// OpenNoLinks is Open, but no link at all is followed (syscall.ELOOP).
func (r *Root) OpenNoLinks(name string, flags int) (*os.File, error) {
	return r.open(name, way{flags: flags | always})
}

// OpenPlain is Open for a file or a folder; anything else is refused (ErrKind).
func (r *Root) OpenPlain(name string, flags int) (*os.File, error) {
	return r.openPlain(name, flags|always)
}

// way is how a name is opened.
type way struct {
	flags  int
	follow bool // links that stay in the folder
	plain  bool // only what is seen to be a file or a folder
}

func (r *Root) open(name string, how way) (*os.File, error) {
	fd, err := -1, ErrOutside
	if name != "" && name[0] != '/' {
		fd, err = r.find(name, how)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

func isPlain(stat *syscall.Stat_t) bool {
	kind := stat.Mode & syscall.S_IFMT
	return kind == syscall.S_IFREG || kind == syscall.S_IFDIR
}

// walk takes one name at a time, each below the one before, the links in our hands: the kernel is never given a name
// with a slash, and never follows a link.
func (r *Root) walk(name string, how way) (int, error) {
	base, err := at.Open(int(r.dir.Fd()), ".", passFlags, 0)
	if err != nil {
		return -1, err
	}
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
		var stat syscall.Stat_t
		if err := at.Stat(here, part, &stat); err != nil {
			return -1, err
		}
		switch {
		case stat.Mode&syscall.S_IFMT == syscall.S_IFLNK:
			if links++; !how.follow || links > maxLinks {
				return -1, syscall.ELOOP
			}
			target, err := at.ReadLink(here, part)
			if err != nil {
				return -1, err
			}
			if target == "" || target[0] == '/' {
				return -1, ErrOutside
			}
			todo = append(split(target), todo...)
		case len(todo) == 0 && how.plain && !isPlain(&stat):
			return -1, ErrKind
		case len(todo) == 0:
			return at.Open(here, part, how.flags|syscall.O_NOFOLLOW, 0) // a link by now: ELOOP
		default:
			fd, err := at.Open(here, part, passFlags, 0)
			if err != nil {
				return -1, err
			}
			stack = append(stack, fd)
		}
	}
	return at.Open(stack[len(stack)-1], ".", how.flags, 0)
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
