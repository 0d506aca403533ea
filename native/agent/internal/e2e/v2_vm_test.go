//go:build vm

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/wire"
)

// These need the controllers of cgroup v2, which only a machine of its own has: `go test -c -tags vm ./internal/e2e`, then
// the program with MESOLITE_AGENT=FILE and -test.run V2 in the guest. Nothing is skipped there: what is missing fails.

// unifiedPlace is where cgroup2 is, with the controllers.
func unifiedPlace(t *testing.T) string {
	t.Helper()
	place := unifiedTree(t)
	have, _ := os.ReadFile(filepath.Join(place, "cgroup.controllers"))
	for _, controller := range []string{"cpu", "memory", "pids"} {
		if !strings.Contains(" "+strings.TrimSpace(string(have))+" ", " "+controller+" ") {
			t.Fatalf("no %s controller: %s", controller, have)
		}
	}
	return place
}

func v2Host(t *testing.T, args ...string) (*host, *client, string) {
	t.Helper()
	place := unifiedPlace(t)
	h := newHost(t, args...)
	c, hello := h.greet()
	want := wire.Isolation{CPU: "quota", Memory: "cgroup", Pids: "cgroup", Disk: "watched", GPU: "none", Kill: "cgroup", Users: true}
	if hello.Facts.Cgroup != "v2" || hello.Facts.Isolation == nil || *hello.Facts.Isolation != want {
		t.Fatalf("%s %+v", hello.Facts.Cgroup, hello.Facts.Isolation)
	}
	return h, c, filepath.Join(place, "mesolite", hello.AgentID)
}

func TestV2_LimitsReachTheKernel(t *testing.T) {
	_, c, base := v2Host(t, "--capacity", "cpus=0.5,mem=256,disk=100,gpus=0")
	task := withResource(withMem(shell("t-all", "sleep 1000"), 32), "cpusMilli", 500)
	c.launch(withLimits(task, map[string]interface{}{"cpusMilli": 250, "memMib": 96, "pids": 17}))
	c.status()
	expectFiles(t, base, map[string]string{"cpu.max": "50000 100000", "memory.max": strconv.Itoa(256 << 20), "pids.max": "1536"})
	expectFiles(t, filepath.Join(base, "t-all"), map[string]string{
		"cpu.weight": "50", "cpu.max": "25000 100000", "memory.low": strconv.Itoa(32 << 20), "memory.max": strconv.Itoa(96 << 20),
		"memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "17",
	})
	c.launch(withLimits(withMem(shell("t-none", "sleep 1000"), 32), map[string]interface{}{"memMib": nil, "cpusMilli": nil}))
	c.status()
	expectFiles(t, filepath.Join(base, "t-none"), map[string]string{"memory.max": "max", "cpu.max": "max 100000"})
}

func TestV2_P1_AForkBombMeetsItsLimitWhichIsNamed(t *testing.T) {
	h, c, base := v2Host(t)
	c.launch(shell("t-sibling", "sleep 1000"))
	c.status()
	bomb := shell("t-bomb", `bomb() { bomb & bomb & wait; }; (bomb) 2>/dev/null & exec sleep 1000`)
	c.launch(withLimits(bomb, map[string]interface{}{"pids": 64}))
	c.status()
	worst := c.pings(func() {
		h.eventually("the cap is hit", func() bool {
			events, _ := os.ReadFile(filepath.Join(base, "t-bomb", "pids.events"))
			return len(events) > 0 && !strings.HasPrefix(string(events), "max 0\n")
		})
		grace := int64(0)
		c.call("task.kill", wire.KillParams{TaskID: "t-bomb", GraceMs: &grace}, nil)
	})
	t.Logf("slowest ping %s", worst)
	if end := c.terminal("t-bomb"); end.State != wire.StateKilled || !strings.Contains(end.Message, "it reached its limit of 64 processes") {
		t.Errorf("%+v", end)
	}
	if now := h.tasks(c)["t-sibling"]; now.State != wire.StateRunning {
		t.Errorf("%+v", now)
	}
}

func TestV2_P2_AStubbornTreeIsEmptied(t *testing.T) {
	h, c, base := v2Host(t)
	pids := filepath.Join(filepath.Dir(h.dir), "pids")
	c.launch(shell("t-tree", stubborn(pids)))
	c.status()
	h.eventually("the tree is there", func() bool { return len(pidsIn(pids)) == 3 })
	grace := int64(50)
	c.call("task.kill", wire.KillParams{TaskID: "t-tree", GraceMs: &grace}, nil)
	if end := c.terminal("t-tree"); end.State != wire.StateKilled || end.Signal == nil || *end.Signal != 9 {
		t.Errorf("%+v", end)
	}
	for _, pid := range pidsIn(pids) {
		if pidAlive(pid) {
			t.Errorf("%d lives", pid)
		}
	}
	h.eventually("the group is gone", func() bool {
		_, err := os.Stat(filepath.Join(base, "t-tree"))
		return os.IsNotExist(err)
	})
}

func TestV2_P3_MemoryHogIsNamedAndItsSiblingIsUntouched(t *testing.T) {
	h, c, _ := v2Host(t)
	c.launch(withMem(shell("t-sibling", "sleep 1000"), 64))
	c.status()
	c.launch(withMem(argv("t-hog", "tail", "/dev/zero"), 64))
	end := c.terminal("t-hog")
	if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonMemoryLimit || !strings.HasPrefix(end.Message, "out of memory: used 6") ||
		!strings.HasSuffix(end.Message, "MiB of its limit of 64 MiB; killed by signal 9 (KILL)") || end.LimitMemMib == nil || *end.LimitMemMib != 64 || end.PeakMemMib == nil || *end.PeakMemMib < 60 {
		t.Errorf("%+v", end)
	}
	// The whole group goes with one of its processes: half a task would be told as if it were well.
	c.launch(withMem(shell("t-group", "tail /dev/zero; echo went on; exit 0"), 32))
	if end := c.terminal("t-group"); end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonMemoryLimit {
		t.Errorf("%+v", end)
	}
	if out, _ := os.ReadFile(h.file("t-group", "stdout")); len(out) != 0 {
		t.Errorf("%q", out)
	}
	if now := h.tasks(c)["t-sibling"]; now.State != wire.StateRunning {
		t.Errorf("%+v", now)
	}
}

func TestV2_ASliceRunsOutOfItsOwnMemoryOnly(t *testing.T) {
	_, c, _ := v2Host(t, "--capacity", "cpus=1,mem=96,disk=100,gpus=0")
	_, other, _ := v2Host(t, "--capacity", "cpus=1,mem=96,disk=100,gpus=0")
	other.launch(shell("t-quiet", "sleep 1000"))
	other.status()
	c.launch(withLimits(argv("t-greedy", "tail", "/dev/zero"), map[string]interface{}{"memMib": nil}))
	if end := c.terminal("t-greedy"); end.State != wire.StateFailed || end.Reason != nil || !strings.HasPrefix(end.Message, "out of memory: the machine, or this agent's share of it, had no more") {
		t.Errorf("%+v", end)
	}
	select {
	case status := <-other.statuses:
		t.Errorf("the other slice: %+v", status)
	default:
	}
}

func TestV2_AQuotaHoldsATaskThatWantsACpu(t *testing.T) {
	h, c, base := v2Host(t)
	c.launch(withLimits(shell("t-busy", "while :; do :; done"), map[string]interface{}{"cpusMilli": 100}))
	c.status()
	h.eventually("it was throttled", func() bool {
		stat, _ := os.ReadFile(filepath.Join(base, "t-busy", "cpu.stat"))
		_, rest, _ := strings.Cut(string(stat), "nr_throttled ")
		line, _, _ := strings.Cut(rest, "\n")
		return atoi(line) >= 5
	})
}

// As a user's systemd does it: a group that is the user's, with all controllers, and the agent in a unit of it.
func TestV2_AUserWithADelegatedGroupHasRealLimits(t *testing.T) {
	place := unifiedPlace(t)
	const uid = 65534
	for _, name := range []string{"alone in it", "in a unit below it"} {
		t.Run(name, func(t *testing.T) {
			top := filepath.Join(place, "test-user.slice")
			given := filepath.Join(top, "given.service")
			own := given
			if name != "alone in it" {
				own = filepath.Join(given, "app.slice", "agent.service")
			}
			if err := os.MkdirAll(own, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, folder := range []string{place, top} {
				for _, controller := range []string{"+cpu", "+memory", "+pids"} {
					if err := os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), []byte(controller), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			for folder := own; folder != top; folder = filepath.Dir(folder) {
				for _, file := range []string{"", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"} {
					if err := os.Chown(filepath.Join(folder, file), uid, uid); err != nil {
						t.Fatal(err)
					}
				}
			}
			base, err := os.MkdirTemp(filepath.Dir(binary), "user-")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(base) }()
			if err := os.Chown(base, uid, uid); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(base, "agent")
			group, err := os.Open(own)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = group.Close() }()
			daemon := exec.Command(binary, "daemon", "--foreground", "--dir", dir)
			daemon.SysProcAttr = &syscall.SysProcAttr{
				Credential: &syscall.Credential{Uid: uid, Gid: uid}, UseCgroupFD: true, CgroupFD: int(group.Fd()),
			}
			daemon.Stderr = os.Stderr
			if err := daemon.Start(); err != nil {
				t.Fatal(err)
			}
			h := &host{t: t, dir: dir}
			defer func() {
				_ = exec.Command(binary, "stop", "--dir", dir, "--tasks", "stop").Run()
				_ = daemon.Wait()
				for _, folder := range []string{filepath.Join(given, "mesolite-agent"), filepath.Join(given, "app.slice/agent.service"), filepath.Join(given, "app.slice"), given, top} {
					_ = syscall.Rmdir(folder) // only takes what is empty
				}
			}()
			h.eventually("the daemon answers", func() bool { return agent.Answers(dir) })
			c, hello := h.greet()
			want := wire.Isolation{CPU: "quota", Memory: "cgroup", Pids: "cgroup", Disk: "watched", GPU: "none", Kill: "cgroup"}
			if hello.Facts.Cgroup != "v2" || *hello.Facts.Isolation != want {
				t.Fatalf("%s %+v", hello.Facts.Cgroup, hello.Facts.Isolation)
			}
			c.launch(withMem(shell("t-in", "cat /proc/self/cgroup; exec sleep 1000"), 32))
			c.status()
			h.eventually("it is in its group", func() bool {
				out, _ := os.ReadFile(h.file("t-in", "stdout"))
				return strings.TrimSpace(string(out)) == "0::"+strings.TrimPrefix(given, place)+"/mesolite/"+hello.AgentID+"/t-in"
			})
			expectFiles(t, filepath.Join(given, "mesolite", hello.AgentID, "t-in"), map[string]string{"memory.max": strconv.Itoa(32 << 20)})
			c.launch(withMem(argv("t-hog", "tail", "/dev/zero"), 32))
			if end := c.terminal("t-hog"); end.Reason == nil || *end.Reason != wire.ReasonMemoryLimit {
				t.Errorf("%+v", end)
			}
		})
	}
}
