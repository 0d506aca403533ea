package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, path string, options Options) (*Journal, []string, int64) {
	t.Helper()
	var seen []string
	inner := options.Replay
	options.Replay = func(p []byte) error {
		seen = append(seen, string(p))
		if inner != nil {
			return inner(p)
		}
		return nil
	}
	j, cut, err := OpenJournal(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return j, seen, cut
}

func appendAndWait(t *testing.T, j *Journal, payload string) {
	t.Helper()
	done := make(chan struct{})
	if err := j.Append([]byte(payload), func() { close(done) }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("never durable")
	}
}

func TestWhatWasAppendedIsReplayedInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, _ := open(t, path, Options{})
	for i := 0; i < 100; i++ {
		appendAndWait(t, j, fmt.Sprint("record ", i))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, seen, cut := open(t, path, Options{})
	defer func() { _ = j.Close() }()
	if len(seen) != 100 || seen[0] != "record 0" || seen[99] != "record 99" || cut != 0 {
		t.Errorf("%d records, cut %d", len(seen), cut)
	}
}

func TestEveryTornTailIsCutAndTheRestKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	j, _, _ := open(t, path, Options{})
	appendAndWait(t, j, "first")
	appendAndWait(t, j, "second, the last one")
	_ = j.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	firstEnd := len(AppendRecord(AppendRecord(nil, []byte(magic)), []byte("first")))
	for size := firstEnd; size <= len(whole); size++ {
		torn := filepath.Join(dir, fmt.Sprint("torn", size))
		if err := os.WriteFile(torn, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		j, seen, _ := open(t, torn, Options{})
		want := 1
		if size == len(whole) {
			want = 2
		}
		if len(seen) != want {
			t.Errorf("cut at %d: %q", size, seen)
		}
		appendAndWait(t, j, "after")
		_ = j.Close()
		j, seen, _ = open(t, torn, Options{})
		_ = j.Close()
		if len(seen) != want+1 || seen[want] != "after" {
			t.Errorf("cut at %d, then appended: %q", size, seen)
		}
	}
}

func TestAFlippedByteEndsTheReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, _ := open(t, path, Options{})
	appendAndWait(t, j, "first")
	appendAndWait(t, j, "second")
	_ = j.Close()
	data, _ := os.ReadFile(path)
	data[len(data)-1] ^= 1
	_ = os.WriteFile(path, data, 0o600)
	j, seen, cut := open(t, path, Options{})
	defer func() { _ = j.Close() }()
	if len(seen) != 1 || cut == 0 {
		t.Errorf("%q cut %d", seen, cut)
	}
}

func TestAForeignFileIsRefusedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	foreign := AppendRecord(nil, []byte("mesolite-journal 9"))
	_ = os.WriteFile(path, foreign, 0o600)
	if _, _, err := OpenJournal(path, Options{}); err == nil || !strings.Contains(err.Error(), "not a journal") {
		t.Errorf("%v", err)
	}
	if data, _ := os.ReadFile(path); !bytes.Equal(data, foreign) {
		t.Error("it was changed")
	}
}

func TestManyWritersShareSyncsAndKeepTheirOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, _ := open(t, path, Options{})
	var told []string
	var mu sync.Mutex
	var all sync.WaitGroup
	for w := 0; w < 8; w++ {
		for i := 0; i < 50; i++ {
			name := fmt.Sprintf("%d/%02d", w, i)
			all.Add(1)
			if err := j.Append([]byte(name), func() { mu.Lock(); told = append(told, name); mu.Unlock(); all.Done() }); err != nil {
				t.Fatal(err)
			}
		}
	}
	all.Wait()
	_ = j.Close()
	j, seen, _ := open(t, path, Options{})
	_ = j.Close()
	if strings.Join(seen, " ") != strings.Join(told, " ") || len(seen) != 400 {
		t.Errorf("%d on disk, %d told", len(seen), len(told))
	}
}

func TestCompactionKeepsStateAndWhatComesAfter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, _ := open(t, path, Options{})
	for i := 0; i < 20; i++ {
		_ = j.Append([]byte(fmt.Sprint("old ", i)), nil)
	}
	j.Compact(AppendRecord(nil, []byte("state of all")))
	appendAndWait(t, j, "new")
	_ = j.Close()
	j, seen, _ := open(t, path, Options{})
	_ = j.Close()
	if strings.Join(seen, ",") != "state of all,new" {
		t.Errorf("%q", seen)
	}
}

func TestAGrownJournalAsksToBeCompactedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	asked := make(chan struct{}, 10)
	j, _, _ := open(t, path, Options{AskSnapshot: func() { asked <- struct{}{} }})
	big := strings.Repeat("x", 600_000)
	for i := 0; i < 4; i++ {
		appendAndWait(t, j, big)
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
	j.Compact(AppendRecord(nil, []byte("small")))
	appendAndWait(t, j, "more")
	_ = j.Close()
	if info, _ := os.Stat(path); info.Size() > 1000 {
		t.Errorf("still %d bytes", info.Size())
	}
}

func TestAJournalThatIsOpenedOftenIsCompactedNevertheless(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	asked := 0
	for life := 0; life < 6; life++ {
		j, _, _ := open(t, path, Options{Live: func() int64 { return 100_000 }, AskSnapshot: func() { asked++ }})
		appendAndWait(t, j, strings.Repeat("x", 300_000))
		_ = j.Close() // the one who asks has ended then
	}
	if asked != 3 { // in the fourth life it is over 1 MiB, and so it stays
		t.Errorf("asked in %d lives", asked)
	}
}

func TestNothingIsAnnouncedWhileTheDiskRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, _ := open(t, path, Options{})
	appendAndWait(t, j, "first") // and its room is there: nobody else has the file in hand now
	_ = j.file.Close()           // every write fails from now on
	told := make(chan struct{})
	_ = j.Append([]byte("lost"), func() { close(told) })
	until := time.Now().Add(5 * time.Second)
	for j.Trouble() == nil {
		if time.Now().After(until) {
			t.Fatal("no trouble is told")
		}
		time.Sleep(time.Millisecond)
	}
	select {
	case <-told:
		t.Error("announced without being on disk")
	default:
	}
	_ = j.Close()
	if err := j.Append([]byte("x"), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestWriteFileReplacesWholeAndLeavesNoTemp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"one", "two, longer", "3"} {
		if err := WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if data, _ := os.ReadFile(path); string(data) != text {
			t.Errorf("%q", data)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
	if err := WriteFile(filepath.Join(path, "below"), nil, 0o600); err == nil {
		t.Error("a file is no folder")
	}
}

// A8: what frees room on a full disk may lose it to others at once. The journal has its own.
func TestA8_TheJournalOwnsRoomBeyondItsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, _ := open(t, path, Options{})
	used := int64(len(AppendRecord(nil, []byte(magic))))
	for i := 0; i < 100; i++ {
		done := make(chan struct{})
		if err := j.Append(make([]byte, 8000), func() { close(done) }); err != nil {
			t.Fatal(err)
		}
		<-done
		used += recordHeader + 8000
		var stat syscall.Stat_t
		if err := syscall.Stat(path, &stat); err != nil {
			t.Fatal(err)
		}
		if owned := stat.Blocks * 512; owned-used < reserveBytes/2-2*8192 {
			t.Fatalf("%d bytes used, owns %d", used, owned)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// A3: an agent that was killed leaves zeros after its last record; a power cut may leave parts of records among them.
func TestA3_ZerosAfterTheEndAreNoTornRecordAndNothingAmongThemComesBack(t *testing.T) {
	dir := t.TempDir()
	first := AppendRecord(AppendRecord(nil, []byte(magic)), []byte("first"))
	lost := AppendRecord(nil, []byte("a"))
	for name, tail := range map[string][]byte{
		"nothing":                       nil,
		"zeros":                         make([]byte, 3*zeroBytes+17),
		"a whole record after a gap":    append(make([]byte, len(lost)), AppendRecord(nil, []byte("ghost"))...),
		"half of a record after a gap":  append(make([]byte, len(lost)), AppendRecord(nil, []byte("ghost"))[:9]...),
		"one byte at the end of zeros":  append(make([]byte, 2*zeroBytes), 1),
		"more zeros than are ever left": make([]byte, 3*reserveBytes),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, append(append([]byte{}, first...), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		j, seen, cut := open(t, path, Options{})
		if len(seen) != 1 || cut != 0 {
			t.Errorf("%s: %q cut %d", name, seen, cut)
		}
		appendAndWait(t, j, "a") // as long as the gap
		abandoned, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_ = j.Close()
		if err := os.WriteFile(path, abandoned, 0o600); err != nil {
			t.Fatal(err)
		}
		j, seen, _ = open(t, path, Options{})
		if _ = j.Close(); len(seen) != 2 || seen[1] != "a" {
			t.Errorf("%s, then killed: %q", name, seen)
		}
	}
}
