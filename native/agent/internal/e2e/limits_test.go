package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mesolite/agent/internal/wire"
)

func withMem(info map[string]interface{}, mib int) map[string]interface{} {
	info["resources"].(map[string]interface{})["memMib"] = mib
	return info
}

func TestMemoryLimitIsKeptAndSaidAsSuch(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	c.launch(withMem(argv("t-hog", "tail", "/dev/zero"), 32)) // one endless line
	end := c.terminal("t-hog")
	if hello.Facts.Isolation.Memory == "rlimit" { // its allocation fails, and what it makes of that is its own
		if end.State != wire.StateFailed || end.Reason != nil {
			t.Errorf("%+v", end)
		}
	} else if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != "REASON_CONTAINER_LIMITATION_MEMORY" ||
		!strings.HasPrefix(end.Message, "out of memory: used 3") || !strings.Contains(end.Message, "limit of 32 MiB") {
		t.Errorf("%+v", end)
	}
	c.launch(withMem(shell("t-kind", "kill -9 $$"), 32))
	if end := c.terminal("t-kind"); end.Reason != nil || end.Message != "killed by signal 9 (KILL)" {
		t.Errorf("an ordinary kill is told as out of memory: %+v", end)
	}
}

func TestForkBombStaysInItsCageAndCanBeKilled(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if hello.Facts.Cgroup == "none" { // nothing would hold it
		if isolation := hello.Facts.Isolation; isolation.Pids == "cgroup" || isolation.Kill == "cgroup" {
			t.Errorf("%+v", isolation)
		}
		return
	}
	// Each process forks twice and waits: the number grows until the limit.
	c.launch(shell("t-bomb", `bomb() { bomb & bomb & wait; }; bomb 2>/dev/null; sleep 1000`))
	c.status()
	c.call("sample.subscribe", wire.SubscribeParams{EveryMs: 100}, nil)
	h.eventually("it has grown", func() bool {
		select {
		case got := <-c.samples:
			return len(got.Tasks) == 1 && got.Tasks[0].Pids > 200
		case <-c.ended:
			t.Fatal("the agent is gone")
		}
		return false
	})
	if seen := processesWith(t, "bomb() { bomb"); len(seen) < 100 {
		t.Errorf("only %d processes are seen", len(seen))
	}
	grace := int64(0)
	c.call("task.kill", wire.KillParams{TaskID: "t-bomb", GraceMs: &grace}, nil)
	if end := c.terminal("t-bomb"); end.State != wire.StateKilled {
		t.Errorf("%+v", end)
	}
	if left := processesWith(t, "bomb() { bomb"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// A8: the disk of the agent is full. New tasks are refused with words, the end of a running one is not lost.
func TestA8FullDiskLosesNoEnd(t *testing.T) {
	needsRoot(t) // to mount a small disk
	base, err := os.MkdirTemp(filepath.Dir(binary), "full-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(base) }()
	if err := syscall.Mount("tmpfs", base, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Unmount(base, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	h := &host{t: t, dir: filepath.Join(base, "agent")}
	h.start()
	defer h.stopAll()
	c, _ := h.greet()
	gate := filepath.Join(filepath.Dir(binary), fmt.Sprintf("gate-%d", os.Getpid()))
	defer func() { _ = os.Remove(gate) }()
	c.launch(shell("t-fill", "cat /dev/zero > fill; while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 6"))
	c.status()
	h.eventually("the disk is full", func() bool {
		var s syscall.Statfs_t
		return syscall.Statfs(base, &s) == nil && s.Bavail == 0
	})
	err = c.try("task.launch", map[string]interface{}{"info": shell("t-more", "true")}, nil)
	if refusal, ok := err.(*wire.Error); !ok || refusal.Code != "exhausted" {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if end := c.status(); end.State != wire.StateFailed || exitCode(end) != "6" {
		t.Errorf("%+v", end)
	}
	h.kill9()
	h.start()
	_, hello := h.greet()
	if len(hello.Tasks) != 1 || exitCode(hello.Tasks[0].Status) != "6" {
		t.Errorf("%+v", hello.Tasks)
	}
}

// Shown only the unified tree of this machine, the agent puts tasks into v2 groups from their first instruction on.
func TestTasksAreBornInsideTheirV2Group(t *testing.T) {
	root, place := rootWithUnified(t, nil)
	h := newHost(t, "--root", root)
	c, hello := h.greet()
	if hello.Facts.Cgroup != "v2" {
		t.Fatalf("cgroup %s", hello.Facts.Cgroup)
	}
	dir := filepath.Dir(h.dir)
	c.launch(shell("t-in", "cat /proc/self/cgroup; (setsid sh -c 'trap \"\" TERM; echo $$ > "+dir+"/pid; while :; do sleep 1; done' &); sleep 1000"))
	c.status()
	pid := h.pidIn(dir + "/pid")
	if out, _ := os.ReadFile(h.file("t-in", "stdout")); !strings.Contains(string(out), "0::/mesolite/"+hello.AgentID+"/t-in\n") {
		t.Errorf("%s", out)
	}
	grace := int64(20)
	c.call("task.kill", wire.KillParams{TaskID: "t-in", GraceMs: &grace}, nil)
	if end := c.terminal("t-in"); end.State != wire.StateKilled || pidAlive(pid) {
		t.Errorf("%+v, alive %v", end, pidAlive(pid))
	}
	h.eventually("the group is gone", func() bool {
		_, err := os.Stat(filepath.Join(place, "mesolite", hello.AgentID, "t-in"))
		return os.IsNotExist(err)
	})
}
