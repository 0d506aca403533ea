package results

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"mesolite/agent/internal/beneath"
	"mesolite/agent/internal/wire"
)

const (
	// MaxFiles are listed; the others are counted.
	MaxFiles = 10_000
	maxPath  = 8192
	maxDepth = 256
	// countExtra is how much longer than its budget a walk may count what it did not take.
	countExtra = 5 * time.Second
	batch      = 1024
)

// Collect looks for results in a sandbox.
type Collect struct {
	Patterns []string      `json:"patterns"`
	MaxFiles int           `json:"maxFiles"`
	Budget   time.Duration `json:"budget"`
}

type walk struct {
	root     *beneath.Root
	patterns []pattern
	max      int
	until    time.Time // after it nothing is taken any more, only counted
	give     func(wire.ResultFile)
	progress func(what string, done int64)
	now      func() time.Time
	taken    int
	left     int
	done     int64
	cut      bool
}

// Run gives every file that matches, and tells how many it left out.
func (c Collect) Run(root *beneath.Root, give func(wire.ResultFile), progress func(what string, done int64)) (left int) {
	w := &walk{root: root, max: c.MaxFiles, until: time.Now().Add(c.Budget), give: give, progress: progress, now: time.Now}
	for _, text := range c.Patterns {
		w.patterns = append(w.patterns, parse(text))
	}
	w.folder(nil)
	if w.cut && w.left == 0 {
		w.left = 1 // there is more that was not even looked at
	}
	return w.left
}

func (w *walk) late() bool { return w.now().After(w.until) }

func (w *walk) folder(parts []string) {
	if len(parts) > maxDepth {
		return
	}
	folder, err := w.list(parts)
	if err != nil {
		return // gone, or not for the task's user to read
	}
	defer func() { _ = folder.Close() }()
	for !w.cut {
		entries, err := folder.ReadDir(batch)
		for _, entry := range entries {
			if w.now().After(w.until.Add(countExtra)) {
				w.cut = true
				return
			}
			w.entry(append(parts[:len(parts):len(parts)], entry.Name()), entry.Type())
		}
		if err != nil {
			return // the end
		}
	}
}

// list opens a folder for reading its names. The name it gets lets ReadDir find the kind of an entry by itself on file
// systems that do not tell.
func (w *walk) list(parts []string) (*os.File, error) {
	folder, err := w.root.OpenNoLinks(nameOf(parts), os.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	fd, err := syscall.Dup(int(folder.Fd()))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "/proc/self/fd/"+strconv.Itoa(fd)), nil
}

func nameOf(parts []string) string {
	if len(parts) == 0 {
		return "."
	}
	return strings.Join(parts, "/")
}

func (w *walk) entry(parts []string, kind os.FileMode) {
	if kind.IsDir() {
		for _, p := range w.patterns {
			if p.leadsInto(parts) {
				w.folder(parts)
				return
			}
		}
		return
	}
	if !kind.IsRegular() && kind&os.ModeSymlink == 0 {
		return
	}
	for _, p := range w.patterns {
		if p.matches(parts) {
			w.take(path.Join(parts...))
			return
		}
	}
}

var errLate = errors.New("no time is left")

func (w *walk) take(name string) {
	if w.taken >= w.max || w.late() || len(name) > maxPath || !utf8.ValidString(name) {
		w.left++
		return
	}
	// A link is followed as long as it stays in the sandbox: `latest` is often one.
	file, err := w.root.Open(name, os.O_RDONLY)
	if errors.Is(err, beneath.ErrOutside) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOENT) {
		return // not a file of the sandbox
	}
	if err != nil {
		w.left++
		return
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	sum, size, err := w.hash(file, name)
	if err != nil {
		w.left++
		return
	}
	w.taken++
	w.give(wire.ResultFile{Path: name, SizeBytes: size, SHA256: sum})
}

func (w *walk) hash(file io.Reader, name string) (sum string, size int64, err error) {
	hash := sha256.New()
	buf := make([]byte, 256<<10)
	for {
		n, err := file.Read(buf)
		_, _ = hash.Write(buf[:n]) // never fails
		size += int64(n)
		w.done += int64(n)
		w.progress(name, w.done)
		if err == io.EOF {
			return hex.EncodeToString(hash.Sum(nil)), size, nil
		}
		if err != nil {
			return "", 0, err
		}
		if w.late() {
			return "", 0, errLate
		}
	}
}
