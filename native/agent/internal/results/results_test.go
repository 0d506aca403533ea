package results

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/beneath"
	"mesolite/agent/internal/wire"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"a.txt", "a.txt", true}, {"a.txt", "b/a.txt", false}, {"*.txt", "a.txt", true}, {"*.txt", "b/a.txt", false},
		{"**/*.txt", "a.txt", true}, {"**/*.txt", "b/c/a.txt", true}, {"**", "a", true}, {"**", "a/b/c", true},
		{"out/**", "out/a", true}, {"out/**", "out/a/b", true}, {"out/**", "out", false}, {"out/**", "outer/a", false},
		{"out/", "out/a/b", true}, {"./out/a", "out/a", true}, {"a/**/z", "a/z", true}, {"a/**/z", "a/b/c/z", true}, {"a/**/z", "a/b/c", false},
		{"**/b/**/z", "a/b/c/b/d/z", true}, {"**/b/**/z", "b/z", true}, {"[a-c]?", "b1", true}, {"[a-c]?", "d1", false}, {"**/a*", "x/y/b", false},
		{"a/**/**/b", "a/b", true}, {"\\*", "*", true}, {"\\*", "a", false},
	} {
		if got := parse(c.pattern).matches(strings.Split(c.path, "/")); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.path, got)
		}
	}
	for _, c := range []struct {
		pattern, folder string
		want            bool
	}{{"a/b/*.txt", "a", true}, {"a/b/*.txt", "a/b", true}, {"a/b/*.txt", "a/b/c", false}, {"a/b/*.txt", "b", false}, {"**/x", "any/thing", true}, {"*.txt", "a", false}, {"out/**", "out", true}, {"*/x", "a", true}} {
		if got := parse(c.pattern).leadsInto(strings.Split(c.folder, "/")); got != c.want {
			t.Errorf("%s into %s: %v", c.pattern, c.folder, got)
		}
	}
}

func TestAPatternOfManyStarsIsNotSlow(t *testing.T) {
	p := parse(strings.Repeat("**/a/", 100) + "b")
	begin := time.Now()
	if p.matches(strings.Split(strings.Repeat("a/", 250)+"c", "/")) {
		t.Error("it matches")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

// collected runs without a child.
func collected(t *testing.T, dir string, c Collect) (paths []string, left int) {
	t.Helper()
	root, err := beneath.OpenRoot(dir)
	must(t, err)
	defer func() { _ = root.Close() }()
	if c.MaxFiles == 0 {
		c.MaxFiles = MaxFiles
	}
	if c.Budget == 0 {
		c.Budget = time.Minute
	}
	left = c.Run(root, func(file wire.ResultFile) { paths = append(paths, file.Path) }, func(string, int64) {})
	sort.Strings(paths)
	return paths, left
}

func TestCollectingStaysInTheSandbox(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "sandbox")
	must(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	must(t, os.WriteFile(filepath.Join(top, "secret"), []byte("secret"), 0o644))
	for _, name := range []string{"a/1", "a/b/2", "with\nnewline", "3"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
	}
	must(t, os.WriteFile(filepath.Join(dir, "bad\xffname"), []byte("x"), 0o644))
	for name, target := range map[string]string{"passwd": "/etc/passwd", "up": "../secret", "folder": "a", "loop": "loop", "around": "..", "fine": "a/b/2", "dangling": "nowhere", "root": "/proc/self/root"} {
		must(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	paths, left := collected(t, dir, Collect{Patterns: []string{"**", "a/*"}})
	if got := fmt.Sprintf("%q %d", paths, left); got != `["3" "a/1" "a/b/2" "fine" "with\nnewline"] 1` {
		t.Errorf("%s", got)
	}
}

func TestCollectingHasAnEnd(t *testing.T) {
	dir := t.TempDir()
	for i := 0; i < 50; i++ {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte("x"), 0o644))
	}
	if paths, left := collected(t, dir, Collect{Patterns: []string{"*"}, MaxFiles: 20}); len(paths) != 20 || left != 30 {
		t.Errorf("by number: %d taken, %d left", len(paths), left)
	}
	if paths, left := collected(t, dir, Collect{Patterns: []string{"*"}, Budget: time.Nanosecond}); len(paths) != 0 || left != 50 {
		t.Errorf("by time: %d taken, %d left", len(paths), left)
	}
	// A file without end, as far as the budget goes.
	must(t, os.Truncate(filepath.Join(dir, "7"), 1<<40))
	begin := time.Now()
	if _, left := collected(t, dir, Collect{Patterns: []string{"7"}, Budget: 100 * time.Millisecond}); left != 1 {
		t.Errorf("one huge file: %d left", left)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	deep := dir
	for i := 0; i < 400; i++ {
		deep = filepath.Join(deep, "d")
	}
	must(t, os.MkdirAll(deep, 0o755))
	if paths, _ := collected(t, dir, Collect{Patterns: []string{"d/**/none"}}); len(paths) != 0 {
		t.Errorf("found %v", paths)
	}
}

func TestWhatCannotBeCollectedIsCountedAndKept(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "sandbox"), 0o755))
	if err := Gather(context.Background(), "/nonexistent/program", dir, Collect{Patterns: []string{"*"}}, nil, func(string, int64) {}); err == nil {
		t.Error("a child that does not start is no success")
	}
	list, err := Read(dir)
	if err != nil || len(list.Files) != 0 || list.Left != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestPagesHoldAllFilesOnce(t *testing.T) {
	var list List
	for i := 0; i < 1000; i++ {
		list.Files = append(list.Files, wire.ResultFile{Path: fmt.Sprintf("f%04d", i)})
	}
	seen, after := 0, ""
	for {
		files, more := list.Page(after, 10_000)
		seen += len(files)
		if !more {
			break
		}
		after = files[len(files)-1].Path
	}
	if seen != 1000 {
		t.Errorf("%d files", seen)
	}
}
