package sandbox

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	strangerUID = 4242
	secretWords = "words of root"
	publicWords = "words for all"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// box is a sandbox of a user with all that could lead out of it, beside a secret.
func box(t *testing.T) (dir string, who *Who) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root: it is about what root must not give away")
	}
	top := t.TempDir()
	for path := top; path != "/tmp" && path != "/"; path = filepath.Dir(path) {
		must(t, os.Chmod(path, 0o755))
	}
	dir = filepath.Join(top, "task", "sandbox")
	must(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	must(t, os.WriteFile(filepath.Join(top, "secret"), []byte(secretWords), 0o600))
	must(t, os.WriteFile(filepath.Join(top, "public"), []byte(publicWords), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "sub/file"), []byte("fine"), 0o600))
	for name, target := range map[string]string{
		"shadow": "/etc/shadow", "up": "../../secret", "proc": "/proc/self/root", "loop": "loop", "inside": "sub/file",
		"folder": "sub", "outfolder": "../..", "self": "/proc/self/environ",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	must(t, os.Link(filepath.Join(top, "secret"), filepath.Join(dir, "hard")))
	must(t, os.Link(filepath.Join(top, "public"), filepath.Join(dir, "hardpublic")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666))
	must(t, syscall.Mknod(filepath.Join(dir, "zero"), syscall.S_IFCHR|0o666, 1<<8|5))
	must(t, os.WriteFile(filepath.Join(dir, "bad\xff\n%name"), []byte("odd"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "rootsown"), []byte(secretWords), 0o600))
	for _, name := range []string{"", "sub", "sub/file", "bad\xff\n%name", "fifo"} {
		must(t, os.Lchown(filepath.Join(dir, name), strangerUID, strangerUID))
	}
	return dir, &Who{UID: strangerUID, GID: strangerUID}
}

func read(dir string, who *Who, path string) (string, error) {
	opened, err := Open(dir, who, path)
	if err != nil {
		return "", err
	}
	defer func() { _ = opened.File.Close() }()
	data, err := io.ReadAll(opened.File)
	return string(data), err
}

func TestPathsOf44DoNotEscape(t *testing.T) {
	dir, who := box(t)
	for path, want := range map[string]error{
		"..": ErrPath, "../..": ErrPath, "sub/../../..": ErrPath, "/etc/shadow": ErrPath, "sub//file": ErrPath, "./sub": ErrPath, "%2E%2E": ErrPath,
		"sub%2Ffile": ErrPath, "a%00b": ErrPath, "%": ErrPath, "%zz": ErrPath, "shadow": ErrOutside, "up": ErrOutside, "proc": ErrOutside,
		"proc/etc/shadow": ErrOutside, "self": ErrOutside, "outfolder": ErrOutside, "outfolder/secret": ErrOutside, "loop": syscall.ELOOP,
		"fifo": ErrKind, "zero": ErrKind, "hard": syscall.EACCES, "hardpublic": ErrForeign, "rootsown": syscall.EACCES, "none": syscall.ENOENT,
		"sub/file/x": syscall.ENOTDIR,
	} {
		if got, err := read(dir, who, path); !errors.Is(err, want) {
			t.Errorf("%s: %q %v, not %v", path, got, err, want)
		}
	}
	for path, want := range map[string]string{"sub/file": "fine", "inside": "fine", "folder/file": "fine", "bad%FF%0A%25name": "odd"} {
		if got, err := read(dir, who, path); err != nil || got != want {
			t.Errorf("%s: %q %v", path, got, err)
		}
	}
	// The task of root itself has root's rights, but still cannot lead out.
	for _, path := range []string{"shadow", "up", "proc", "self"} {
		if _, err := read(dir, nil, path); !errors.Is(err, ErrOutside) {
			t.Errorf("%s as root: %v", path, err)
		}
	}
}

func TestALinkSwappedInALoopNeverLeadsOut(t *testing.T) {
	dir, who := box(t)
	place := filepath.Join(dir, "swap")
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; !stop.Load(); i++ {
			_ = os.RemoveAll(place)
			switch i % 4 {
			case 0:
				_ = os.Symlink("../../public", place)
			case 1:
				_ = os.WriteFile(place, []byte("mine"), 0o644)
			case 2:
				_ = os.Symlink("/etc/passwd", place)
			case 3:
				_ = os.Link(filepath.Join(dir, "../../secret"), place)
			}
		}
	}()
	reads := 0
	for until := time.Now().Add(time.Second); time.Now().Before(until); reads++ {
		if got, err := read(dir, who, "swap"); err == nil && got != "mine" && got != "" {
			t.Fatalf("got %q", got)
		}
		var out bytes.Buffer
		opened, err := Open(dir, who, "")
		must(t, err)
		must(t, Tar(&out, opened.File, who))
		if bytes.Contains(out.Bytes(), []byte(publicWords)) || bytes.Contains(out.Bytes(), []byte("root:x:0")) {
			t.Fatal("a file from outside is in the tar")
		}
	}
	stop.Store(true)
	<-done
	t.Logf("%d reads", reads)
}

func TestNamesAreToldAndAskedForAgain(t *testing.T) {
	for name, want := range map[string]string{
		"plain.txt": "plain.txt", "ümlaut 名": "ümlaut 名", "50%": "50%25", "a\nb": "a%0Ab", "\xff\xfe": "%FF%FE", "\x7f\u0085": "%7F%C2%85",
		"\xe2\x82": "%E2%82", "\uFFFD": "\uFFFD", "..%": "..%25",
	} {
		got := EncodeName(name)
		back, err := decodeName(got)
		if got != want || err != nil || back != name {
			t.Errorf("%q: %q, back %q %v", name, got, back, err)
		}
	}
}

func TestListingInPages(t *testing.T) {
	dir, who := box(t)
	page, err := List(dir, who, "", "")
	must(t, err)
	kinds := map[string]string{}
	for _, entry := range page.Entries {
		kinds[entry.Name] = entry.Kind
	}
	for name, kind := range map[string]string{"sub": "folder", "shadow": "link", "fifo": "other", "zero": "other", "hard": "file", "bad%FF%0A%25name": "file"} {
		if kinds[name] != kind {
			t.Errorf("%s is a %q", name, kinds[name])
		}
	}
	many := filepath.Join(dir, "many")
	must(t, os.Mkdir(many, 0o755))
	var want []string
	for i := 0; i < 20_000; i++ {
		name := fmt.Sprintf("%x\n%d", i*7919%20_011, i)
		fd, err := syscall.Open(filepath.Join(many, name), syscall.O_CREAT|syscall.O_WRONLY, 0o600)
		must(t, err)
		_ = syscall.Close(fd)
		want = append(want, name)
	}
	sort.Strings(want)
	var got []string
	for after, more := "", true; more; {
		page, err := List(dir, who, "many", after)
		must(t, err)
		for _, entry := range page.Entries {
			name, err := decodeName(entry.Name)
			must(t, err)
			got = append(got, name)
		}
		more = page.More
		after = page.Entries[len(page.Entries)-1].Name
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%d of %d names", len(got), len(want))
	}
	for path, want := range map[string]error{"sub/file": syscall.ENOTDIR, "outfolder": ErrOutside, "proc": ErrOutside, "..": ErrPath, "none": syscall.ENOENT} {
		if _, err := List(dir, who, path, ""); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	must(t, os.Mkdir(filepath.Join(dir, "closed"), 0o700))
	if _, err := List(dir, who, "closed", ""); !errors.Is(err, syscall.EACCES) {
		t.Errorf("a folder of root: %v", err)
	}
}

func TestAFolderAsATar(t *testing.T) {
	dir, who := box(t)
	long := "sub/" + strings.Repeat("long ", 30) + "名.txt"
	must(t, os.WriteFile(filepath.Join(dir, long), bytes.Repeat([]byte("x"), 1000), 0o640))
	must(t, os.Chown(filepath.Join(dir, long), strangerUID, strangerUID))
	sparse, err := os.Create(filepath.Join(dir, "sub/sparse"))
	must(t, err)
	_, err = sparse.WriteAt([]byte("in the middle"), 1<<39)
	must(t, err)
	must(t, sparse.Truncate(1<<40))
	must(t, sparse.Chown(strangerUID, strangerUID))
	must(t, sparse.Close())
	var out bytes.Buffer
	opened, err := Open(dir, who, "")
	must(t, err)
	must(t, Tar(&out, opened.File, who))
	if out.Len() > 1<<20 {
		t.Fatalf("%d bytes", out.Len())
	}
	names := map[string]*tar.Header{}
	texts := map[string]string{}
	reader := tar.NewReader(bytes.NewReader(out.Bytes()))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		names[header.Name] = header
		if header.Size < 1<<20 {
			text, err := io.ReadAll(reader)
			must(t, err)
			texts[header.Name] = string(text)
		}
	}
	if texts["sub/file"] != "fine" || texts[long] != strings.Repeat("x", 1000) || texts["bad\xff\n%name"] != "odd" {
		t.Errorf("%q", texts)
	}
	if h := names["shadow"]; h == nil || h.Typeflag != tar.TypeSymlink || h.Linkname != "/etc/shadow" {
		t.Errorf("%+v", h)
	}
	if h := names["sub/sparse"]; h == nil || h.Size != 1<<40 {
		t.Errorf("%+v", h)
	}
	for _, name := range []string{"hard", "hardpublic", "rootsown", "fifo", "zero"} {
		if names[name] != nil || !strings.Contains(texts[leftOutName], name+": ") {
			t.Errorf("%s is in the tar, or not said to be left out", name)
		}
	}
	// The tar of the system reads it as well, holes and all.
	list := exec.Command("tar", "-tvf", "-")
	list.Stdin = bytes.NewReader(out.Bytes())
	text, err := list.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "1099511627776") {
		t.Errorf("%v %s", err, text)
	}
	if bytes.Contains(out.Bytes(), []byte(secretWords)) {
		t.Error("a secret is in the tar")
	}
}

func TestAReaderThatLeavesEndsTheTar(t *testing.T) {
	dir, who := box(t)
	opened, err := Open(dir, who, "")
	must(t, err)
	left := errors.New("left")
	if err := Tar(failing{left}, opened.File, who); !errors.Is(err, left) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
