package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/beneath"
)

// none gives zeros for ever.
type none struct{}

func (none) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0
	}
	return len(p), nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// one entry of an archive of a test. Zeros is a body of that many zeros.
type one struct {
	name  string
	kind  byte // as in tar; 0 is a file
	link  string
	body  string
	mode  int64
	zeros int64
}

func tarOf(t *testing.T, entries ...one) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, e := range entries {
		mode := e.mode
		if mode == 0 {
			mode = 0o644
		}
		kind := e.kind
		if kind == 0 {
			kind = tar.TypeReg
		}
		must(t, archive.WriteHeader(&tar.Header{Name: e.name, Typeflag: kind, Linkname: e.link, Mode: mode, Size: int64(len(e.body)) + e.zeros, ModTime: time.Unix(1_000_000_000, 0)}))
		_, err := io.Copy(archive, io.MultiReader(strings.NewReader(e.body), io.LimitReader(none{}, e.zeros)))
		must(t, err)
	}
	must(t, archive.Close())
	return out.Bytes()
}

func gz(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	_, err := packed.Write(data)
	must(t, err)
	must(t, packed.Close())
	return out.Bytes()
}

func zipOf(t *testing.T, entries ...one) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		mode := os.FileMode(0o644)
		if e.mode != 0 {
			mode = os.FileMode(e.mode).Perm()
			if e.mode&0o4000 != 0 {
				mode |= os.ModeSetuid
			}
		}
		body := e.body
		switch e.kind {
		case tar.TypeSymlink:
			mode |= os.ModeSymlink
			body = e.link
		case tar.TypeChar:
			mode |= os.ModeDevice | os.ModeCharDevice
		case tar.TypeFifo:
			mode |= os.ModeNamedPipe
		case tar.TypeDir:
			mode |= os.ModeDir
		}
		header.SetMode(mode)
		to, err := archive.CreateHeader(header)
		must(t, err)
		_, err = io.Copy(to, io.MultiReader(strings.NewReader(body), io.LimitReader(none{}, e.zeros)))
		must(t, err)
	}
	must(t, archive.Close())
	return out.Bytes()
}

// unpacked unpacks into a sandbox that lies beside a secret; nothing may ever change there.
func unpacked(t *testing.T, u Unpack, archive []byte) (sandbox string, err error) {
	t.Helper()
	top := t.TempDir()
	sandbox = filepath.Join(top, "sandbox")
	must(t, os.Mkdir(sandbox, 0o755))
	must(t, os.WriteFile(filepath.Join(top, "secret"), []byte("secret"), 0o600))
	file := filepath.Join(top, "archive")
	must(t, os.WriteFile(file, archive, 0o600))
	src, err := os.Open(file)
	must(t, err)
	defer func() { _ = src.Close() }()
	root, err := beneath.OpenRoot(sandbox)
	must(t, err)
	defer func() { _ = root.Close() }()
	if u.Path == "" {
		u.Path = "."
	}
	if u.MaxBytes == 0 {
		u.MaxBytes = 1 << 30
	}
	err = u.Run(root, src, func(int64, int64) {})
	names, _ := os.ReadDir(top)
	secret, _ := os.ReadFile(filepath.Join(top, "secret"))
	if len(names) != 3 || string(secret) != "secret" {
		t.Errorf("it got out: %v, the secret is %q", names, secret)
	}
	assertNoLinkLeadsOut(t, sandbox)
	return sandbox, err
}

func assertNoLinkLeadsOut(t *testing.T, sandbox string) {
	t.Helper()
	must(t, filepath.Walk(sandbox, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if info.Mode()&(os.ModeSetuid|os.ModeSetgid|os.ModeSticky|os.ModeDevice|os.ModeNamedPipe) != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if info.Mode()&os.ModeSymlink == 0 {
			return nil
		}
		if real, err := filepath.EvalSymlinks(path); err == nil && real != sandbox && !strings.HasPrefix(real, sandbox+"/") {
			t.Errorf("%s leads to %s", path, real)
		}
		return nil
	}))
}

func tree(t *testing.T, sandbox string) string {
	t.Helper()
	var lines []string
	must(t, filepath.Walk(sandbox, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == sandbox {
			return err
		}
		name, _ := filepath.Rel(sandbox, path)
		line := fmt.Sprintf("%s %o", name, info.Mode().Perm())
		switch {
		case info.Mode().IsRegular():
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += " " + string(body)
		case info.Mode()&os.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			line = name + " -> " + target
		}
		lines = append(lines, line)
		return nil
	}))
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func TestArchiveFetch_NobodyBecomesAnotherByWhatWasUnpacked(t *testing.T) {
	entries := []one{{name: "suid", body: "x", mode: 0o4755}, {name: "sgid", body: "x", mode: 0o2755}, {name: "open", body: "x", mode: 0o666}, {name: "d", kind: tar.TypeDir, mode: 0o1777}, {name: "none", body: "x", mode: 0o001}}
	for kind, archive := range map[string][]byte{"tar": tarOf(t, entries...), "zip": zipOf(t, entries...)} {
		sandbox, err := unpacked(t, Unpack{}, archive)
		if err != nil {
			t.Fatal(kind, err)
		}
		if got := tree(t, sandbox); got != "d 755\nnone 601 x\nopen 644 x\nsgid 755 x\nsuid 755 x" {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestArchiveFetch_BombsAreCut(t *testing.T) {
	var many []one
	for i := 0; i < 200; i++ {
		many = append(many, one{name: fmt.Sprintf("f%d", i)})
	}
	bomb := []one{{name: "zeros", zeros: 12 << 20}}
	for _, c := range []struct {
		name    string
		unpack  Unpack
		archive []byte
		words   string
	}{
		{"ratio tar.gz", Unpack{FreeBytes: 1 << 20}, gz(t, tarOf(t, bomb...)), "200 times as large"},
		{"ratio zip", Unpack{FreeBytes: 1 << 20}, zipOf(t, bomb...), "200 times as large"},
		{"size tar.gz", Unpack{MaxBytes: 2 << 20}, gz(t, tarOf(t, bomb...)), "larger than the 2 MiB"},
		{"size zip", Unpack{MaxBytes: 2 << 20}, zipOf(t, bomb...), "larger than the 2 MiB"},
		{"many tar", Unpack{MaxEntries: 100}, tarOf(t, many...), "more than 100 entries"},
		{"many zip", Unpack{MaxEntries: 100}, zipOf(t, many...), "more than 100 entries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := unpacked(t, c.unpack, c.archive); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v, want %q", err, c.words)
			}
		})
	}
}

func TestArchiveFetch_AZipThatLiesOfItsSizesIsCut(t *testing.T) {
	archive := zipOf(t, one{name: "zeros", zeros: 4 << 20})
	// The size in the directory, which is believed by many: 4 MiB become 1 byte.
	at := bytes.LastIndex(archive, []byte("PK\x01\x02"))
	copy(archive[at+24:], []byte{1, 0, 0, 0})
	if _, err := unpacked(t, Unpack{MaxBytes: 1 << 20}, archive); err == nil {
		t.Error("it was unpacked")
	}
}

func TestArchiveFetch_AZipDirectoryIsNotHeldWithoutEnd(t *testing.T) {
	// More than a million entries that are all the same few bytes: 46 for each, and no file behind them.
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	entry[28] = 1
	entry = append(entry, 'n')
	const count = 1_500_000
	body := bytes.Repeat(entry, count)
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	size := uint32(len(body))
	for i := 0; i < 4; i++ {
		end[12+i] = byte(size >> (8 * i))
	}
	end[8], end[9], end[10], end[11] = byte(count&255), byte(count>>8&255), byte(count&255), byte(count>>8&255)
	archive := append(append([]byte{}, body...), end...)
	archive = append([]byte("PK\x03\x04"), archive...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := unpacked(t, Unpack{}, archive)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("it was unpacked")
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<30 {
		t.Errorf("%d MiB were taken for it", grown>>20)
	}
}

func TestArchivesOfEveryKindAreUnpackedAsTheyAre(t *testing.T) {
	entries := []one{
		{name: "./", kind: tar.TypeDir, mode: 0o700}, {name: "./bin/", kind: tar.TypeDir, mode: 0o755}, {name: "bin/tool", body: "tool", mode: 0o755}, {name: "doc/a b\nc", body: "text"},
		{name: "locked", kind: tar.TypeDir, mode: 0o500}, {name: "locked/in", body: "in", mode: 0o400}, {name: "latest", kind: tar.TypeSymlink, link: "./bin/tool"},
		{name: "doc/up", kind: tar.TypeSymlink, link: "../bin"}, {name: "twice", body: "first"}, {name: "twice", body: "second"}, {name: "latest2", kind: tar.TypeSymlink, link: "x"}, {name: "latest2", body: "a file now"},
	}
	const want = "bin 755\nbin/tool 755 tool\ndoc 755\ndoc/a b\nc 644 text\ndoc/up -> ../bin\nlatest -> ./bin/tool\nlatest2 644 a file now\nlocked 700\nlocked/in 600 in\ntwice 644 second"
	plain := tarOf(t, entries...)
	for kind, archive := range map[string][]byte{"tar": plain, "tar.gz": gz(t, plain), "zip": zipOf(t, entries...)} {
		sandbox, err := unpacked(t, Unpack{}, archive)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if got := tree(t, sandbox); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", kind, got, want)
		}
	}
	packed, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWXZPTOQAAI97hMqAAUBAAPeAAAN1It4QAACACCAAdQlEmjTI0ANBoAkpDTQDQAAeo3htVGyYekBdBCSLnxhUFkHDyARHCQSAKjCYw54GwqERNdnIERWhlNrpShjQ9VeoZlOraub3NDg98OqzsYnBj4acSD8XckU4UJB2T0zk")
	must(t, err)
	sandbox, err := unpacked(t, Unpack{Path: "into"}, packed)
	must(t, err)
	if got := tree(t, sandbox); got != "into 755\ninto/d 755\ninto/d/f 644 from bzip2" {
		t.Errorf("tar.bz2: %s", got)
	}
	hard, err := unpacked(t, Unpack{}, tarOf(t, one{name: "a", body: "same"}, one{name: "b", kind: tar.TypeLink, link: "a"}))
	must(t, err)
	if got := tree(t, hard); got != "a 644 same\nb 644 same" {
		t.Errorf("hard link: %s", got)
	}
}

func TestAZipFromWindowsHasFolders(t *testing.T) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range []string{`dir\sub\file.txt`, `..\evil`} {
		to, err := archive.CreateHeader(&zip.FileHeader{Name: name, CreatorVersion: 20, Method: zip.Store})
		must(t, err)
		_, err = to.Write([]byte("x"))
		must(t, err)
	}
	must(t, archive.Close())
	sandbox, err := unpacked(t, Unpack{}, out.Bytes())
	if err == nil || !strings.Contains(err.Error(), "leads out") {
		t.Errorf("%v", err)
	}
	if got := tree(t, sandbox); got != "dir 755\ndir/sub 755\ndir/sub/file.txt 644 x" {
		t.Errorf("%s", got)
	}
}

func TestWhatIsNoArchiveIsSaidInWords(t *testing.T) {
	whole := gz(t, tarOf(t, one{name: "a", body: strings.Repeat("0123456789abcdef", 10_000)}))
	encrypted := zipOf(t, one{name: "a", body: "x"})
	encrypted[bytes.LastIndex(encrypted, []byte("PK\x01\x02"))+8] |= 1
	for _, c := range []struct {
		archive []byte
		words   string
	}{
		{nil, "neither tar"}, {[]byte("hello"), "neither tar"}, {bytes.Repeat([]byte("text "), 1000), "neither tar"},
		{append([]byte("\xfd7zXZ\x00"), make([]byte, 600)...), "xz, which is not supported"}, {append([]byte("\x28\xb5\x2f\xfd"), make([]byte, 600)...), "zstd, which is not supported"},
		{gz(t, []byte("only text")), "no tar in the gzip file"}, {whole[:len(whole)/2], "damaged"}, {whole[:len(whole)-4], "damaged"}, {[]byte("\x1f\x8b garbage"), "damaged"},
		{[]byte("BZh9garbage"), "damaged"}, {append([]byte("PK\x03\x04"), make([]byte, 100)...), "damaged"}, {encrypted, "encrypted"},
	} {
		if _, err := unpacked(t, Unpack{}, c.archive); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.20q: %v, want %q", c.archive, err, c.words)
		}
	}
}

func TestPlainFilesArePlaced(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "in"), 0o755))
	must(t, os.Symlink("..", filepath.Join(dir, "in/up")))
	must(t, os.WriteFile(filepath.Join(dir, "src"), []byte("bytes"), 0o600))
	root, err := beneath.OpenRoot(filepath.Join(dir, "in"))
	must(t, err)
	defer func() { _ = root.Close() }()
	place := func(p Place) error {
		src, err := os.Open(filepath.Join(dir, "src"))
		must(t, err)
		defer func() { _ = src.Close() }()
		p.MaxBytes += 5
		return p.Run(root, src, func(int64, int64) {})
	}
	must(t, place(Place{Path: "a/b/tool", Executable: true}))
	must(t, place(Place{Path: "plain"}))
	if got := tree(t, filepath.Join(dir, "in")); got != "a 755\na/b 755\na/b/tool 755 bytes\nplain 644 bytes\nup -> .." {
		t.Errorf("%s", got)
	}
	if err := place(Place{Path: "up/evil"}); err == nil || !strings.Contains(err.Error(), "through a link") {
		t.Errorf("through a link: %v", err)
	}
	if err := place(Place{Path: "large", MaxBytes: -1}); err == nil || !strings.Contains(err.Error(), "room") {
		t.Errorf("too large: %v", err)
	}
	if err := place(Place{Path: "a/b"}); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("over a folder: %v", err)
	}
}
