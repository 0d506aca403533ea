package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// BenchmarkShortTasks runs `true` as often as it can: asked, on disk, run, exit on disk, told, acknowledged. Run it
// with -bench ShortTasks -benchtime 2000x. It says the rate, that of bare fork+exec, and the start latency.
func BenchmarkShortTasks(b *testing.B) {
	t := &testing.T{}
	h := newBenchHost(b, t)
	c, _ := h.greet()
	const inFlight = 64
	asked := make([]time.Time, b.N)
	started := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	from := time.Now()
	next, ended := 0, 0
	ask := func() {
		asked[next] = time.Now()
		id := fmt.Sprintf("t-%d", next)
		next++
		if err := c.send("task.launch", map[string]interface{}{"info": argv(id, "/bin/true")}); err != nil {
			b.Fatal(err)
		}
	}
	for next < b.N && next < inFlight {
		ask()
	}
	for ended < b.N {
		status := <-c.statuses
		if status.State == wire.StateRunning {
			n := 0
			_, _ = fmt.Sscanf(status.TaskID, "t-%d", &n)
			started = append(started, time.Since(asked[n]))
		} else {
			ended++
			if next < b.N {
				ask()
			}
			if status.State != wire.StateFinished {
				b.Errorf("%+v", status)
			}
		}
		_ = c.send("update.ack", wire.AckParams{TaskID: status.TaskID, UUID: *status.UUID})
		if status.State != wire.StateRunning {
			_ = c.send("task.forget", wire.TaskParams{TaskID: status.TaskID})
		}
	}
	rate := float64(b.N) / time.Since(from).Seconds()
	b.StopTimer()
	bare := bareRate(b)
	b.ReportMetric(rate, "tasks/s")
	b.ReportMetric(bare, "bare/s")
	b.ReportMetric(rate/bare, "ratio")
	b.ReportMetric(percentile(started, 50), "start-p50-ms")
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
	dir, err := os.MkdirTemp(os.Getenv("BENCH_DIR"), "mesolite-bench-")
	if err != nil {
		b.Fatal(err)
	}
	h := &host{t: t, dir: dir}
	h.start()
	b.Cleanup(func() {
		h.stopAll()
		_ = os.RemoveAll(dir)
	})
	return h
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
