package log

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALineHasATimeAndOneLineBreak(t *testing.T) {
	var out bytes.Buffer
	New(&out).Line("task started task=%s", "t-a")
	line := out.String()
	if !strings.HasSuffix(line, "Z task started task=t-a\n") || strings.Count(line, "\n") != 1 {
		t.Errorf("%q", line)
	}
}

func TestTheFileIsCappedAndOneOldOneKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 100_000)
	for i := 0; i < 40; i++ {
		l.Line("%s", long)
	}
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		if err != nil || info.Size() > CapBytes+200_000 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 2 {
		t.Errorf("%v", entries)
	}
}
