package sandbox

import (
	"container/heap"
	"os"
	"sort"
	"syscall"

	"mesolite/agent/internal/beneath"
	"mesolite/agent/internal/wire"
)

const (
	// PageEntries of one listing: with the longest names they stay well within a frame.
	PageEntries = 500
)

// List gives the entries of a folder after a name, in the order of their bytes. However large the folder is, no more
// than one page of names is held.
func List(root string, who *Who, path, after string) (page wire.SandboxListResult, err error) {
	page.Entries = []wire.SandboxEntry{}
	name, err := decodePath(path)
	if err != nil {
		return page, err
	}
	afterName, err := decodeName(after)
	if err != nil {
		return page, err
	}
	folder, err := beneath.OpenRoot(root) // by our own rights: the way to it is ours
	if err != nil {
		return page, err
	}
	defer func() { _ = folder.Close() }() // only looked in
	err = as(who, func() error {
		dir, err := folder.OpenPlain(name, syscall.O_RDONLY|syscall.O_DIRECTORY)
		if err != nil {
			return err
		}
		defer func() { _ = dir.Close() }() // only read from
		least := smallest{limit: PageEntries + 1, after: afterName}
		if err := eachName(dir, least.take); err != nil {
			return err
		}
		sort.Strings(least.names)
		if len(least.names) > PageEntries {
			least.names, page.More = least.names[:PageEntries], true
		}
		for _, name := range least.names {
			if entry, ok := describe(dir, name); ok {
				page.Entries = append(page.Entries, entry)
			}
		}
		return nil
	})
	return page, err
}

// smallest keeps the first names after one: a heap with the last of them on top.
type smallest struct {
	names []string
	limit int
	after string
}

func (s *smallest) Len() int           { return len(s.names) }
func (s *smallest) Less(a, b int) bool { return s.names[a] > s.names[b] }
func (s *smallest) Swap(a, b int)      { s.names[a], s.names[b] = s.names[b], s.names[a] }
func (s *smallest) Push(x interface{}) { s.names = append(s.names, x.(string)) }
func (s *smallest) Pop() interface{} {
	last := s.names[len(s.names)-1]
	s.names = s.names[:len(s.names)-1]
	return last
}

func (s *smallest) take(name string) error {
	if s.after != "" && name <= s.after {
		return nil
	}
	if len(s.names) < s.limit {
		heap.Push(s, name)
	} else if name < s.names[0] {
		s.names[0] = name
		heap.Fix(s, 0)
	}
	return nil
}

// describe tells of one name; false when it is gone meanwhile.
func describe(dir *os.File, name string) (wire.SandboxEntry, bool) {
	entry := wire.SandboxEntry{Name: EncodeName(name), Kind: "other"}
	stat, err := lstatAt(dir, name)
	if err == syscall.ENOENT {
		return entry, false
	}
	if err != nil {
		return entry, true // a folder that may be listed but not looked into
	}
	written := writtenAt(&stat)
	entry.ModifiedAtMs = int64(written.Sec)*1000 + int64(written.Nsec)/1e6
	entry.Mode = uint32(stat.Mode) & 0o7777
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		entry.Kind, entry.SizeBytes = "file", stat.Size
	case syscall.S_IFDIR:
		entry.Kind = "folder"
	case syscall.S_IFLNK:
		entry.Kind, entry.SizeBytes = "link", stat.Size
	}
	return entry, true
}
