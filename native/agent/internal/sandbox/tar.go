package sandbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"mesolite/agent/internal/at"
)

const (
	tarBlock = 512
	// Deeper folders are left out: each level keeps a descriptor open.
	maxDepth = 100
	// What could not be put in is named in a last file of this name, so many at most.
	leftOutName = "mesolite-left-out.txt"
	maxLeftOut  = 1000
	maxSegments = 10_000
	// A file with more room between its data than this is written with its holes.
	sparseFrom = 64 * 1024
)

// Tar writes a folder as a tar, made while it is written. Links are put in as links, never followed; devices, sockets
// and what the user may not read are left out and named at the end. It closes the folder.
func Tar(out io.Writer, folder *os.File, who *Who) error {
	defer func() { _ = folder.Close() }() // only read from
	return as(who, func() error {
		t := tarWriter{out: bufio.NewWriterSize(out, 64*1024), who: who}
		if err := t.folder(folder, "", 0); err != nil {
			return err
		}
		if err := t.leftOut(); err != nil {
			return err
		}
		if err := t.zeros(2 * tarBlock); err != nil {
			return err
		}
		return t.out.Flush()
	})
}

// tarWriter writes POSIX tar (pax). Any error but of reading ends it: then nobody listens any more.
type tarWriter struct {
	out    *bufio.Writer
	who    *Who
	left   []string
	lefts  int
	buffer []byte
}

func (t *tarWriter) leave(path, why string) {
	if t.lefts++; len(t.left) < maxLeftOut {
		t.left = append(t.left, EncodeName(path)+": "+why)
	}
}

func (t *tarWriter) leftOut() error {
	if t.lefts == 0 {
		return nil
	}
	text := fmt.Sprintf("Left out: %d\n%s\n", t.lefts, strings.Join(t.left, "\n"))
	if err := t.header(entry{name: leftOutName, kind: '0', mode: 0o644, size: int64(len(text))}); err != nil {
		return err
	}
	if _, err := t.out.WriteString(text); err != nil {
		return err
	}
	return t.pad(int64(len(text)))
}

func (t *tarWriter) folder(dir *os.File, path string, depth int) error {
	return eachName(dir, func(name string) error {
		below := name
		if path != "" {
			below = path + "/" + name
		}
		stat, err := lstatAt(dir, name)
		if err != nil {
			if err != syscall.ENOENT {
				t.leave(below, err.Error())
			}
			return nil
		}
		e := entry{name: below, mode: int64(stat.Mode) & 0o7777, mtime: int64(writtenAt(&stat).Sec)}
		switch stat.Mode & syscall.S_IFMT {
		case syscall.S_IFREG:
			return t.file(dir, name, e)
		case syscall.S_IFDIR:
			return t.below(dir, name, e, depth)
		case syscall.S_IFLNK:
			target, err := at.ReadLink(int(dir.Fd()), name)
			if err != nil {
				t.leave(below, err.Error())
				return nil
			}
			e.kind, e.link = '2', target
			return t.header(e)
		}
		t.leave(below, "neither a file nor a folder")
		return nil
	})
}

func (t *tarWriter) below(dir *os.File, name string, e entry, depth int) error {
	path := e.name
	e.name, e.kind = path+"/", '5'
	if err := t.header(e); err != nil {
		return err
	}
	if depth >= maxDepth {
		t.leave(path, "more than "+strconv.Itoa(maxDepth)+" folders deep")
		return nil
	}
	sub, err := openIn(dir, name, syscall.O_DIRECTORY)
	if err != nil {
		t.leave(path, err.Error())
		return nil
	}
	defer func() { _ = sub.Close() }() // only read from
	if err := t.folder(sub, path, depth+1); err != nil {
		if _, broken := err.(*os.SyscallError); broken {
			t.leave(path, err.Error())
			return nil
		}
		return err
	}
	return nil
}

// file opens first and decides then: what it was a moment ago does not count.
func (t *tarWriter) file(dir *os.File, name string, e entry) error {
	file, err := openIn(dir, name, 0)
	if err != nil {
		t.leave(e.name, err.Error())
		return nil
	}
	defer func() { _ = file.Close() }() // only read from
	var stat syscall.Stat_t
	err = syscall.Fstat(int(file.Fd()), &stat)
	if err == nil && stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = ErrKind
	}
	if err == nil {
		err = mayServe(&stat, t.who)
	}
	if err != nil {
		t.leave(e.name, err.Error())
		return nil
	}
	e.kind, e.size = '0', stat.Size
	if stat.Size-stat.Blocks*512 > sparseFrom {
		if segments, ok := segmentsOf(file, stat.Size); ok {
			return t.sparse(file, e, segments)
		}
	}
	if err := t.header(e); err != nil {
		return err
	}
	if err := t.copyRange(file, segment{0, stat.Size}); err != nil {
		return err
	}
	return t.pad(stat.Size)
}

// segment is a piece of a file that holds data.
type segment struct{ at, size int64 }

func segmentsOf(file *os.File, size int64) ([]segment, bool) {
	list := []segment{}
	for from := int64(0); from < size; {
		data, err := file.Seek(from, seekData)
		if err != nil {
			if pathErr, ok := err.(*os.PathError); ok && pathErr.Err == syscall.ENXIO {
				break // only a hole is left
			}
			return nil, false
		}
		hole, err := file.Seek(data, seekHole)
		if err != nil || hole <= data || len(list) >= maxSegments {
			return nil, false
		}
		if hole > size {
			hole = size
		}
		if data < hole {
			list = append(list, segment{data, hole - data})
		}
		from = hole
	}
	return list, true
}

// sparse is the way of GNU tar for holes (format 1.0): a list of the segments, then their bytes.
func (t *tarWriter) sparse(file *os.File, e entry, segments []segment) error {
	last := segment{e.size, 0} // an empty one at the end tells where the file ends
	if n := len(segments); n == 0 || segments[n-1].at+segments[n-1].size < e.size {
		segments = append(segments, last)
	}
	list := strconv.Itoa(len(segments)) + "\n"
	stored := int64(0)
	for _, s := range segments {
		list += strconv.FormatInt(s.at, 10) + "\n" + strconv.FormatInt(s.size, 10) + "\n"
		stored += s.size
	}
	list += strings.Repeat("\x00", padding(int64(len(list))))
	e.pax = []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=" + e.name, "GNU.sparse.realsize=" + strconv.FormatInt(e.size, 10)}
	slash := strings.LastIndexByte(e.name, '/') + 1
	e.name = e.name[:slash] + "GNUSparseFile.0/" + e.name[slash:]
	e.size = int64(len(list)) + stored
	if err := t.header(e); err != nil {
		return err
	}
	if _, err := t.out.WriteString(list); err != nil {
		return err
	}
	for _, s := range segments {
		if err := t.copyRange(file, s); err != nil {
			return err
		}
	}
	return t.pad(stored)
}

// copyRange writes exactly so many bytes: zeros for those that the file no longer has.
func (t *tarWriter) copyRange(file *os.File, s segment) error {
	if t.buffer == nil {
		t.buffer = make([]byte, 64*1024)
	}
	for s.size > 0 {
		part := t.buffer
		if int64(len(part)) > s.size {
			part = part[:s.size]
		}
		n, err := file.ReadAt(part, s.at)
		if n == 0 && err != nil {
			t.leave(file.Name(), "became shorter, or could not be read: filled up with zeros")
			return t.zeros(s.size)
		}
		if _, err := t.out.Write(part[:n]); err != nil {
			return err
		}
		s.at, s.size = s.at+int64(n), s.size-int64(n)
	}
	return nil
}

func (t *tarWriter) zeros(n int64) error {
	var block [4096]byte
	for n > 0 {
		part := block[:]
		if int64(len(part)) > n {
			part = part[:n]
		}
		if _, err := t.out.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

func padding(size int64) int { return int(-size & (tarBlock - 1)) }

func (t *tarWriter) pad(size int64) error { return t.zeros(int64(padding(size))) }
