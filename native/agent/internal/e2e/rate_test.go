package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"sort"
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
	sort.Slice(started, func(i, j int) bool { return started[i] < started[j] })
	b.ReportMetric(rate, "tasks/s")
	b.ReportMetric(bare, "bare/s")
	b.ReportMetric(rate/bare, "ratio")
	b.ReportMetric(float64(started[len(started)/2].Microseconds())/1000, "start-p50-ms")
}

// BenchmarkStart starts one task at a time: frame in to process started, as the master sees it.
func BenchmarkStart(b *testing.B) {
	t := &testing.T{}
	h := newBenchHost(b, t)
	c, _ := h.greet()
	var took []time.Duration
	for i := 0; i < b.N; i++ {
		from := time.Now()
		id := fmt.Sprintf("t-%d", i)
		_ = c.send("task.launch", map[string]interface{}{"info": argv(id, "/bin/true")})
		for {
			status := <-c.statuses
			_ = c.send("update.ack", wire.AckParams{TaskID: status.TaskID, UUID: *status.UUID})
			if status.State == wire.StateRunning {
				took = append(took, time.Since(from))
				continue
			}
			break
		}
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
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
