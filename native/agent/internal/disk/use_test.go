package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func put(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func use(t *testing.T, path string) int64 {
	t.Helper()
	bytes, ok := Use(path, 0, nil)
	if !ok {
		t.Fatal("not measured")
	}
	return bytes
}

// near: a file system takes some blocks more than the bytes, for folders and for its own trees.
func near(got, want int64) bool { return got >= want && got < want+want/4+512*1024 }

func TestEveryFileIsCountedOnceAndNothingElse(t *testing.T) {
	base := t.TempDir()
	in, out := filepath.Join(base, "in"), filepath.Join(base, "out")
	put(t, filepath.Join(out, "large"), 8<<20)
	put(t, filepath.Join(in, "a"), 1<<20)
	put(t, filepath.Join(in, "b/c/d"), 1<<20)
	for from, to := range map[string]string{out: "in/link", filepath.Join(out, "large"): "in/file", "..": "in/up", "/": "in/b/root"} {
		if err := os.Symlink(from, filepath.Join(base, to)); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < 5; i++ {
		if err := os.Link(filepath.Join(in, "a"), filepath.Join(in, fmt.Sprintf("b/hard-%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	sparse, err := os.Create(filepath.Join(in, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sparse.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	_ = sparse.Close() // nothing was written
	if got := use(t, in); !near(got, 2<<20) {
		t.Errorf("%d bytes", got)
	}
	if _, ok := Use(filepath.Join(in, "link"), 0, nil); ok {
		t.Error("a link was followed")
	}
	if got, _ := Use(base, 3<<20, nil); got < 3<<20 {
		t.Errorf("stopped before it was enough: %d", got)
	}
}

func TestADeepTreeAndAWideOneNeedOneDescriptor(t *testing.T) {
	base := t.TempDir()
	own, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Chdir(own); err != nil {
			t.Error(err)
		}
	}()
	if err := syscall.Chdir(base); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 1500; i++ { // step by step, so that it is deeper than any path may be long
		if err := os.Mkdir("folder", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Chdir("folder"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("deep", make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Chdir(own); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 300; i++ {
		put(t, filepath.Join(base, fmt.Sprintf("wide-%d", i), "f"), 4096)
	}
	if got := use(t, base); got < 2<<20+300*4096 {
		t.Errorf("%d bytes", got)
	}
}

func TestAStopIsHeard(t *testing.T) {
	base := t.TempDir()
	put(t, filepath.Join(base, "a/b"), 1<<20)
	stop := make(chan struct{})
	close(stop)
	if got, ok := Use(base, 0, stop); !ok || got >= 1<<20 {
		t.Errorf("%d %v", got, ok)
	}
}

func TestTheRoomOfAFileSystemAddsUp(t *testing.T) {
	room, err := RoomOf(t.TempDir())
	if err != nil || room.TotalBytes <= 0 || room.ReadOnly {
		t.Fatalf("%+v %v", room, err)
	}
	if room.UsedBytes < 0 || room.FreeBytes < 0 || room.UsedBytes+room.FreeBytes > room.TotalBytes {
		t.Errorf("%+v", room)
	}
	if _, err := RoomOf(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}
