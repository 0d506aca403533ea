package launch

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/shim"
)

func newFolders(t *testing.T) *Launcher {
	t.Helper()
	l := &Launcher{Dir: t.TempDir(), Cgroups: &cgroup.Driver{Kind: cgroup.KindV1}}
	if err := os.Mkdir(filepath.Join(l.Dir, "tasks"), 0o711); err != nil {
		t.Fatal(err)
	}
	return l
}

// ran makes what a task without a word leaves, and gives the number of its folder.
func ran(t *testing.T, l *Launcher, id string) uint64 {
	t.Helper()
	if err := l.prepare(id, 0, account{}); err != nil {
		t.Fatal(err)
	}
	dir := l.TaskDir(id)
	for _, name := range []string{"stdout", "stderr"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Remove(filepath.Join(dir, shim.NextName)) // as a shim gives it the other name
	if err := os.WriteFile(filepath.Join(dir, "run"), []byte("S 2 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	return inode(t, dir)
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Lstat(path, &stat); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return stat.Ino
}

func TestTheFolderOfASilentTaskIsUsedAgainWithNothingInIt(t *testing.T) {
	l := newFolders(t)
	first := ran(t, l, "a")
	if err := l.Forget("a"); err != nil {
		t.Fatal(err)
	}
	if err := l.prepare("b", 0, account{}); err != nil {
		t.Fatal(err)
	}
	dir := l.TaskDir("b")
	if got := inode(t, dir); got != first {
		t.Fatalf("another folder: %d, not %d", got, first)
	}
	if info, err := os.Lstat(filepath.Join(dir, shim.NextName)); err != nil || info.Size() != 0 {
		t.Errorf("what becomes run is not empty: %v %v", info, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "run")); err == nil {
		t.Error("run is there before the task ran")
	}
	for _, name := range fifoNames {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestAFolderWithSomethingOfItsTaskIsRemoved(t *testing.T) {
	leave := map[string]func(dir string) error{
		"a file": func(dir string) error { return os.WriteFile(filepath.Join(dir, "sandbox", "x"), nil, 0o600) },
		"a log":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "stdout"), []byte("x"), 0o600) },
		"a second name": func(dir string) error {
			return os.Link(filepath.Join(dir, "stderr"), filepath.Join(dir, "..", "..", "l"))
		},
		"another's mode": func(dir string) error { return os.Chmod(filepath.Join(dir, "sandbox"), 0o777) },
		"no fifo": func(dir string) error {
			_ = os.Remove(filepath.Join(dir, "ctl"))
			return os.WriteFile(filepath.Join(dir, "ctl"), nil, 0o600)
		},
	}
	for what, do := range leave {
		l := newFolders(t)
		ran(t, l, "a")
		if err := do(l.TaskDir("a")); err != nil {
			t.Fatal(err)
		}
		if err := l.Forget("a"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(l.TaskDir("a")); err == nil || len(l.folders) > 0 {
			t.Errorf("%s: kept as new", what)
		}
	}
}

// A shim that is not gone holds the fifos: nobody gets them before its end, and a task of the same id has its own folder.
func TestAFolderIsOnlyUsedAgainWhenItsShimIsGone(t *testing.T) {
	l := newFolders(t)
	first := ran(t, l, "a")
	w := l.beginWatch("a")
	if err := l.Forget("a"); err != nil {
		t.Fatal(err)
	}
	if second := ran(t, l, "a"); second == first {
		t.Fatal("it was given away while its shim lives")
	}
	l.endWatch(w, 0)
	if len(l.folders) != 1 || inode(t, l.folders[0].path) != first || !l.folders[0].whole {
		t.Errorf("not kept: %+v", l.folders)
	}
	if len(l.watches) != 0 {
		t.Errorf("still watched: %v", l.watches)
	}
}
