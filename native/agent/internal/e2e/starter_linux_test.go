package e2e

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// startersOf are the process that makes the shims of an agent, and the child that it made ahead; 0: there is none.
func startersOf(dir string) (starter, next int) {
	parents := map[int]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		line, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline") // no process, or gone
		if bytes.HasPrefix(line, []byte(shim.Name+"\x00"+shim.Starter+"\x00"+dir+"\x00")) {
			pid := atoi(entry.Name())
			parents[pid], _ = parentNow(pid)
		}
	}
	for pid, parent := range parents {
		if _, made := parents[parent]; made {
			next = pid
		} else {
			starter = pid
		}
	}
	return starter, next
}

func starterOf(dir string) int {
	starter, _ := startersOf(dir)
	return starter
}

func TestP2_AStarterThatWasKilledTakesNoTaskWithItAndIsReplaced(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	if starterOf(h.dir) != 0 {
		t.Error("an agent without a task has a starter")
	}
	c.launch(shell("t-first", "exec sleep 1000"))
	c.status()
	pid := h.pidOf("t-first")
	before := starterOf(h.dir)
	if before == 0 || parentOf(t, parentOf(t, pid)) != before {
		t.Fatalf("the shim %d is not of the starter %d", parentOf(t, pid), before)
	}
	_ = syscall.Kill(before, syscall.SIGKILL)
	h.eventually("it is gone", func() bool { return !pidAlive(before) })
	for i := 0; i < 3; i++ { // the first of these finds out
		c.launch(shell(fmt.Sprintf("t-%d", i), "exit 4"))
		if end := c.terminal(fmt.Sprintf("t-%d", i)); exitCode(end) != "4" {
			t.Errorf("%+v", end)
		}
	}
	if after := starterOf(h.dir); after == 0 || after == before {
		t.Errorf("starter %d, was %d", after, before)
	}
	if !pidAlive(pid) {
		t.Error("the first task is gone")
	}
}

func TestP2_AShimMadeAheadThatWasKilledIsReplacedAndNoneOutlivesItsAgent(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-first", "exec sleep 1000"))
	c.status()
	pid := h.pidOf("t-first")
	made := func(but int) (next int) {
		h.eventually("a shim is made ahead", func() bool {
			_, next = startersOf(h.dir)
			return next != 0 && next != but
		})
		return next
	}
	before := made(0)
	_ = syscall.Kill(before, syscall.SIGKILL)
	for i := 0; i < 3; i++ {
		c.launch(shell(fmt.Sprintf("t-%d", i), "exit 4"))
		if end := c.terminal(fmt.Sprintf("t-%d", i)); exitCode(end) != "4" {
			t.Errorf("%+v", end)
		}
	}
	made(before)
	h.kill9()
	h.eventually("starter and child are gone", func() bool {
		starter, next := startersOf(h.dir)
		return starter == 0 && next == 0
	})
	if !pidAlive(pid) {
		t.Error("the first task is gone")
	}
}

func TestWordsThatAreTooLongForAStarterReachTheirTask(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	for _, kib := range []int{1, 50, 70, 120} {
		id := fmt.Sprintf("t-%d", kib)
		info := shell(id, fmt.Sprintf(`test ${#LONG} = %d && test "${EMPTY-unset}" = ""`, kib<<10))
		command := info["command"].(map[string]interface{})
		command["environment"] = []wire.EnvVar{{Name: "LONG", Value: strings.Repeat("x", kib<<10)}, {Name: "EMPTY", Value: ""}}
		c.launch(info)
		if end := c.terminal(id); exitCode(end) != "0" {
			t.Errorf("%d KiB: %+v", kib, end)
		}
	}
}
