package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func limited(info map[string]interface{}, logMib int) map[string]interface{} {
	info["logMib"] = logMib
	return info
}

func blocks(path string) int64 {
	var stat syscall.Stat_t
	if syscall.Stat(path, &stat) != nil {
		return 0
	}
	return stat.Blocks * 512
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func refused(t *testing.T, err error, reason string) *wire.Error {
	t.Helper()
	var refusal *wire.Error
	if !errors.As(err, &refusal) || refusal.Reason != reason {
		t.Fatalf("%v, not refused with %s", err, reason)
	}
	return refusal
}

func TestP4_OneLineOfAGigabyteAndBytesThatAreNoText(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(limited(shell("t-line", "head -c 1073741824 /dev/zero | tr '\\0' x; echo; printf 'a\\000b\\377\\033]52;c;eA==\\007end'"), 8))
	c.status()
	h.grows(h.file("t-line", "stdout"), 1<<30)
	if end := c.terminal("t-line"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	h.eventually("cut", func() bool { return blocks(h.file("t-line", "stdout")) <= 8<<20 })
	data, cause := c.log("t-line", "stdout", false)
	tail := "\na\x00b\xff\x1b]52;c;eA==\x07end"
	if cause != wire.EndFinished || !bytes.HasSuffix(data, []byte("xxx"+tail)) || len(data) > 8<<20 {
		t.Errorf("%s, %d bytes, ends with %q", cause, len(data), data[len(data)-20:])
	}
	if rest := bytes.Trim(data[:len(data)-len(tail)], "x"); len(rest) > 0 {
		t.Errorf("something else is in the line: %q", rest[:1])
	}
	var found wire.LogSearchResult
	c.call("log.search", wire.LogSearchParams{TaskID: "t-line", File: "stdout", Text: "END", Limit: 10}, &found)
	for len(found.Matches) == 0 && found.More {
		c.call("log.search", wire.LogSearchParams{TaskID: "t-line", File: "stdout", Text: "END", Limit: 10, From: found.Next}, &found)
	}
	if len(found.Matches) != 1 || found.Matches[0].Offset != 1<<30+1 || found.Next != 1<<30+int64(len(tail)) {
		t.Errorf("%+v", found)
	}
}

func TestP4_AFollowerThatFallsBehindIsMovedForward(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(limited(shell("t-a", "i=0; while [ $i -lt 400 ]; do seq -f %015.0f $((i * 1000)) $((i * 1000 + 999)); i=$((i + 1)); done; cat; sleep 100"), 1))
	h.eventually("it writes", func() bool { return fileSize(h.file("t-a", "stdout")) > 0 })
	var opened wire.LogOpenResult
	c.call("log.open", wire.LogOpenParams{TaskID: "t-a", File: "stdout", Follow: true}, &opened)
	h.eventually("it has written all", func() bool { return fileSize(h.file("t-a", "stdout")) == 400*16000 })
	h.eventually("cut", func() bool { return blocks(h.file("t-a", "stdout")) <= 1<<20 })
	c.call("stream.credit", wire.CreditParams{Stream: opened.Stream, Bytes: 1 << 40}, nil)
	// What came is checked by where it says it is.
	h.eventually("the last line comes", func() bool {
		c.dataMu.Lock()
		defer c.dataMu.Unlock()
		return bytes.HasSuffix(c.data[opened.Stream], []byte("000000000399999\n"))
	})
	c.dataMu.Lock()
	defer c.dataMu.Unlock()
	moved, data := c.moved[opened.Stream], c.data[opened.Stream]
	if len(moved) == 0 {
		t.Fatal("it was not moved")
	}
	at, next := opened.StartOffset, 0
	for i := 0; i < len(data); {
		if next < len(moved) && moved[next].at == i {
			at = moved[next].offset
			next++
		}
		n := 16 - int(at%16)
		if next < len(moved) && i+n > moved[next].at {
			n = moved[next].at - i
		}
		if n > len(data)-i {
			n = len(data) - i
		}
		want := fmt.Sprintf("%015d\n", at/16)[at%16:]
		if got := string(data[i : i+n]); got != want[:n] {
			t.Fatalf("at %d is %q, not %q", at, got, want[:n])
		}
		i, at = i+n, at+int64(n)
	}
	if next != len(moved) || at != 400*16000 {
		t.Errorf("moved %d of %d times, ended at %d", next, len(moved), at)
	}
}

func TestLogTimesAndSearchOnTheAgent(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	nowMs := func() int64 { return time.Now().UnixNano() / 1e6 }
	// Each line is written only when the one before has its time and is old enough to be told apart from the next.
	c.launch(shell("t-a", "for i in 1 2 3 4; do echo line $i; until [ -e go$i ]; do sleep 0.02; done; done; echo ERROR one; echo error two >&2"))
	var times wire.LogTimesResult
	timesAre := func(count int) func() bool {
		return func() bool {
			times = wire.LogTimesResult{}
			c.call("log.times", wire.LogTimesParams{TaskID: "t-a", File: "stdout", From: 0, To: 1 << 40}, &times)
			return len(times.Times) == count
		}
	}
	leastMs := []int64{nowMs()}
	for line := 1; line <= 4; line++ {
		h.eventually(fmt.Sprintf("the time of line %d is known", line), timesAre(line))
		h.eventually("it is old enough", func() bool { return nowMs()-times.Times[line-1].AtMs >= 150 })
		leastMs = append(leastMs, nowMs())
		if err := os.WriteFile(h.file("t-a", fmt.Sprintf("sandbox/go%d", line)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.eventually("the time of the last line is known", timesAre(5))
	if end := c.terminal("t-a"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	for i, at := range times.Times {
		if at.Offset != int64(i)*7 || at.AtMs < leastMs[i]-10 || at.AtMs > nowMs() {
			t.Errorf("time %d is %+v; its line was written at %d at the earliest", i, at, leastMs[i])
		}
	}
	var found wire.LogSearchResult
	c.call("log.search", wire.LogSearchParams{TaskID: "t-a", File: "stdout", Text: "error", Limit: 10}, &found)
	if len(found.Matches) != 1 || found.Matches[0].Line != "ERROR one" || found.Matches[0].Offset != 28 || found.More || *found.Matches[0].AtMs != times.Times[4].AtMs {
		t.Errorf("%+v", found)
	}
	for _, bad := range []wire.LogSearchParams{
		{TaskID: "t-a", File: "stdout", Limit: 10}, {TaskID: "t-a", File: "stdout", Text: "x"}, {TaskID: "t-a", File: "stdout", Text: "x", Limit: 1001},
		{TaskID: "t-a", File: "stdout", Text: "x", Limit: 1, From: -1}, {TaskID: "t-a", File: "../run", Text: "x", Limit: 1},
	} {
		if err := c.try("log.search", bad, nil); err == nil || err.(*wire.Error).Code != wire.CodeInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	refused(t, c.try("log.times", wire.LogTimesParams{TaskID: "t-b", File: "stdout"}, nil), "task")
}

func TestP4_ALogGoesOnOverACrashOfTheAgent(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(limited(shell("t-a", "yes 123456789012345 | head -n 2000000; sleep 100"), 1))
	h.eventually("it writes", func() bool { return fileSize(h.file("t-a", "stdout")) > 4<<20 })
	h.kill9()
	h.eventually("it has written all", func() bool { return fileSize(h.file("t-a", "stdout")) == 32_000_000 })
	h.start()
	c, _ = h.greet()
	h.eventually("cut again", func() bool { return blocks(h.file("t-a", "stdout")) <= 1<<20 })
	data, _ := c.log("t-a", "stdout", false)
	if want := strings.Repeat("123456789012345\n", len(data)/16); len(data) < 200_000 || string(data) != want {
		t.Errorf("%d bytes, begins with %q", len(data), data[:16])
	}
}

func TestA1_ATaskHeldBackByADeadAgentGoesOn(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if hello.Facts.Cgroup != "v1" {
		t.Fatalf("this machine has %s", hello.Facts.Cgroup)
	}
	c.launch(shell("t-a", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done"))
	h.eventually("it writes", func() bool { return fileSize(h.file("t-a", "stdout")) > 0 })
	h.kill9()
	states, err := filepath.Glob("/sys/fs/cgroup/freezer/mesolite/" + hello.AgentID + "/t-a/freezer.state")
	if err != nil || len(states) != 1 {
		t.Fatalf("%v %v", states, err)
	}
	if err := os.WriteFile(states[0], []byte("FROZEN"), 0); err != nil {
		t.Fatal(err)
	}
	h.start()
	size := fileSize(h.file("t-a", "stdout"))
	h.eventually("it writes again", func() bool { return fileSize(h.file("t-a", "stdout")) > size })
}

func TestKeepingIsConfiguredAndSurvivesARestart(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	keeping := map[string]int{"logMibPerTask": 12, "logMibTotal": 16, "keepDays": 3, "cacheMib": 16}
	c.call("agent.configure", map[string]interface{}{"keeping": keeping}, nil)
	for field, bad := range map[string]int{"logMibPerTask": 0, "logMibTotal": 15, "keepDays": -1, "cacheMib": 1} {
		wrong := map[string]int{"logMibPerTask": 12, "logMibTotal": 16, "keepDays": 3, "cacheMib": 16}
		wrong[field] = bad
		if refusal := refused(t, c.try("agent.configure", map[string]interface{}{"keeping": wrong}, nil), "params"); !strings.Contains(refusal.Detail, field) {
			t.Errorf("%s: %v", field, refusal)
		}
	}
	h.kill9()
	h.start()
	c, _ = h.greet()
	for _, id := range []string{"t-1", "t-2", "t-3"} {
		c.launch(argv(id, "head", "-c", "7000000", "/dev/zero"))
		if end := c.terminal(id); end.State != wire.StateFinished {
			t.Fatalf("%+v", end)
		}
	}
	h.eventually("the oldest log is gone", func() bool { return fileSize(h.file("t-1", "stdout")) == 0 })
	refusal := refused(t, c.try("log.open", wire.LogOpenParams{TaskID: "t-1", File: "stdout"}, nil), "log-removed")
	if !strings.Contains(refusal.Detail, "16 MiB") {
		t.Errorf("%v", refusal)
	}
	if data, _ := c.log("t-3", "stdout", false); len(data) != 7_000_000 {
		t.Errorf("%d bytes of the newest", len(data))
	}
	var list wire.ListResult
	c.call("task.list", wire.ListParams{}, &list)
	if len(list.Tasks) != 3 {
		t.Errorf("%d tasks are known", len(list.Tasks))
	}
	c.call("task.forget", wire.TaskParams{TaskID: "t-1"}, nil)
	h.eventually("its folder goes with it", func() bool { _, err := os.Stat(h.file("t-1", "")); return os.IsNotExist(err) })
}

// The idle agent must not look at logs that do not grow.
func TestLogsOfQuietTasksCostNothing(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	for i := 0; i < 10; i++ {
		c.launch(shell(fmt.Sprintf("t-%d", i), "echo once; sleep 100"))
	}
	for i := 0; i < 10; i++ {
		c.status()
	}
	before, begin := cpuOf(t, h.cmd.Process.Pid), time.Now()
	until := begin.Add(3 * time.Second)
	h.eventually("three seconds pass", func() bool { return time.Now().After(until) })
	share := (cpuOf(t, h.cmd.Process.Pid) - before) / time.Since(begin).Seconds() * 100
	t.Logf("%.2f %% of a core", share)
	if share > 2 { // a tick of the clock is a third of a percent here
		t.Errorf("%.2f %% of a core", share)
	}
}
