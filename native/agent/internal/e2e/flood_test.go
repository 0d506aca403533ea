package e2e

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// A flood is a task that writes faster than its log may keep. Its cap is held by its shim, which takes no more than
// there is room for; these tests hold it to what the catalogue says, the cap and one megabyte, at every sample.

const capSlack = 1_000_000

// flood writes lines of 16 bytes, so that every byte tells by its offset whether it is the right one.
const (
	flood     = "yes 123456789012345"
	floodLine = "123456789012345\n"
)

// gauge samples what one of these files takes on the disk at most, until it is asked.
func gauge(paths ...string) (most func() int64) {
	return sample(func() int64 {
		most := int64(0)
		for _, path := range paths {
			if use := blocks(path); use > most {
				most = use
			}
		}
		return most
	})
}

func sample(measure func() int64) (most func() int64) {
	stop, over := make(chan struct{}), make(chan int64, 1)
	go func() {
		most := int64(0)
		for {
			select {
			case <-stop:
				over <- most
				return
			default:
			}
			if now := measure(); now > most {
				most = now
			}
			time.Sleep(500 * time.Microsecond)
		}
	}()
	return func() int64 { close(stop); return <-over }
}

// longFor is for tests of endurance: MESOLITE_LONG=60 makes a minute of each.
func longFor() time.Duration {
	long, _ := time.ParseDuration(os.Getenv("MESOLITE_LONG") + "s") // unset: none
	return long
}

// grows waits until a file is so long, however long that takes, as long as it grows.
func (h *host) grows(path string, to int64) {
	h.t.Helper()
	for size := fileSize(path); size < to; size = fileSize(path) {
		h.eventually("it writes on", func() bool { return fileSize(path) > size })
	}
}

func TestP4_AFloodNeverPassesTheCapOfItsLog(t *testing.T) {
	lines := []struct{ name, line string }{
		{"yes", "exec " + flood}, {"dd", "exec dd if=/dev/zero bs=1M 2>/dev/null"},
		{"random", "exec dd if=/dev/urandom bs=64k 2>/dev/null"}, {"both", flood + " & exec " + flood + " >&2"},
	}
	for _, capMib := range []int{2, 16, 64} {
		for i, flow := range lines {
			if longFor() == 0 && (capMib == 16 && i != 3 || capMib == 64 && i != 0) {
				continue // the other ones when they are asked for
			}
			t.Run(fmt.Sprintf("%s into %d MiB", flow.name, capMib), func(t *testing.T) {
				h := newHost(t)
				c, _ := h.greet()
				logs := []string{h.file("t-a", "stdout"), h.file("t-a", "stderr")}
				most := gauge(logs...)
				begin := time.Now()
				c.launch(limited(shell("t-a", flow.line), capMib))
				c.status()
				goesOn := func() { t.Helper(); h.grows(logs[0], fileSize(logs[0])+1<<20) }
				goesOn()
				// Meanwhile others are served.
				for n := 0; n == 0 || time.Since(begin) < longFor() || fileSize(logs[0]) < int64(64+4*capMib)<<20; n++ {
					id := "t-other" + strconv.Itoa(n)
					c.launch(shell(id, "echo here"))
					if end := c.terminal(id); end.State != wire.StateFinished {
						t.Fatalf("%+v", end)
					}
					if data, _ := c.log(id, "stdout", false); string(data) != "here\n" {
						t.Fatalf("%q", data)
					}
					if flow.name == "yes" || flow.name == "both" {
						c.exact("t-a", false, 0)
					}
					goesOn()
				}
				took := time.Since(begin)
				c.call("task.kill", wire.KillParams{TaskID: "t-a"}, nil)
				if end := c.terminal("t-a"); end.State != wire.StateKilled {
					t.Errorf("%+v", end)
				}
				written := fileSize(logs[0]) + fileSize(logs[1])
				over := most() - int64(capMib)<<20
				t.Logf("%d MiB in %.1f s, at most %d KiB over the cap", written>>20, took.Seconds(), over>>10)
				if over > capSlack {
					t.Errorf("%d bytes over the cap", over)
				}
			})
		}
	}
}

// exact reads the log of a flood, and checks every byte by the offset that the agent tells for it. With follow it
// ends when the stream has come to this offset.
func (c *client) exact(id string, follow bool, to int64) {
	c.t.Helper()
	var opened wire.LogOpenResult
	c.call("log.open", wire.LogOpenParams{TaskID: id, File: "stdout", Follow: follow}, &opened)
	c.call("stream.credit", wire.CreditParams{Stream: opened.Stream, Bytes: 1 << 40}, nil)
	pattern := bytes.Repeat([]byte(floodLine), 1<<16)
	at, checked := opened.StartOffset, int64(0)
	for until := time.Now().Add(patience); ; {
		c.dataMu.Lock()
		data, jumps := c.data[opened.Stream], c.moved[opened.Stream]
		delete(c.data, opened.Stream)
		delete(c.moved, opened.Stream)
		_, over := c.ends[opened.Stream]
		c.dataMu.Unlock()
		from := 0
		check := func(part []byte) {
			for len(part) > 0 {
				n, skew := len(part), int(at%16)
				if most := len(pattern) - 16; n > most {
					n = most
				}
				if !bytes.Equal(part[:n], pattern[skew:skew+n]) {
					c.t.Fatalf("at %d, in %d bytes, is something else", at, n)
				}
				part, at, checked = part[n:], at+int64(n), checked+int64(n)
			}
		}
		for _, jump := range jumps {
			check(data[from:jump.at])
			if jump.offset < at {
				c.t.Fatalf("moved back from %d to %d", at, jump.offset)
			}
			from, at = jump.at, jump.offset
		}
		check(data[from:])
		switch {
		case follow && at >= to:
			c.call("stream.close", map[string]interface{}{"stream": opened.Stream}, nil)
			return
		case over:
			if at != opened.SizeBytes {
				c.t.Fatalf("ended at %d of %d, %d checked", at, opened.SizeBytes, checked)
			}
			return
		case time.Now().After(until):
			c.t.Fatalf("the log stands at %d", at)
		case len(data) == 0:
			time.Sleep(time.Millisecond)
		default:
			until = time.Now().Add(patience)
		}
	}
}

func TestP4_WhatAFollowerGetsOfAFloodIsExact(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(limited(shell("t-a", "exec "+flood), 2))
	c.status()
	c.exact("t-a", true, 512<<20)
}

// The cap does not need the agent: whether it is gone or stands still, the shim gives the beginning back itself, and
// the task goes on. What is read afterwards is as true.
func TestA1_TheCapOfALogHoldsWhileTheAgentIsDeadOrStandsStill(t *testing.T) {
	for name, away := range map[string]func(h *host) (back func()){
		"dead": func(h *host) func() { h.kill9(); return h.start },
		"stopped": func(h *host) func() {
			_ = h.cmd.Process.Signal(syscall.SIGSTOP) // ours, and alive
			return func() { _ = h.cmd.Process.Signal(syscall.SIGCONT) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			c, _ := h.greet()
			out := h.file("t-a", "stdout")
			most := gauge(out)
			c.launch(limited(shell("t-a", "exec "+flood), 2))
			c.status()
			back := away(h)
			h.grows(out, fileSize(out)+8<<20)
			back()
			if name == "dead" {
				c, _ = h.greet()
			}
			for i := 0; i < 5; i++ {
				c.exact("t-a", false, 0)
			}
			c.exact("t-a", true, fileSize(out)+64<<20)
			if over := most() - 2<<20; over > capSlack {
				t.Errorf("%d bytes over the cap", over)
			}
		})
	}
}

// A smaller cap holds at once, for the shim of a running task too.
func TestP4_TheCapOfARunningFloodIsChanged(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	out := h.file("t-a", "stdout")
	c.launch(shell("t-a", "exec "+flood))
	c.status()
	for _, capMib := range []int{1, 8, 2} {
		keeping := map[string]int{"logMibPerTask": capMib, "logMibTotal": 64, "keepDays": 3, "cacheMib": 16}
		c.call("agent.configure", map[string]interface{}{"keeping": keeping}, nil)
		h.eventually("it keeps to it", func() bool { return blocks(out) <= int64(capMib)<<20 })
		most := gauge(out)
		h.grows(out, fileSize(out)+32<<20)
		if over := most() - int64(capMib)<<20; over > capSlack {
			t.Errorf("%d bytes over the cap of %d MiB", over, capMib)
		}
	}
}

// All logs together have a cap as well: the shims are told what is left to each.
func TestP4_ManyFloodsTogetherKeepToTheCapOfTheMachine(t *testing.T) {
	const totalMib = 16
	h := newHost(t)
	c, _ := h.greet()
	keeping := map[string]int{"logMibPerTask": 64, "logMibTotal": totalMib, "keepDays": 3, "cacheMib": 16}
	c.call("agent.configure", map[string]interface{}{"keeping": keeping}, nil)
	var logs []string
	for i := 0; i < 3; i++ {
		id := "t-" + strconv.Itoa(i)
		c.launch(shell(id, "exec "+flood))
		c.status()
		logs = append(logs, h.file(id, "stdout"))
	}
	all := func() int64 {
		sum := int64(0)
		for _, log := range logs {
			sum += blocks(log)
		}
		return sum
	}
	for _, log := range logs {
		h.grows(log, totalMib<<20)
	}
	// The agent tells the shims when it has seen that together they are over it. While it moves room from one to another, they
	// may be over it for a moment, by what is moved: never by more than all of it.
	over := func(growth int64) int64 {
		most := sample(all)
		for _, log := range logs {
			h.grows(log, fileSize(log)+growth)
		}
		return most() - totalMib<<20
	}
	isKept := func() bool { return over(16<<20) <= capSlack }
	h.eventually("each was told what is left to it", isKept)
	if bytes := over(64 << 20); bytes > totalMib<<20 {
		t.Errorf("%d bytes over the cap of the machine", bytes)
	}
	h.eventually("they keep to it again", isKept)
	c.exact("t-1", false, 0)
}

// BenchmarkFlood says what a flood costs others: run it with -bench Flood -benchtime 1x. One flood for each size of cap
// and each way to write, and none for comparison; meanwhile the agent is asked and starts tasks, one at a time.
func BenchmarkFlood(b *testing.B) {
	each, err := time.ParseDuration(os.Getenv("MESOLITE_FLOOD_S") + "s")
	if err != nil {
		each = 10 * time.Second
	}
	for _, capMib := range []int{0, 2, 16, 64} {
		for _, line := range []string{flood, "dd if=/dev/zero bs=1M", "dd if=/dev/urandom bs=64k", flood + " & exec " + flood + " >&2"} {
			if capMib == 0 {
				line = ":"
			}
			b.Run(strconv.Itoa(capMib), func(b *testing.B) { measureFlood(b, line, capMib, each) })
			if capMib == 0 {
				break
			}
		}
	}
}

func measureFlood(b *testing.B, line string, capMib int, each time.Duration) {
	h := newBenchHost(b, &testing.T{})
	one := newOneByOne(b, h)
	logs := []string{h.file("t-a", "stdout"), h.file("t-a", "stderr")}
	most := gauge(logs...)
	one.c.launch(limited(shell("t-a", line+"; exec sleep 1000"), capMib))
	one.c.status()
	var started, answered []time.Duration
	begin := time.Now()
	for n := 0; time.Since(begin) < each; n++ {
		ran, _ := one.start(fmt.Sprintf("t-%d", n))
		started = append(started, ran)
		from := time.Now()
		one.c.call("ping", wire.Empty{}, nil)
		answered = append(answered, time.Since(from))
	}
	written := fileSize(logs[0]) + fileSize(logs[1])
	b.ReportMetric(float64(written)/1e6/time.Since(begin).Seconds(), "MB/s")
	b.ReportMetric(float64(most()-int64(capMib)<<20)/1024, "over-KiB")
	b.ReportMetric(percentile(started, 50), "start-p50-ms")
	b.ReportMetric(percentile(started, 99), "start-p99-ms")
	b.ReportMetric(percentile(answered, 50), "ping-p50-ms")
	b.ReportMetric(percentile(answered, 99), "ping-p99-ms")
}
