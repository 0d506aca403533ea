package beneath

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// inside makes a folder with traps in it, and a secret beside it.
func inside(t *testing.T) (root *Root, dir string) {
	t.Helper()
	top := t.TempDir()
	dir = filepath.Join(top, "in")
	must(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	must(t, os.WriteFile(filepath.Join(top, "secret"), []byte("secret"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "a/b/file"), []byte("fine"), 0o600))
	for name, target := range map[string]string{
		"abs": "/etc/passwd", "up": "../secret", "a/up2": "../../secret", "deep": "a/b/../../../secret", "good": "a/b/file", "a/back": "../a/b/file",
		"loop": "loop", "proc": "/proc/self/root", "outfolder": "..", "folder": "a/b", "a/chain": "../outfolder/secret",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	root, err := OpenRoot(dir)
	must(t, err)
	t.Cleanup(func() { _ = root.Close() })
	return root, dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func bothWays(t *testing.T, do func(t *testing.T)) {
	t.Run("kernel", do)
	t.Run("walk", func(t *testing.T) {
		withoutOpenat2.Store(true)
		defer withoutOpenat2.Store(false)
		do(t)
	})
}

func TestNoNameLeadsOut(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		root, _ := inside(t)
		for _, name := range []string{"..", "../secret", "a/../../secret", "/etc/passwd", "", "abs", "up", "a/up2", "deep", "proc", "proc/etc/passwd", "outfolder", "outfolder/secret", "a/chain"} {
			if file, err := root.Open(name, os.O_RDONLY); !errors.Is(err, ErrOutside) {
				t.Errorf("%q: %v %v", name, file, err)
			}
		}
		if _, err := root.Open("loop", os.O_RDONLY); !errors.Is(err, syscall.ELOOP) {
			t.Errorf("loop: %v", err)
		}
	})
}

func TestLinksInsideAreFollowedOrNotAsAsked(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		root, _ := inside(t)
		for _, name := range []string{"a/b/file", "good", "a/back", "folder/file", "./a/./b/../b/file"} {
			file, err := root.Open(name, os.O_RDONLY)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			text, _ := io.ReadAll(file)
			_ = file.Close()
			if string(text) != "fine" {
				t.Errorf("%s: %q", name, text)
			}
		}
		for _, name := range []string{"good", "a/back", "folder/file"} {
			if _, err := root.OpenNoLinks(name, os.O_RDONLY); !errors.Is(err, syscall.ELOOP) {
				t.Errorf("%s without links: %v", name, err)
			}
		}
		for _, name := range []string{".", "a", "a/b/file"} {
			file, err := root.OpenNoLinks(name, os.O_RDONLY)
			must(t, err)
			_ = file.Close()
		}
	})
}

func TestAFifoDoesNotBlock(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		root, _ := inside(t)
		done := make(chan error, 1)
		go func() {
			file, err := root.Open("fifo", os.O_RDONLY)
			if err == nil {
				err = file.Close()
			}
			done <- err
		}()
		select {
		case err := <-done:
			must(t, err)
		case <-time.After(5 * time.Second):
			t.Fatal("opening a FIFO blocks")
		}
	})
}

func TestALinkThatIsSwappedAllTheTimeNeverLeadsOut(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		root, dir := inside(t)
		must(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "real/secret"), []byte("fine"), 0o600))
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
				}
				_ = os.Rename(filepath.Join(dir, "real"), filepath.Join(dir, "x"))
				_ = os.Symlink("..", filepath.Join(dir, "real"))
				_ = os.Remove(filepath.Join(dir, "real"))
				_ = os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, "real"))
			}
		}()
		for until := time.Now().Add(500 * time.Millisecond); time.Now().Before(until); {
			for _, open := range []func(string, int) (*os.File, error){root.Open, root.OpenNoLinks} {
				file, err := open("real/secret", os.O_RDONLY)
				if err != nil {
					continue
				}
				text, _ := io.ReadAll(file)
				_ = file.Close()
				if string(text) == "secret" {
					t.Error("it led out")
				}
			}
			if file, err := root.Create("real/made", 0o600, 0o755); err == nil {
				_ = file.Close()
			}
		}
		close(stop)
		<-stopped
		if _, err := os.Lstat(filepath.Join(dir, "../made")); err == nil {
			t.Error("a file was made outside")
		}
	})
}

func TestMakingGoesThroughNoLink(t *testing.T) {
	root, dir := inside(t)
	for _, name := range []string{"outfolder/x", "folder/x", "../x", "a/../../x", "/x", ".", "proc/x"} {
		if _, err := root.Create(name, 0o600, 0o755); err == nil {
			t.Errorf("%s was made", name)
		}
		if err := root.Link("t", name, 0o755); err == nil {
			t.Errorf("%s was linked", name)
		}
	}
	file, err := root.Create("new/deep/file", 0o640, 0o755)
	must(t, err)
	_, err = file.WriteString("1")
	must(t, err)
	must(t, file.Close())
	file, err = root.Create("up", 0o600, 0o755) // a link of that name is replaced, not followed
	must(t, err)
	must(t, file.Close())
	if info, err := os.Lstat(filepath.Join(dir, "up")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("up: %v %v", info, err)
	}
	must(t, root.Link("deep/file", "new/link", 0o755))
	must(t, root.Link("deep/file", "new/link", 0o755))
	must(t, root.HardLink("new/deep/file", "new/hard", 0o755))
	if text, err := os.ReadFile(filepath.Join(dir, "new/hard")); err != nil || string(text) != "1" {
		t.Errorf("hard: %q %v", text, err)
	}
	if secret, _ := os.ReadFile(filepath.Join(dir, "../secret")); string(secret) != "secret" {
		t.Errorf("the secret is %q", secret)
	}
}
