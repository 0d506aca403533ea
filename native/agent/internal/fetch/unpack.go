package fetch

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/beneath"
)

const (
	// maxEntries of an archive.
	maxEntries = 500_000
	// An archive may become freeBytes, and this many times its own size beyond that: more is a bomb.
	maxRatio  = 200
	freeBytes = 256 << 20

	folderMode = 0o755
	maxTarget  = 4096
	sniffBytes = 512
	// restLimit is how much may follow the end of a tar in its compressed stream; it is read for the checksum's sake.
	restLimit = 16 << 20
)

// Unpack is an archive that goes into a folder of the sandbox.
type Unpack struct {
	Path string `json:"path"`
	// MaxBytes of what comes out.
	MaxBytes int64 `json:"maxBytes"`
	// MaxEntries and FreeBytes 0: the usual caps.
	MaxEntries int   `json:"maxEntries"`
	FreeBytes  int64 `json:"freeBytes"`
}

type unpacker struct {
	Unpack
	root      *beneath.Root
	sizeBytes int64 // of the archive
	ratioCap  int64
	entries   int
	written   int64
	progress  func(done, total int64)
	consumed  func() int64
}

// Run unpacks src into root. It knows the kind by the bytes, as an upload has no name.
func (u Unpack) Run(root *beneath.Root, src *os.File, progress func(done, total int64)) error {
	info, err := src.Stat()
	if err != nil {
		return err
	}
	if u.MaxEntries == 0 {
		u.MaxEntries = maxEntries
	}
	if u.FreeBytes == 0 {
		u.FreeBytes = freeBytes
	}
	w := &unpacker{Unpack: u, root: root, sizeBytes: info.Size(), ratioCap: u.FreeBytes + maxRatio*info.Size(), progress: progress}
	w.consumed = func() int64 { return 0 }
	folder, err := root.Folders(u.Path, folderMode)
	if err != nil {
		return placeWords(err)
	}
	_ = folder.Close() // only made
	head := make([]byte, sniffBytes)
	n, err := src.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		return w.zip(src)
	}
	counted := &counter{from: src}
	w.consumed = func() int64 { return counted.n }
	return w.stream(bufio.NewReaderSize(counted, 64<<10), head)
}

type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

func (w *unpacker) stream(src *bufio.Reader, head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		plain, err := gzip.NewReader(src)
		if err != nil {
			return errors.New("the gzip file is damaged")
		}
		return w.tarIn(plain, "gzip")
	case bytes.HasPrefix(head, []byte("BZh")):
		return w.tarIn(bzip2.NewReader(src), "bzip2")
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return errors.New("it is packed with xz, which is not supported: pack it as tar.gz, tar.bz2 or zip")
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return errors.New("it is packed with zstd, which is not supported: pack it as tar.gz, tar.bz2 or zip")
	case looksLikeTar(head):
		return w.tar(src)
	}
	return errors.New("it is neither tar, tar.gz, tar.bz2 nor zip")
}

// tarIn unpacks a tar inside of a compressed stream.
func (w *unpacker) tarIn(plain io.Reader, kind string) error {
	inner := bufio.NewReaderSize(plain, 64<<10)
	head, err := inner.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return fmt.Errorf("the %s file is damaged", kind)
	}
	if !looksLikeTar(head) {
		return fmt.Errorf("there is no tar in the %s file", kind)
	}
	if err := w.tar(inner); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, inner, restLimit); err != io.EOF {
		return fmt.Errorf("the %s file is damaged at its end", kind)
	}
	return nil
}

// looksLikeTar checks the sum of the first header: there is no other mark that all kinds of tar have.
func looksLikeTar(head []byte) bool {
	if len(head) < sniffBytes {
		return false
	}
	const from, to = 148, 156
	unsigned, signed, blank := int64(0), int64(0), true
	for i, c := range head {
		blank = blank && c == 0
		if i >= from && i < to {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	sum, err := strconv.ParseInt(strings.Trim(string(head[from:to]), " \x00"), 8, 64)
	return blank || err == nil && (sum == unsigned || sum == signed)
}

func (w *unpacker) tar(src io.Reader) error {
	archive := tar.NewReader(src)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the archive is damaged: %v", err)
		}
		if err := w.tarEntry(archive, header); err != nil {
			return err
		}
	}
}

func (w *unpacker) tarEntry(archive *tar.Reader, header *tar.Header) error {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil // a comment
	}
	name, err := w.name(header.Name)
	if err != nil {
		return err
	}
	mode := os.FileMode(header.Mode).Perm()
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		return w.file(name, archive, header.Size, mode, header.ModTime)
	case tar.TypeDir:
		return w.folder(name, mode)
	case tar.TypeSymlink:
		return w.link(name, header.Linkname)
	case tar.TypeLink:
		return w.hardLink(name, header.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		return fmt.Errorf("its entry %.200q is a device", header.Name)
	case tar.TypeFifo:
		return fmt.Errorf("its entry %.200q is a FIFO", header.Name)
	}
	return fmt.Errorf("its entry %.200q is of a kind that is not supported (%q)", header.Name, header.Typeflag)
}

// name gives the path in the sandbox for a name in the archive, and counts it.
func (w *unpacker) name(name string) (string, error) {
	if w.entries++; w.entries > w.MaxEntries {
		return "", fmt.Errorf("it has more than %d entries", w.MaxEntries)
	}
	if !staysIn(name) {
		return "", fmt.Errorf("its entry %.200q leads out of the sandbox", name)
	}
	return path.Join(w.Path, name), nil
}

func staysIn(name string) bool {
	if name == "" || name[0] == '/' || len(name) > maxTarget || strings.IndexByte(name, 0) >= 0 {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if part == ".." {
			return false
		}
	}
	return true
}

func (w *unpacker) folder(name string, mode os.FileMode) error {
	folder, err := w.root.Folders(name, folderMode)
	if err != nil {
		return placeWords(err)
	}
	defer func() { _ = folder.Close() }()
	// What its owner could not enter could not be filled.
	if want := mode&folderMode | 0o700; name != "." && want != folderMode {
		if err := folder.Chmod(want); err != nil {
			return placeWords(err)
		}
	}
	return nil
}

func (w *unpacker) file(name string, from io.Reader, size int64, mode os.FileMode, modified time.Time) error {
	if err := w.hasRoom(size); err != nil {
		return err
	}
	// Only permission bits: nobody becomes another user by what was unpacked. The umask is 022 here.
	file, err := w.root.Create(name, mode&folderMode|0o600, folderMode)
	if err != nil {
		return placeWords(err)
	}
	err = w.fill(file, from)
	if err == nil && modified.Year() >= 1970 && modified.Year() < 2100 {
		at := syscall.NsecToTimeval(modified.UnixNano())
		_ = syscall.Futimes(int(file.Fd()), []syscall.Timeval{at, at}) // a courtesy
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (w *unpacker) fill(file *os.File, from io.Reader) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if err := w.hasRoom(int64(n)); err != nil {
				return err
			}
			if _, err := file.Write(buf[:n]); err != nil {
				return onDisk(err)
			}
			w.written += int64(n)
			w.progress(w.consumed(), w.sizeBytes)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the archive is damaged: %v", err)
		}
	}
}

func (w *unpacker) hasRoom(bytes int64) error {
	switch {
	case bytes < 0 || bytes > w.MaxBytes-w.written:
		return fmt.Errorf("unpacked it is larger than the %d MiB there are for it", w.MaxBytes>>20)
	case bytes > w.ratioCap-w.written:
		return fmt.Errorf("unpacked it is more than %d times as large as it is packed", maxRatio)
	}
	return nil
}

// link makes a symbolic link that stays in the sandbox. `..` is only taken at the beginning of its target, so that no
// other link can stand between: all folders on the way up are real ones, as nothing is made through a link.
func (w *unpacker) link(name, target string) error {
	out := fmt.Errorf("its link %.200q leads out of the sandbox (%.200q)", name, target)
	if target == "" || target[0] == '/' || len(target) > maxTarget || strings.IndexByte(target, 0) >= 0 {
		return out
	}
	up := strings.Count(path.Join("/", path.Dir(name)), "/")
	if path.Dir(name) == "." {
		up = 0
	}
	down := false
	for _, part := range strings.Split(target, "/") {
		switch {
		case part == "" || part == ".":
		case part != "..":
			down = true
		case down || up == 0:
			return out
		default:
			up--
		}
	}
	return placeWords(w.root.Link(target, name, folderMode))
}

// hardLink gives a regular file of this archive or of an earlier one a second name. A link would change its meaning in
// another folder.
func (w *unpacker) hardLink(name, existing string) error {
	if !staysIn(existing) {
		return fmt.Errorf("its link %.200q leads out of the sandbox (%.200q)", name, existing)
	}
	existing = path.Join(w.Path, existing)
	old, err := w.root.OpenNoLinks(existing, os.O_RDONLY)
	if err != nil {
		return placeWords(err)
	}
	info, err := old.Stat()
	_ = old.Close() // only looked at
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("its link %.200q is to something that is not a file (%.200q)", name, existing)
	}
	if existing == name {
		return nil
	}
	return placeWords(w.root.HardLink(existing, name, folderMode))
}

// placeWords says what is wrong with a path in the sandbox.
func placeWords(err error) error {
	var in *os.PathError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &in):
		return onDisk(err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%.200q would be written through a link or a file", in.Path)
	case errors.Is(err, beneath.ErrOutside):
		return fmt.Errorf("%.200q leads out of the sandbox", in.Path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%.200q is a folder already", in.Path)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("the name %.60q… is too long", in.Path)
	}
	return fmt.Errorf("%.200q: %v", in.Path, onDisk(in.Err))
}
