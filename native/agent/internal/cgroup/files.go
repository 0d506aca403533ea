package cgroup

import (
	"bytes"
	"path/filepath"
	"strconv"
	"syscall"

	"mesolite/agent/internal/at"
)

// files are those of a task's group in the trees of v1. A group that is used again keeps what it opened: to look a name
// up and to open it costs more than to read or to write it, and for each task a dozen are.
type files struct {
	task string
	kept map[fileName]int // 0: there is no such file here. Nil: nothing is kept, everything is opened by its path
}

type fileName struct{ base, file string }

const (
	// One group keeps about so many, and all of them at most a part of what we may open.
	filesOfGroup = 32
	maxFilesPart = 2
)

// mostKept is how many groups may keep their files.
func mostKept() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	if most := limit.Cur / maxFilesPart / filesOfGroup; most < maxSpareGroups {
		return int(most)
	}
	return maxSpareGroups
}

// place is where to look a file up. The folder itself has no name in it.
func (f *files) place(base, file string) (folder int, name string, err error) {
	if f.kept == nil {
		return at.Root, filepath.Join(base, f.task, file), nil
	}
	folder, seen := f.kept[fileName{base, ""}]
	if !seen {
		folder, err = at.Open(at.Root, filepath.Join(base, f.task), syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
		if err != nil {
			return 0, "", err
		}
		f.kept[fileName{base, ""}] = folder
	}
	return folder, file, nil
}

// fd gives a file, to be handed back to done.
func (f *files) fd(base, file string, flags int) (int, error) {
	if base == "" {
		return 0, syscall.ENOENT
	}
	fd, seen := f.kept[fileName{base, file}]
	if !seen {
		folder, name, err := f.place(base, file)
		if err == nil {
			fd, err = at.Open(folder, name, flags|syscall.O_CLOEXEC, 0)
		}
		if err == syscall.ENOENT {
			fd = 0
		} else if err != nil {
			return 0, err
		}
		if f.kept != nil {
			f.kept[fileName{base, file}] = fd
		}
	}
	if fd == 0 {
		return 0, syscall.ENOENT
	}
	return fd, nil
}

func (f *files) done(fd int) {
	if f.kept == nil {
		_ = syscall.Close(fd) // what was written is
	}
}

func (f *files) write(base, file, value string) error {
	fd, err := f.fd(base, file, syscall.O_RDWR)
	if err != nil {
		return err
	}
	defer f.done(fd)
	_, err = syscall.Pwrite(fd, []byte(value), 0)
	return err
}

func (f *files) set(base, file string, value int64) error {
	return f.write(base, file, strconv.FormatInt(value, 10))
}

func (f *files) number(base, file string, flags int) (n int64, ok bool) {
	fd, err := f.fd(base, file, flags)
	if err != nil {
		return 0, false
	}
	defer f.done(fd)
	var buf [64]byte
	got, err := syscall.Pread(fd, buf[:], 0)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(string(bytes.TrimSpace(buf[:got])), 10, 64)
	return n, err == nil
}

func (f *files) keyed(base, file, key string, flags int) int64 {
	fd, err := f.fd(base, file, flags)
	if err != nil {
		return 0
	}
	defer f.done(fd)
	var buf [256]byte // a few lines of one number each
	got, err := syscall.Pread(fd, buf[:], 0)
	if err != nil {
		return 0
	}
	return valueOf(buf[:got], key)
}

// isEmpty tells whether neither processes nor groups are in it. The list of processes is opened each time: the kernel
// gives one that stays open what it was a second ago.
func (f *files) isEmpty(base string) bool {
	folder, name, err := f.place(base, "cgroup.procs")
	if err != nil {
		return false
	}
	var stat syscall.Stat_t
	if f.kept == nil {
		err = syscall.Lstat(filepath.Dir(name), &stat)
	} else {
		err = syscall.Fstat(folder, &stat)
	}
	if err != nil || stat.Nlink != 2 {
		return false
	}
	list, err := at.Open(folder, name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	var one [1]byte
	n, err := syscall.Read(list, one[:])
	_ = syscall.Close(list) // only read from
	return n == 0 && err == nil
}

// rename gives the group another name in one tree.
func (f *files) rename(base, to string) error {
	if f.kept == nil {
		return syscall.Rename(filepath.Join(base, f.task), filepath.Join(base, to))
	}
	folder, _, err := f.place(base, "")
	if err != nil {
		return err
	}
	return at.Rename(folder, "../"+f.task, folder, "../"+to)
}

func (f *files) close() {
	for _, fd := range f.kept {
		if fd != 0 {
			_ = syscall.Close(fd) // what was written is
		}
	}
	f.kept = nil
}

// File is one that a shim is given.
type File struct {
	Fd     int // it is open, and stays so; 0: it is to be opened
	Folder int // where its path begins; 0: it is a whole one
	Path   string
	Flags  int
}

// Files are what a shim needs of a group: what ends it, its processes, and what to join it by.
func (g Group) Files() []File {
	var list []File
	switch g.Kind {
	case KindV2:
		list = []File{{Path: g.Kill, Flags: syscall.O_WRONLY}, {Path: g.Procs, Flags: syscall.O_RDONLY | syscall.O_DIRECTORY}}
	case KindV1:
		list = []File{{Path: g.Kill, Flags: syscall.O_RDWR}, {Path: g.Procs, Flags: syscall.O_RDONLY}}
	}
	for _, join := range g.Joins {
		list = append(list, File{Path: join, Flags: syscall.O_RDWR})
	}
	copy(list, g.open)
	return list
}

// opened are the same of a group that keeps its files; nil: one of them cannot be.
func (d *Driver) opened(f *files) []File {
	freezer := d.bases["freezer"]
	kill, err := f.fd(freezer, "freezer.state", syscall.O_RDWR)
	if err != nil {
		return nil
	}
	folder, name, err := f.place(freezer, "cgroup.procs")
	if err != nil {
		return nil
	}
	list := []File{{Fd: kill}, {Folder: folder, Path: name, Flags: syscall.O_RDONLY}}
	for _, base := range d.trees {
		join, err := f.fd(base, "tasks", syscall.O_RDWR)
		if err != nil {
			return nil
		}
		list = append(list, File{Fd: join})
	}
	return list
}
