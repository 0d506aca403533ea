package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// A3: a reboot is not the task's own end. What ran and what waited starts again at once, what was not to be started
// again is lost, once. The boot id is made another one; the processes of the old boot stay to be seen, unharmed.
func TestA3_AfterARebootWhatIsToRestartStartsAgainAtOnce(t *testing.T) {
	root := rootWith(t, map[string]string{"proc/sys/kernel/random/boot_id": "boot-one\n"})
	h := newHost(t, "--root", root)
	c, _ := h.greet()
	c.launch(and(shell("t-runs", "echo $$ >> pids; sleep 1000"), "restart", restart("failure", 1)))
	c.launch(shell("t-lost", "echo $$ >> pids; sleep 1000"))
	waits, marks := crasher(h, "t-waits")
	c.launch(waits)
	h.eventually("it crashed three times", func() bool { return len(runsOf(t, marks)) >= 3 })
	old := []int{h.pidIn(h.file("t-runs", "sandbox/pids")), h.pidIn(h.file("t-lost", "sandbox/pids"))}
	for {
		if status := c.status(); status.TaskID == "t-waits" && status.State == wire.StateStarting && number(status.Restarts) >= 2 {
			break
		}
	}
	h.kill9()
	if err := os.WriteFile(filepath.Join(root, "proc/sys/kernel/random/boot_id"), []byte("boot-two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(runsOf(t, marks))
	from := time.Now()
	h.start()
	h.eventually("what waited runs again", func() bool { return len(runsOf(t, marks)) > before })
	took := time.Since(from)
	c, _ = h.greet()
	said := map[string]wire.Status{}
	for said["t-lost"].State == "" || said["t-runs"].State != wire.StateRunning {
		status := c.status()
		if status.TaskID == "t-runs" && status.State == wire.StateStarting && status.Message != "the machine was rebooted" {
			t.Errorf("%+v", status)
		}
		if status.TaskID != "t-lost" || status.State != wire.StateRunning {
			said[status.TaskID] = status
		}
	}
	if said["t-lost"].State != wire.StateLost || number(said["t-runs"].Restarts) != 1 {
		t.Errorf("%+v", said)
	}
	for _, pid := range old {
		if !pidAlive(pid) {
			t.Errorf("the pid %d of the old boot was signalled", pid)
		}
		shim := parentOf(t, pid)
		_ = syscall.Kill(shim, syscall.SIGKILL)
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	t.Logf("what waited ran again %v after the start of the agent", took)
}
