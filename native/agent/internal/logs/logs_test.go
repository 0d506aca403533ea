package logs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(runtime.NumCPU() + 2)
	os.Exit(m.Run())
}

// place is a folder of tasks with its keeper.
type place struct {
	t      *testing.T
	dir    string
	keeper *Keeper
	frozen map[string]int
	still  sync.Mutex // held while a task stands still
	nowMs  int64
}

func newPlace(t *testing.T, keeping wire.Keeping) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), frozen: map[string]int{}, nowMs: time.Now().UnixNano() / 1e6}
	p.open(keeping)
	t.Cleanup(func() { p.keeper.Close() })
	return p
}

func (p *place) open(keeping wire.Keeping) {
	keeper, err := NewKeeper(Options{
		TaskDir: func(id string) string { return filepath.Join(p.dir, id) }, Keeping: keeping,
		Freeze: func(id string) bool { p.still.Lock(); p.frozen[id]++; return true },
		Thaw:   func(id string) { p.frozen[id]--; p.still.Unlock() },
		Cap:    func(string, int64) {},
		Line:   p.t.Logf, NowMs: func() int64 { return p.nowMs },
	}, p.dir)
	must(p.t, err)
	keeper.KnowsAll()
	p.keeper = keeper
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *place) path(id, name string) string { return filepath.Join(p.dir, id, name) }

// task makes the files as the launcher does, and gives its stdout.
func (p *place) task(id string) *os.File {
	p.t.Helper()
	must(p.t, os.MkdirAll(filepath.Join(p.dir, id, "sandbox"), 0o755))
	must(p.t, os.WriteFile(p.path(id, "stderr"), nil, 0o600))
	file, err := os.OpenFile(p.path(id, "stdout"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(p.t, err)
	p.t.Cleanup(func() { _ = file.Close() })
	return file
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("never came true: %s", what)
		}
	}
}

func diskUse(path string) int64 {
	var stat syscall.Stat_t
	if syscall.Stat(path, &stat) != nil {
		return 0
	}
	return stat.Blocks * 512
}

// all reads a log from its head.
func (p *place) all(id string) (int64, []byte) {
	p.t.Helper()
	reader, err := p.keeper.Open(id, "stdout")
	must(p.t, err)
	defer reader.Close()
	var out []byte
	buf := make([]byte, 100_000)
	start, next := int64(-1), int64(0)
	for {
		n, at, err := reader.ReadAt(buf, next)
		if n == 0 {
			if err != nil && err != io.EOF {
				p.t.Fatal(err)
			}
			return start, out
		}
		if start < 0 {
			start = at
		} else if at != next {
			p.t.Fatalf("moved from %d to %d", next, at)
		}
		out, next = append(out, buf[:n]...), at+int64(n)
	}
}

var small = wire.Keeping{LogMibPerTask: 1, LogMibTotal: 64, KeepDays: 14, CacheMib: 16}

// numbered writes lines whose text says where they are.
func numbered(t *testing.T, out io.Writer, from, bytes int64) int64 {
	t.Helper()
	var text strings.Builder
	at := from
	for at < from+bytes {
		line := fmt.Sprintf("%015d\n", at)
		text.WriteString(line)
		at += int64(len(line))
	}
	_, err := io.WriteString(out, text.String())
	must(t, err)
	return at
}

func TestP4_ALogKeepsItsCapAndItsOffsets(t *testing.T) {
	for _, holes := range []bool{true, false} {
		t.Run(fmt.Sprintf("holes=%v", holes), func(t *testing.T) {
			if !holes {
				old := punch
				punch = func(int, int64, int64) error { return syscall.EOPNOTSUPP }
				defer func() { punch = old }()
			}
			p := newPlace(t, small)
			out := p.task("t-a")
			p.keeper.Begin("t-a", 0)
			at := int64(0)
			for at < 20<<20 {
				p.still.Lock()
				at = numbered(t, out, at, 100_000)
				p.still.Unlock()
				reader, err := p.keeper.Open("t-a", "stdout")
				must(t, err)
				eventually(t, "cut to its cap", func() bool {
					return diskUse(p.path("t-a", "stdout"))+diskUse(p.path("t-a", "stdout.old")) <= 1<<20+64*1024
				})
				size, err := reader.Size()
				must(t, err)
				reader.Close()
				if size != at {
					t.Fatalf("size %d, written %d", size, at)
				}
			}
			p.keeper.Close()
			start, data := p.all("t-a")
			if start == 0 || start+int64(len(data)) != at || len(data) < 200_000 {
				t.Fatalf("%d bytes from %d, written %d", len(data), start, at)
			}
			for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
				if want := fmt.Sprintf("%015d", start+int64(i)*16); line != want {
					t.Fatalf("line %d is %q, not %q", i, line, want)
				}
			}
			// The next agent finds it the same.
			p.open(small)
			p.keeper.Begin("t-a", 0)
			again, same := p.all("t-a")
			if again != start || !bytes.Equal(same, data) {
				t.Fatalf("after a restart %d bytes from %d", len(same), again)
			}
			for id, n := range p.frozen {
				if n != 0 {
					t.Errorf("%s was left standing still", id)
				}
			}
		})
	}
}

func TestP4_ALostHeadFileIsFoundAgainByTheHole(t *testing.T) {
	p := newPlace(t, small)
	out := p.task("t-a")
	p.keeper.Begin("t-a", 0)
	at := int64(0)
	for at < 4<<20 {
		at = numbered(t, out, at, 100_000)
	}
	eventually(t, "cut", func() bool { return diskUse(p.path("t-a", "stdout")) <= 1<<20+64*1024 })
	p.keeper.Close()
	start, _ := p.all("t-a")
	for _, text := range []string{"", "0 0 0\n", "x"} {
		must(t, os.WriteFile(p.path("t-a", "stdout.head"), []byte(text), 0o600))
		p.open(small)
		again, data := p.all("t-a")
		if again > start || start-again >= blockBytes || bytes.IndexByte(data, 0) >= 0 {
			t.Errorf("head file %q: from %d, was %d, zeros at %d", text, again, start, bytes.IndexByte(data, 0))
		}
		p.keeper.Close()
	}
	p.open(small)
}

// Containers, and tasks where there is no shim for Linux, write with nothing that makes them wait: they may pass the cap for
// as long as a busy machine keeps us waiting, and are brought back under it. What a shim carries never passes it:
// internal/e2e/flood_test.go.
func TestP4_AWriterThatNothingHoldsIsBroughtBackUnderItsCap(t *testing.T) {
	for _, line := range []string{"yes", "cat /dev/zero", "dd if=/dev/zero bs=1M", "while :; do head -c 3000000 /dev/urandom; done"} {
		t.Run(line, func(t *testing.T) {
			keeping := small
			keeping.LogMibPerTask = 48
			p := newPlace(t, keeping)
			out := p.task("t-a")
			writer := exec.Command("sh", "-c", "exec 2>/dev/null; "+line)
			writer.Stdout = out
			writer.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			p.keeper.Begin("t-a", 0)
			must(t, writer.Start())
			most := int64(0)
			for until := time.Now().Add(time.Second); time.Now().Before(until); time.Sleep(200 * time.Microsecond) {
				if use := diskUse(p.path("t-a", "stdout")); use > most {
					most = use
				}
			}
			// While it writes on: each time it is seen under its cap again.
			for round := 0; round < 3; round++ {
				size := fileBytes(t, p.path("t-a", "stdout"))
				eventually(t, "under the cap again", func() bool {
					return fileBytes(t, p.path("t-a", "stdout")) > size && diskUse(p.path("t-a", "stdout")) <= 48<<20
				})
			}
			_ = syscall.Kill(-writer.Process.Pid, syscall.SIGKILL)
			_ = writer.Wait()
			eventually(t, "under the cap at the end", func() bool { return diskUse(p.path("t-a", "stdout")) <= 48<<20 })
			t.Logf("%d MB/s, most on disk %d KiB of %d", fileBytes(t, p.path("t-a", "stdout"))>>20, most>>10, 48<<10)
		})
	}
}

func fileBytes(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

func TestTimesAreKeptToATenthOfASecond(t *testing.T) {
	p := newPlace(t, small)
	out := p.task("t-a")
	p.keeper.Begin("t-a", 0)
	type mark struct{ at, before, after int64 }
	var marks []mark
	at := int64(0)
	for i := 0; i < 6; i++ {
		before := time.Now().UnixNano() / 1e6
		_, err := io.WriteString(out, "hello\n")
		must(t, err)
		marks = append(marks, mark{at, before, time.Now().UnixNano() / 1e6})
		at += 6
		until := time.Now().Add(150 * time.Millisecond)
		eventually(t, "the next moment", func() bool { return time.Now().After(until) })
	}
	check := func() {
		t.Helper()
		reader, err := p.keeper.Open("t-a", "stdout")
		must(t, err)
		defer reader.Close()
		times := reader.Times(0, 1<<40)
		if len(times) != len(marks) {
			t.Fatalf("%d times for %d writes: %v", len(times), len(marks), times)
		}
		for i, m := range marks {
			if times[i].Offset != m.at || times[i].AtMs < m.before-100 || times[i].AtMs > m.after+100 {
				t.Errorf("%+v, written %+v", times[i], m)
			}
		}
		if part := reader.Times(13, 19); len(part) != 2 || part[0].Offset != 12 || part[1].Offset != 18 {
			t.Errorf("a range: %v", part)
		}
	}
	check()
	p.keeper.Close()
	// A power cut left half a pair, or zeros.
	for _, torn := range []string{"\x86", "\x06", "\x00\x00\x00\x00"} {
		file, err := os.OpenFile(p.path("t-a", "stdout.times"), os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		_, err = file.WriteString(torn)
		must(t, err)
		must(t, file.Close())
		p.open(small)
		check()
		p.keeper.Close()
	}
	p.open(small)
}

func TestTimesStayWithinTheirCap(t *testing.T) {
	var line timeLine
	line.load(filepath.Join(t.TempDir(), "x.times"), "/nonexistent")
	n := int64(300_000)
	for i := int64(0); i < n; i++ {
		line.note(i*10, 1_700_000_000_000+i*150, 0)
	}
	info, err := os.Stat(line.path)
	must(t, err)
	pairs := line.all()
	if info.Size() > timesCap || len(pairs) < 10_000 || pairs[0].Offset != 0 {
		t.Fatalf("%d bytes, %d pairs", info.Size(), len(pairs))
	}
	last := pairs[len(pairs)-1]
	if last.Offset != (n-1)*10 || last.AtMs != 1_700_000_000_000+(n-1)*150 {
		t.Errorf("the last is %+v", last)
	}
	for i := 1; i < len(pairs); i++ {
		if pairs[i].Offset <= pairs[i-1].Offset {
			t.Fatalf("not ascending at %d", i)
		}
	}
}

func TestATaskThatTruncatesItsLogIsFollowed(t *testing.T) {
	p := newPlace(t, small)
	out := p.task("t-a")
	p.keeper.Begin("t-a", 0)
	at := int64(0)
	for at < 3<<20 {
		at = numbered(t, out, at, 100_000)
	}
	eventually(t, "cut", func() bool { s, _ := p.all("t-a"); return s > 0 })
	must(t, os.Truncate(p.path("t-a", "stdout"), 0))
	_, err := io.WriteString(out, "anew\n")
	must(t, err)
	eventually(t, "begun again", func() bool {
		start, data := p.all("t-a")
		return start == 0 && string(data) == "anew\n"
	})
}
