package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func and(info map[string]interface{}, field string, value interface{}) map[string]interface{} {
	info[field] = value
	return info
}

func restart(on string, maxInRow interface{}) map[string]interface{} {
	return map[string]interface{}{"on": on, "maxInRow": maxInRow}
}

// crasher notes the time of each run, then fails.
func crasher(h *host, id string) (info map[string]interface{}, marks string) {
	marks = filepath.Join(filepath.Dir(h.dir), id+".marks")
	return and(shell(id, "date +%s%N >> "+marks+"; exit 3"), "restart", restart("failure", nil)), marks
}

// runsOf reads when the runs began, in ms.
func runsOf(t *testing.T, marks string) []int64 {
	t.Helper()
	data, _ := os.ReadFile(marks) // not there: none
	var list []int64
	for _, line := range strings.Fields(string(data)) {
		ns, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ns/1_000_000)
	}
	return list
}

// next waits for a status of one task in one state, and acknowledges all on the way.
func (c *client) next(id, state string) wire.Status {
	c.t.Helper()
	for {
		if status := c.status(); status.TaskID == id && status.State == state {
			return status
		}
	}
}

// end waits for the last status of a task.
func (c *client) end(id string) wire.Status {
	c.t.Helper()
	for {
		status := c.status()
		if status.TaskID == id && status.State != wire.StateRunning && status.State != wire.StateStarting {
			return status
		}
	}
}

func number(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

func TestP5ACrashIsFollowedByARestartAndByLongerWaits(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	info, marks := crasher(h, "t-crash")
	c.launch(info)
	var waits []int64
	for i := 0; i < 3; i++ {
		running := c.next("t-crash", wire.StateRunning)
		ended := c.next("t-crash", wire.StateStarting)
		if ended.Message != "exited with code 3" || exitCode(ended) != "3" || number(ended.Restarts) != i || ended.NextStartAtMs == nil {
			t.Fatalf("%+v", ended)
		}
		if i > 0 && number(running.Restarts) != i {
			t.Errorf("run %d says %d restarts", i, number(running.Restarts))
		}
		waits = append(waits, *ended.NextStartAtMs-ended.TimestampMs)
	}
	h.eventually("the fourth run", func() bool { return len(runsOf(t, marks)) >= 4 })
	runs := runsOf(t, marks)
	// How long the waits may be is held to where no busy machine is in them, in task/life_test.go.
	for i, least := range []int64{185, 370, 740} {
		if gap := runs[i+1] - runs[i]; gap < least || waits[i] < least {
			t.Errorf("wait %d: told %d ms, was %d ms", i+1, waits[i], gap)
		}
	}
	c.next("t-crash", wire.StateStarting)
	t.Logf("runs began %d, %d and %d ms apart", runs[1]-runs[0], runs[2]-runs[1], runs[3]-runs[2])
	c.call("task.kill", map[string]interface{}{"taskId": "t-crash"}, nil)
	from := time.Now()
	killed := c.end("t-crash")
	if killed.State != wire.StateKilled || killed.Message != "killed on request between two runs" || time.Since(from) > time.Second { // the next run is 1.5 s away
		t.Errorf("%+v after %v", killed, time.Since(from))
	}
	before := len(runsOf(t, marks))
	time.Sleep(1200 * time.Millisecond)
	if after := len(runsOf(t, marks)); after != before || before != 4 {
		t.Errorf("%d runs, and %d after the kill", before, after)
	}
}

func TestP5WhatCannotStartIsTriedAgainAndGivenUp(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	junk := filepath.Join(filepath.Dir(h.dir), "junk")
	if err := os.WriteFile(junk, []byte("\x7fjunk"), 0o755); err != nil {
		t.Fatal(err)
	}
	c.launch(and(argv("t-junk", junk), "restart", restart("failure", 2)))
	c.launch(and(with(shell("t-cwd", "true"), "workingFolder", "/nope"), "restart", restart("failure", 1)))
	c.launch(and(shell("t-closed", "exec <&-; cat"), "restart", restart("never", nil)))
	words := map[string]string{}
	for len(words) < 3 {
		if status := c.status(); status.State != wire.StateRunning && status.State != wire.StateStarting {
			words[status.TaskID] = status.State + " " + status.Message
		}
	}
	for id, want := range map[string]string{
		"t-junk":   "TASK_FAILED cannot start: " + junk + ": exec format error; given up after 2 restarts",
		"t-cwd":    "TASK_FAILED cannot start: folder /nope does not exist; given up after 1 restart",
		"t-closed": "TASK_FAILED exited with code 1",
	} {
		if words[id] != want {
			t.Errorf("%s: %q, not %q", id, words[id], want)
		}
	}
}

func TestP5AHundredCrashesASecondAreCappedByTheBackOff(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	begin := time.Now()
	var marks []string
	for i := 0; i < 100; i++ {
		info, path := crasher(h, fmt.Sprintf("t-%d", i))
		c.launch(info)
		marks = append(marks, path)
	}
	count := func() (total, most int) {
		for _, path := range marks {
			n := len(runsOf(t, path))
			total += n
			if n > most {
				most = n
			}
		}
		return total, most
	}
	h.eventually("every task came back", func() bool { total, _ := count(); return total >= 300 })
	ping := time.Now()
	c.call("ping", map[string]interface{}{}, nil)
	took := time.Since(ping)
	total, most := count()
	// The shortest waits there can be: 187, 375, 750, ... ms.
	possible, spent := 1, int64(0)
	for wait := int64(187); spent+wait <= time.Since(begin).Milliseconds(); wait *= 2 {
		spent += wait
		possible++
	}
	if most > possible || took > 500*time.Millisecond {
		t.Errorf("a task ran %d times where %d are possible, a ping took %v", most, possible, took)
	}
	t.Logf("100 tasks that crash at once: %d runs in %v, most of one %d, ping %v", total, time.Since(begin).Round(time.Millisecond), most, took)
}

func TestA1KillOfTheAgentInTheBackOffAndAtTheRestartItself(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	var marks []string
	for i := 0; i < 6; i++ {
		info, path := crasher(h, fmt.Sprintf("t-%d", i))
		c.launch(info)
		marks = append(marks, path)
	}
	h.eventually("every task ran", func() bool {
		for _, path := range marks {
			if len(runsOf(t, path)) == 0 {
				return false
			}
		}
		return true
	})
	// At moments spread around the first restarts, 187 to 240 ms after the end: in the back-off, at it, after it.
	for i := 0; i < 12; i++ {
		time.Sleep(time.Duration(i*23) * time.Millisecond)
		h.kill9()
		h.start()
	}
	c, hello := h.greet()
	if len(hello.Tasks) != 6 {
		t.Fatalf("%d tasks", len(hello.Tasks))
	}
	for i, path := range marks {
		id := fmt.Sprintf("t-%d", i)
		c.call("task.kill", map[string]interface{}{"taskId": id}, nil)
		status := wire.Status{}
		for status.TaskID != id || status.State == wire.StateRunning || status.State == wire.StateStarting {
			var list wire.ListResult
			c.call("task.list", wire.ListParams{}, &list)
			status = list.Tasks[i].Status
		}
		runs := len(runsOf(t, path))
		// Each number of a run is one line: none twice, none left out. The last may have been killed before its first word.
		told := number(status.Restarts) + 1
		unsaid := status.Signal != nil && told == runs+1
		if status.State != wire.StateKilled || told != runs && !unsaid || runs < 2 {
			t.Errorf("%s ran %d times and tells of %d: %+v", id, runs, told, status)
		}
	}
}

func TestAlwaysStartsAgainAfterSuccessAndTheLogGoesOn(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(and(shell("t-again", "echo run"), "restart", restart("always", 2)))
	status := c.end("t-again")
	if status.State != wire.StateFinished || status.Message != "exited with code 0; given up after 2 restarts" || number(status.Restarts) != 2 {
		t.Errorf("%+v", status)
	}
	if log, _ := c.log("t-again", "stdout", true); string(log) != "run\nrun\nrun\n" {
		t.Errorf("log %q", log)
	}
	c.call("task.forget", map[string]interface{}{"taskId": "t-again"}, nil)
	if _, err := os.Stat(h.file("t-again", "")); !os.IsNotExist(err) {
		t.Errorf("its folder stays: %v", err)
	}
}

func TestATaskThatIsNotDoneInTimeFailsAndStaysEnded(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	slow := and(and(shell("t-slow", "trap 'exit 0' TERM; sleep 60 & wait"), "maxCompletionMs", 700), "restart", restart("always", nil))
	c.launch(slow)
	c.launch(and(and(shell("t-loop", "sleep 0.05; exit 1"), "maxCompletionMs", 1500), "restart", restart("failure", nil)))
	h.kill9()
	h.start()
	c, _ = h.greet()
	ends := map[string]wire.Status{}
	for len(ends) < 2 {
		if status := c.status(); status.State != wire.StateRunning && status.State != wire.StateStarting {
			ends[status.TaskID] = status
		}
	}
	for id, words := range map[string]string{"t-slow": "not done within 700 ms; exited with code 0", "t-loop": "not done within 1500 ms"} {
		status := ends[id]
		if status.State != wire.StateFailed || status.Reason == nil || *status.Reason != wire.ReasonMaxCompletionTime || !strings.HasPrefix(status.Message, words) {
			t.Errorf("%s: %+v", id, status)
		}
	}
}
