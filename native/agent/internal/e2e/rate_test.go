package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

// BenchmarkShortTasks runs `true` as often as it can: asked, on disk, run, exit on disk, told, acknowledged. Run it
// with -bench ShortTasks -benchtime 2000x. It says the rate, that of bare fork+exec, and the start latency.
func BenchmarkShortTasks(b *testing.B) {
	h := newBenchHost(b, &testing.T{})
	m := newHurriedMaster(b, h)
	const inFlight = 64
	asked := make([]time.Time, b.N)
	started := make([]time.Duration, 0, b.N)
	bare := bareRate(b)
	b.ResetTimer()
	from := time.Now()
	next, ended := 0, 0
	ask := func() {
		asked[next] = time.Now()
		m.call("task.launch", m.launch, "t-"+strconv.Itoa(next))
		next++
	}
	for next < b.N && next < inFlight {
		ask()
	}
	for ended < b.N {
		id, state, uuid := m.status()
		m.call("update.ack", ackParams, id, uuid)
		if state == wire.StateRunning {
			n, err := strconv.Atoi(strings.TrimPrefix(id, "t-"))
			if err != nil {
				b.Fatal(err)
			}
			started = append(started, time.Since(asked[n]))
			continue
		}
		m.call("task.forget", forgetParams, id)
		if ended++; next < b.N {
			ask()
		}
		if state != wire.StateFinished {
			b.Errorf("%s: %s", id, state)
		}
	}
	rate := float64(b.N) / time.Since(from).Seconds()
	b.StopTimer()
	bare = (bare + bareRate(b)) / 2 // before and after: the machine is not always as fast
	b.ReportMetric(rate, "tasks/s")
	b.ReportMetric(bare, "bare/s")
	b.ReportMetric(rate/bare, "ratio")
	b.ReportMetric(percentile(started, 50), "start-p50-ms")
}

// hurriedMaster is a master that costs little, since what it costs is in the rate: it builds its calls out of pieces,
// looks only at what it needs of a message, and writes when nothing is left to be read.
type hurriedMaster struct {
	b      *testing.B
	conn   net.Conn
	source *bufio.Reader
	frames *wire.Reader
	out    []byte
	body   []byte
	calls  int
	launch []string // around the id of the task
}

var (
	ackParams    = []string{`{"taskId":"`, `","uuid":"`, `"}`}
	forgetParams = []string{`{"taskId":"`, `"}`}
)

func newHurriedMaster(b *testing.B, h *host) *hurriedMaster {
	conn, err := link.Dial(h.dir, time.Second)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	m := &hurriedMaster{b: b, conn: conn, source: bufio.NewReaderSize(conn, 64<<10)}
	m.frames = wire.NewReader(m.source)
	const id = "THE-TASK"
	info, err := wire.Encode(map[string]interface{}{"info": argv(id, "/bin/true")})
	if err != nil {
		b.Fatal(err)
	}
	m.launch = strings.Split(strings.Replace(string(info), `"name":"`+id+`"`, `"name":"true"`, 1), id)
	hello, err := wire.Encode(helloOf("master-test", 1))
	if err != nil {
		b.Fatal(err)
	}
	m.call("hello", []string{string(hello)})
	if answer := string(m.read()); !strings.Contains(answer, `"result":`) {
		b.Fatal(answer)
	}
	return m
}

// call queues one; its params are pieces with a value between each two.
func (m *hurriedMaster) call(name string, pieces []string, values ...string) {
	m.calls++
	m.body = append(strconv.AppendInt(append(m.body[:0], `{"v":1,"id":`...), int64(m.calls), 10), `,"call":"`...)
	m.body = append(append(m.body, name...), `","params":`...)
	for i, piece := range pieces {
		if m.body = append(m.body, piece...); i < len(values) {
			m.body = append(m.body, values[i]...)
		}
	}
	var err error
	if m.out, err = wire.AppendJSON(m.out, append(m.body, '}')); err != nil {
		m.b.Fatal(err)
	}
}

func (m *hurriedMaster) read() []byte {
	if len(m.out) > 0 && m.source.Buffered() == 0 {
		if _, err := m.conn.Write(m.out); err != nil {
			m.b.Fatal(err)
		}
		m.out = m.out[:0]
	}
	frame, err := m.frames.Next()
	if err != nil {
		m.b.Fatal(err)
	}
	return frame.Payload
}

// status waits for the next status update. A refusal ends the measurement.
func (m *hurriedMaster) status() (id, state, uuid string) {
	for {
		payload := m.read()
		if bytes.Contains(payload, []byte(`"event":"status-update"`)) {
			return m.field(payload, `"taskId":"`), m.field(payload, `"state":"`), m.field(payload, `"uuid":"`)
		}
		if bytes.Contains(payload, []byte(`"error":`)) {
			m.b.Fatalf("%s", payload)
		}
	}
}

func (m *hurriedMaster) field(payload []byte, before string) string {
	_, rest, found := bytes.Cut(payload, []byte(before))
	value, _, ends := bytes.Cut(rest, []byte{'"'})
	if !found || !ends {
		m.b.Fatalf("no %s in %s", before, payload)
	}
	return string(value)
}

// BenchmarkStart starts one task at a time: frame in to process started. Told is the moment the master has the durable
// update.
func BenchmarkStart(b *testing.B) {
	h := newBenchHost(b, &testing.T{})
	one := newOneByOne(b, h)
	var started, told []time.Duration
	for i := 0; i < b.N; i++ {
		ran, heard := one.start(fmt.Sprintf("t-%d", i))
		started, told = append(started, ran), append(told, heard)
	}
	b.ReportMetric(percentile(started, 50), "p50-ms")
	b.ReportMetric(percentile(started, 99), "p99-ms")
	b.ReportMetric(percentile(told, 50), "told-p50-ms")
}

// oneByOne starts short tasks, one after the other. Each opens a fifo as its first deed, so the shell's own start is in
// the figure.
type oneByOne struct {
	b    *testing.B
	c    *client
	fifo string
}

func newOneByOne(b *testing.B, h *host) *oneByOne {
	c, _ := h.greet()
	fifo := filepath.Join(filepath.Dir(h.dir), filepath.Base(h.dir)+".fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.Remove(fifo) })
	return &oneByOne{b, c, fifo}
}

// start runs a task to its end: how long until it ran, and until we were told so.
func (o *oneByOne) start(id string) (started, told time.Duration) {
	from := time.Now()
	_ = o.c.send("task.launch", map[string]interface{}{"info": shell(id, ": > "+o.fifo)})
	file, err := os.Open(o.fifo) // until the task opens it too
	if err != nil {
		o.b.Fatal(err)
	}
	started = time.Since(from)
	_ = file.Close() // nothing comes
	for over := false; !over; {
		status := <-o.c.statuses
		if over = status.State != wire.StateRunning; !over {
			told = time.Since(from)
		}
		_ = o.c.send("update.ack", wire.AckParams{TaskID: status.TaskID, UUID: *status.UUID})
	}
	return started, told
}

// percentile in ms.
func percentile(list []time.Duration, p int) float64 {
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	return float64(list[len(list)*p/100].Microseconds()) / 1000
}

func newBenchHost(b *testing.B, t *testing.T) *host {
	h := &host{t: t, dir: restedDir(b)}
	h.start()
	b.Cleanup(h.stopAll)
	return h
}

// restedDir is a folder where nothing was just deleted: ext4 looks past each inode that was deleted in the last minutes
// (recently_deleted in fs/ext4/ialloc.c), so after a run of the tests one file more costs 0.9 ms instead of 0.02, and
// that is what would be measured. The flag "top of a hierarchy" (chattr +T) has ext4 put what is made below somewhere
// else on the disk; other file systems do without.
func restedDir(b *testing.B) string {
	base, err := os.MkdirTemp("", "mesolite-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(base) })
	_ = exec.Command("chattr", "+T", base).Run()
	dir := filepath.Join(base, filepath.Base(base)) // where it lands follows from its name
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	return dir
}

// bareRate is what the machine can do at best: start /bin/true and wait for it, on all cores.
func bareRate(b *testing.B) float64 {
	const workers, each = 2, 300
	from := time.Now()
	done := make(chan error, workers)
	for w := 0; w < workers; w++ {
		go func() {
			for i := 0; i < each; i++ {
				if err := exec.Command("/bin/true").Run(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for w := 0; w < workers; w++ {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	return workers * each / time.Since(from).Seconds()
}
