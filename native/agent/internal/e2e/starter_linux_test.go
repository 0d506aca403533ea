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

// starterOf is the process that makes the shims of an agent; 0: there is none.
func starterOf(dir string) int {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		line, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline") // no process, or gone
		if bytes.HasPrefix(line, []byte(shim.Name+"\x00"+shim.Starter+"\x00"+dir+"\x00")) {
			return atoi(entry.Name())
		}
	}
	return 0
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
