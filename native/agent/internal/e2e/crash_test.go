package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func TestA1TaskOutlivesTheAgentAndIsAdopted(t *testing.T) {
	h := newHost(t)
	c, first := h.greet()
	gate := filepath.Join(filepath.Dir(h.dir), "gate")
	c.launch(shell("t-live", "echo $$; while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 9"))
	c.status()
	h.kill9()
	h.start()
	c, again := h.greet()
	if again.AgentID != first.AgentID || again.Incarnation == first.Incarnation {
		t.Errorf("identity: %s %s, incarnation %s %s", first.AgentID, again.AgentID, first.Incarnation, again.Incarnation)
	}
	if len(again.Tasks) != 1 || again.Tasks[0].Status.State != wire.StateRunning {
		t.Fatalf("tasks: %+v", again.Tasks)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if end := c.status(); end.State != wire.StateFailed || exitCode(end) != "9" {
		t.Errorf("%+v", end)
	}
}

func TestA1ExitIsKnownWhenTheAgentWasDead(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	gate := filepath.Join(filepath.Dir(h.dir), "gate")
	c.launch(shell("t-away", "while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 42"))
	c.status()
	h.kill9()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.eventually("the shim wrote the exit", func() bool { return h.recorded("t-away") })
	h.start()
	c, _ = h.greet()
	if end := c.status(); end.State != wire.StateFailed || exitCode(end) != "42" {
		t.Errorf("%+v", end)
	}
}

func TestA1KillGraceIsKeptByTheShimWhenTheAgentDies(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-stubborn", "trap '' TERM; echo on; while :; do sleep 0.1; done"))
	c.status()
	h.eventually("the trap is set", func() bool { data, _ := os.ReadFile(h.file("t-stubborn", "stdout")); return len(data) > 0 })
	grace := int64(300)
	c.call("task.kill", wire.KillParams{TaskID: "t-stubborn", GraceMs: &grace}, nil)
	h.kill9()
	h.eventually("it was killed without an agent", func() bool { return h.recorded("t-stubborn") })
	h.start()
	c, _ = h.greet()
	if end := c.status(); end.State != wire.StateKilled || end.Signal == nil || *end.Signal != 9 {
		t.Errorf("%+v", end)
	}
}

func TestUpdateIsSentAgainUntilAcknowledged(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-ack", "exit 1"))
	first := c.statusNoAck()
	if first.State != wire.StateRunning {
		t.Fatalf("%+v", first)
	}
	h.eventually("it ended", func() bool {
		var list wire.ListResult
		c.call("task.list", struct{}{}, &list)
		return list.Tasks[0].Status.State == wire.StateFailed
	})
	select {
	case early := <-c.statuses:
		t.Fatalf("the second update overtook the first: %+v", early)
	default:
	}
	if err := c.try("task.forget", wire.TaskParams{TaskID: "t-ack"}, nil); err == nil {
		t.Error("forgotten without an acknowledgement")
	}
	h.kill9()
	h.start()
	c, _ = h.greet()
	again := c.statusNoAck()
	if *again.UUID != *first.UUID {
		t.Errorf("another uuid: %+v", again)
	}
	c.ack(again)
	c.ack(again)
	second := c.statusNoAck()
	if second.State != wire.StateFailed || exitCode(second) != "1" {
		t.Errorf("%+v", second)
	}
	c.ack(second)
	h.kill9()
	h.start()
	c, hello := h.greet()
	if len(hello.Tasks) != 1 || hello.Tasks[0].Status.State != wire.StateFailed {
		t.Errorf("%+v", hello.Tasks)
	}
	c.call("task.forget", wire.TaskParams{TaskID: "t-ack"}, nil)
}

func TestLaunchIsIdempotentAndKillComesBeforeLaunch(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	marks := filepath.Join(filepath.Dir(h.dir), "marks")
	info := shell("t-twice", "echo x >> "+marks)
	c.launch(info)
	c.launch(info)
	c.terminal("t-twice")
	h.kill9()
	h.start()
	c, _ = h.greet()
	c.launch(info)
	if data, _ := os.ReadFile(marks); string(data) != "x\n" {
		t.Errorf("it ran more than once: %q", data)
	}
	c.call("task.kill", wire.KillParams{TaskID: "t-never"}, nil)
	h.kill9()
	h.start()
	c, _ = h.greet()
	err := c.try("task.launch", map[string]interface{}{"info": shell("t-never", "true")}, nil)
	if refusal, ok := err.(*wire.Error); !ok || refusal.Code != "conflict" || refusal.Reason != "killed-before-launch" {
		t.Errorf("%v", err)
	}
}

func TestOneHundredTasksAtOnce(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	for i := 0; i < 100; i++ {
		c.launch(shell(fmt.Sprintf("t-%03d", i), fmt.Sprintf("sleep 0.3; exit %d", i)))
	}
	ended := map[string]string{}
	for len(ended) < 100 {
		status := c.status()
		if status.State != wire.StateRunning {
			if _, twice := ended[status.TaskID]; twice {
				t.Fatalf("%s ended twice", status.TaskID)
			}
			ended[status.TaskID] = exitCode(status)
		}
	}
	for i := 0; i < 100; i++ {
		if id := fmt.Sprintf("t-%03d", i); ended[id] != fmt.Sprint(i) {
			t.Errorf("%s exited with %s", id, ended[id])
		}
	}
}

// A3, A4: after a reboot the pids belong to others. The boot id in the journal is made another one, and the pid of
// the record is that of a stranger.
func TestA4StrangerWithAReusedPidIsNotTouched(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-old", "sleep 1000"))
	c.status()
	shimPid := parentOf(t, h.pidOf("t-old"))
	taskPid := h.pidOf("t-old")
	h.kill9()
	// The shim and its task vanish without a word, as in a power cut.
	_ = syscall.Kill(shimPid, syscall.SIGKILL)
	_ = syscall.Kill(-taskPid, syscall.SIGKILL)
	stranger := exec.Command("sleep", "1000")
	stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	mark := fmt.Sprintf("S %d 12345\n", stranger.Process.Pid)
	if err := os.WriteFile(h.file("t-old", "run"), []byte(mark), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start()
	c, _ = h.greet()
	end := c.status()
	if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != "REASON_EXECUTOR_TERMINATED" {
		t.Errorf("%+v", end)
	}
	if !pidAlive(stranger.Process.Pid) {
		t.Error("a stranger was killed")
	}
}

func TestA3RebootIsTaskLostOnce(t *testing.T) {
	root, err := os.MkdirTemp("", "mesolite-root-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(root) }()
	boot := filepath.Join(root, "proc/sys/kernel/random/boot_id")
	if err := os.MkdirAll(filepath.Dir(boot), 0o755); err != nil {
		t.Fatal(err)
	}
	setBoot := func(id string) {
		if err := os.WriteFile(boot, []byte(id+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	setBoot("boot-one")
	h := newHost(t, "--root", root)
	c, _ := h.greet()
	c.launch(shell("t-run", "sleep 1000"))
	c.status()
	pid := h.pidOf("t-run")
	shimPid := parentOf(t, pid)
	h.kill9()
	setBoot("boot-two")
	h.start()
	c, _ = h.greet()
	end := c.status()
	if end.State != wire.StateLost || end.Reason == nil || *end.Reason != "REASON_AGENT_RESTARTED" {
		t.Errorf("%+v", end)
	}
	if !pidAlive(pid) {
		t.Error("after a reboot a pid of the old boot was signalled")
	}
	_ = syscall.Kill(shimPid, syscall.SIGKILL)
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	h.kill9()
	h.start()
	_, hello := h.greet()
	if len(hello.Tasks) != 1 || hello.Tasks[0].Status.State != wire.StateLost {
		t.Errorf("%+v", hello.Tasks)
	}
}

func TestKilledShimIsReportedAndLeavesNothing(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-shim", "sleep 1000"))
	c.status()
	pid := h.pidOf("t-shim")
	_ = syscall.Kill(parentOf(t, pid), syscall.SIGKILL)
	end := c.status()
	if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != "REASON_EXECUTOR_TERMINATED" {
		t.Errorf("%+v", end)
	}
	h.eventually("the task is gone", func() bool { return !pidAlive(pid) })
}

func TestTornJournalTailIsCut(t *testing.T) {
	h := newHost(t)
	c, first := h.greet()
	c.launch(shell("t-keep", "exit 4"))
	c.terminal("t-keep")
	h.kill9()
	journal, err := os.OpenFile(filepath.Join(h.dir, "journal"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = journal.WriteString("\x40\x00\x00\x00torn")
	_ = journal.Close()
	h.start()
	_, hello := h.greet()
	if hello.AgentID != first.AgentID || len(hello.Tasks) != 1 || exitCode(hello.Tasks[0].Status) != "4" {
		t.Errorf("%+v", hello)
	}
}

// recorded tells whether the shim wrote the exit.
func (h *host) recorded(id string) bool {
	data, err := os.ReadFile(h.file(id, "run"))
	return err == nil && strings.Contains(string(data), `"code":`)
}

// pidOf is the pid that the shim wrote.
func (h *host) pidOf(id string) int {
	h.t.Helper()
	pid := 0
	h.eventually("the task has a pid", func() bool {
		data, _ := os.ReadFile(h.file(id, "run"))
		n, _ := fmt.Sscanf(string(data), "S %d", &pid)
		return n == 1
	})
	return pid
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	parent, data := parentNow(pid)
	if parent <= 1 {
		t.Fatalf("parent of %d: %q", pid, data)
	}
	return parent
}

// parentNow gives 0 for a process that is gone.
func parentNow(pid int) (parent int, stat []byte) {
	stat, _ = os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) > 1 {
		parent = atoi(fields[1])
	}
	return parent, stat
}

var _ = time.Now
