package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

// withLimits sets `limits` of a task; nil is null.
func withLimits(info map[string]interface{}, limits map[string]interface{}) map[string]interface{} {
	info["limits"] = limits
	return info
}

func withResource(info map[string]interface{}, name string, value int) map[string]interface{} {
	info["resources"].(map[string]interface{})[name] = value
	return info
}

// rootWith is a machine as the agent sees it: only what is given here. Cgroups of it are none, unless a mount is given.
func rootWith(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{"proc/self/mountinfo": "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", "proc/self/cgroup": "0::/\n", "proc/sys/kernel/random/boot_id": "boot\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// v1Place is where a controller of this machine is mounted, or empty.
func v1Place(controller string) string {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range strings.Split(string(mounts), "\n") {
		left, right, _ := strings.Cut(line, " - ")
		fields, kind := strings.Fields(left), strings.Fields(right)
		if len(fields) > 4 && len(kind) > 2 && kind[0] == "cgroup" {
			for _, option := range strings.Split(kind[2], ",") {
				if option == controller {
					return fields[4]
				}
			}
		}
	}
	return ""
}

// pings asks the agent while something is done to it, and tells the slowest answer.
func (c *client) pings(while func()) time.Duration {
	c.t.Helper()
	stop, over := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		worst := time.Duration(0)
		for {
			select {
			case <-stop:
				over <- worst
				return
			default:
			}
			from := time.Now()
			if err := c.try("ping", wire.Empty{}, nil); err != nil {
				c.t.Errorf("ping: %v", err)
				over <- worst
				return
			}
			if took := time.Since(from); took > worst {
				worst = took
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	while()
	close(stop)
	return <-over
}

func TestP1_AForkBombMeetsItsLimitWhichIsNamed(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if hello.Facts.Isolation.Pids != "cgroup" {
		t.Fatalf("this needs the pids controller: %+v", hello.Facts.Isolation)
	}
	c.launch(shell("t-sibling", "sleep 1000"))
	c.status()
	bomb := shell("t-bomb", `bomb() { bomb & bomb & wait; }; (bomb) 2>/dev/null & exec sleep 1000`)
	c.launch(withLimits(bomb, map[string]interface{}{"pids": 64}))
	c.status()
	c.call("sample.subscribe", wire.SubscribeParams{EveryMs: 100}, nil)
	worst := c.pings(func() {
		h.eventually("the cap is hit", func() bool {
			for _, use := range (<-c.samples).Tasks {
				if use.Pids > 64 {
					t.Errorf("%d processes", use.Pids)
				}
				if use.TaskID == "t-bomb" && use.Pids >= 60 {
					return true
				}
			}
			return false
		})
		grace := int64(0)
		c.call("task.kill", wire.KillParams{TaskID: "t-bomb", GraceMs: &grace}, nil)
	})
	if worst > 5*time.Second {
		t.Errorf("a ping took %s", worst)
	}
	end := c.terminal("t-bomb")
	if end.State != wire.StateKilled || !strings.Contains(end.Message, "it reached its limit of 64 processes") {
		t.Errorf("%+v", end)
	}
	if left, _ := exec.Command("pgrep", "-f", `\(bomb\) 2>`).Output(); len(left) > 0 {
		t.Errorf("left: %s", left)
	}
	if list := h.tasks(c); list["t-sibling"].State != wire.StateRunning {
		t.Errorf("%+v", list["t-sibling"])
	}
}

// tasks are the states the agent tells a master that comes anew.
func (h *host) tasks(c *client) map[string]wire.Status {
	h.t.Helper()
	var page struct {
		Tasks []wire.AgentTask `json:"tasks"`
	}
	c.call("task.list", map[string]interface{}{"after": ""}, &page)
	list := map[string]wire.Status{}
	for _, one := range page.Tasks {
		list[one.Status.TaskID] = one.Status
	}
	return list
}

// stubborn is a tree that ignores TERM, leaves its session twice over and writes its pids.
func stubborn(pids string) string {
	return `trap "" TERM; echo $$ >> ` + pids + `
(setsid sh -c 'trap "" TERM; echo $$ >> ` + pids + `; (setsid sh -c "trap \"\" TERM; echo \$\$ >> ` + pids + `; while :; do sleep 1; done" &) ; while :; do sleep 1; done' &)
while :; do sleep 1; done`
}

func TestP2_ATreeThatIgnoresTermAndLeavesItsSessionIsEmptied(t *testing.T) {
	unified := ""
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range strings.Split(string(mounts), "\n") {
		if strings.Contains(line, " - cgroup2 ") {
			unified = strings.Fields(line)[4]
		}
	}
	roots := map[string]string{"what this machine has": "", "no cgroups": rootWith(t, nil)}
	if unified != "" {
		root := rootWith(t, map[string]string{"proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"})
		if err := os.MkdirAll(filepath.Join(root, "sys/fs"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(unified, filepath.Join(root, "sys/fs/cgroup")); err != nil {
			t.Fatal(err)
		}
		roots["v2"] = root
	}
	for name, root := range roots {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, rootArgs(root)...)
			c, hello := h.greet()
			if kill := hello.Facts.Isolation.Kill; (name == "no cgroups") != (kill == "group") {
				t.Errorf("kill by %s", kill)
			}
			pids := filepath.Join(filepath.Dir(h.dir), "pids")
			c.launch(shell("t-tree", stubborn(pids)))
			c.status()
			var all []int
			h.eventually("the tree is there", func() bool { all = pidsIn(pids); return len(all) == 3 })
			grace := int64(50)
			worst := c.pings(func() {
				c.call("task.kill", wire.KillParams{TaskID: "t-tree", GraceMs: &grace}, nil)
				if end := c.terminal("t-tree"); end.State != wire.StateKilled || end.Signal == nil || *end.Signal != 9 {
					t.Errorf("%+v", end)
				}
			})
			if worst > 5*time.Second {
				t.Errorf("a ping took %s", worst)
			}
			for _, pid := range all {
				if pidAlive(pid) {
					t.Errorf("%d lives", pid)
				}
			}
			// It ends by itself, and leaves a child behind that nobody waits for.
			c.launch(shell("t-leaver", "(setsid sleep 1000 & echo $! > "+pids+".left); exit 4"))
			if end := c.terminal("t-leaver"); exitCode(end) != "4" {
				t.Errorf("%+v", end)
			}
			if pid := h.pidIn(pids + ".left"); pidAlive(pid) {
				t.Errorf("%d was left", pid)
			}
		})
	}
}

func rootArgs(root string) []string {
	if root == "" {
		return nil
	}
	return []string{"--root", root}
}

func pidsIn(path string) []int {
	data, _ := os.ReadFile(path)
	var list []int
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil {
			list = append(list, pid)
		}
	}
	return list
}

// A process that waits in the kernel cannot be ended. A frozen group of its own is like it: KILL has no effect there.
func TestP2_WhatCannotBeEndedIsToldAndNotLoopedOn(t *testing.T) {
	freezer := v1Place("freezer")
	if freezer == "" {
		t.Log("only where there is a freezer of v1: there a part of a group can be held")
		return
	}
	h := newHost(t)
	c, hello := h.greet()
	dir := filepath.Dir(h.dir)
	c.launch(shell("t-stuck", "(setsid sleep 1000 & echo $! > "+dir+"/pid); exec sleep 1000"))
	c.status()
	pid := h.pidIn(dir + "/pid")
	held := filepath.Join(freezer, "mesolite", hello.AgentID, "t-stuck", "held")
	if err := os.Mkdir(held, 0o755); err != nil {
		t.Fatal(err)
	}
	thaw := func() { _ = os.WriteFile(filepath.Join(held, "freezer.state"), []byte("THAWED"), 0o600) }
	defer thaw()
	for file, text := range map[string]string{"cgroup.procs": strconv.Itoa(pid), "freezer.state": "FROZEN"} {
		if file == "cgroup.procs" {
			if err := os.WriteFile(filepath.Join(held, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.WriteFile(filepath.Join(held, "freezer.state"), []byte("THAWED"), 0o600) }()
		}
	}
	if err := os.WriteFile(filepath.Join(held, "freezer.state"), []byte("FROZEN"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.eventually("it is held", func() bool {
		state, _ := os.ReadFile(filepath.Join(held, "freezer.state"))
		return strings.HasPrefix(string(state), "FROZEN")
	})
	shim := shimOf(t, h, "t-stuck")
	before := cpuTicks(shim)
	grace := int64(0)
	c.call("task.kill", wire.KillParams{TaskID: "t-stuck", GraceMs: &grace}, nil)
	var end wire.Status
	select {
	case end = <-c.statuses:
	case <-time.After(45 * time.Second):
		t.Fatal("the end was not told")
	}
	if end.State != wire.StateKilled || !strings.Contains(end.Message, "a process of it waits in the kernel and could not be ended") {
		t.Errorf("%+v", end)
	}
	if used := cpuTicks(shim) - before; used > 100 {
		t.Errorf("the shim used %d ticks while it waited", used)
	}
	c.ack(end)
	thaw()
	h.eventually("it went once it could", func() bool { return !pidAlive(pid) })
	_ = syscall.Rmdir(held)
	_ = syscall.Rmdir(filepath.Dir(held))
}

// shimOf finds the shim that holds a task's fifo.
func shimOf(t *testing.T, h *host, task string) int {
	t.Helper()
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/4")
	for _, fd := range fds {
		if to, _ := os.Readlink(fd); to == h.file(task, "ctl") {
			pid, _ := strconv.Atoi(strings.Split(fd, "/")[2])
			return pid
		}
	}
	t.Fatal("no shim")
	return 0
}

// cpuTicks is what a process used; 0 when it is gone.
func cpuTicks(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

func TestP3_MemoryHogIsNamedWithLimitAndPeakAndItsSiblingIsUntouched(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if hello.Facts.Isolation.Memory != "cgroup" {
		t.Fatalf("this needs the memory controller: %+v", hello.Facts.Isolation)
	}
	c.launch(withMem(shell("t-sibling", "sleep 1000"), 64))
	c.status()
	sibling := h.tasks(c)["t-sibling"]
	c.launch(withMem(argv("t-hog", "sh", "-c", "exec tail /dev/zero"), 64))
	end := c.terminal("t-hog")
	if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonMemoryLimit || end.Message != "out of memory: used 64 MiB of its limit of 64 MiB; killed by signal 9 (KILL)" ||
		end.LimitMemMib == nil || *end.LimitMemMib != 64 || end.PeakMemMib == nil || *end.PeakMemMib != 64 {
		t.Errorf("%+v", end)
	}
	// A ceiling above the request.
	c.launch(withLimits(withMem(argv("t-roomy", "sh", "-c", "head -c 40M /dev/zero | tail -n 1 | wc -c"), 16), map[string]interface{}{"memMib": 128}))
	if end := c.terminal("t-roomy"); end.State != wire.StateFinished || end.PeakMemMib == nil || *end.PeakMemMib < 40 || *end.PeakMemMib > 128 {
		t.Errorf("%+v", end)
	}
	if now := h.tasks(c)["t-sibling"]; !reflect.DeepEqual(now, sibling) {
		t.Errorf("%+v", now)
	}
}

// Where only a child is ended (v1), the task may go on: that is told as it was. v2 ends the whole group.
func TestP3_TheEndOfAChildForWantOfMemoryIsToldTruthfully(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if hello.Facts.Cgroup != "v1" {
		t.Log("only v1 ends a part of a task")
		return
	}
	c.launch(withMem(shell("t-survivor", "tail /dev/zero; echo child $?; exit 0"), 32))
	if end := c.terminal("t-survivor"); end.State != wire.StateFinished || end.Reason != nil ||
		end.Message != "exited with code 0; out of memory: used 32 MiB of its limit of 32 MiB, and a process of it was ended" {
		t.Errorf("%+v", end)
	}
	if out, _ := os.ReadFile(h.file("t-survivor", "stdout")); string(out) != "child 137\n" {
		t.Errorf("%q", out)
	}
	c.launch(withMem(shell("t-gives-up", "tail /dev/zero || exit 3"), 32))
	if end := c.terminal("t-gives-up"); end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonMemoryLimit || exitCode(end) != "3" ||
		end.Message != "out of memory: used 32 MiB of its limit of 32 MiB, and a process of it was ended; exited with code 3" {
		t.Errorf("%+v", end)
	}
}

func TestLimitsAboveTheRequestReachTheKernel(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if hello.Facts.Cgroup != "v1" {
		t.Log("TestV2_ has the same for the other tree")
		return
	}
	task := withResource(withMem(shell("t-all", "sleep 1000"), 32), "cpusMilli", 500)
	c.launch(withLimits(task, map[string]interface{}{"cpusMilli": 250, "memMib": 96, "pids": 17}))
	c.status()
	for file, want := range map[string]string{
		"cpu/cpu.shares": "512", "cpu/cpu.cfs_quota_us": "25000", "cpu/cpu.cfs_period_us": "100000", "pids/pids.max": "17",
		"memory/memory.soft_limit_in_bytes": "33554432", "memory/memory.limit_in_bytes": "100663296", "memory/memory.memsw.limit_in_bytes": "100663296",
	} {
		controller, name, _ := strings.Cut(file, "/")
		got, err := os.ReadFile(filepath.Join(v1Place(controller), "mesolite", hello.AgentID, "t-all", name))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s is %q, %v", file, got, err)
		}
	}
	c.launch(withLimits(withMem(shell("t-none", "sleep 1000"), 32), map[string]interface{}{"memMib": nil, "cpusMilli": nil}))
	c.status()
	for file, want := range map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1"} {
		controller, name, _ := strings.Cut(file, "/")
		got, _ := os.ReadFile(filepath.Join(v1Place(controller), "mesolite", hello.AgentID, "t-none", name))
		if strings.TrimSpace(string(got)) != want {
			t.Errorf("null: %s is %q", file, got)
		}
	}
}

func TestWithoutCgroupsRlimitsHoldAndTheFactsSaySo(t *testing.T) {
	h := newHost(t, "--root", rootWith(t, nil))
	c, hello := h.greet()
	want := wire.Isolation{CPU: "none", Memory: "rlimit", Pids: "rlimit", Disk: "watched", GPU: "none", Kill: "group", Users: true}
	if hello.Facts.Isolation == nil || *hello.Facts.Isolation != want {
		t.Fatalf("%+v", hello.Facts.Isolation)
	}
	c.launch(withMem(shell("t-hog", "ulimit -d; ulimit -c; exec tail /dev/zero"), 64))
	if end := c.terminal("t-hog"); end.State != wire.StateFailed || exitCode(end) != "1" {
		t.Errorf("%+v", end)
	}
	if out, _ := os.ReadFile(h.file("t-hog", "stdout")); string(out) != "65536\n0\n" {
		t.Errorf("%q", out)
	}
	task := withLimits(with(shell("t-crowd", "ulimit -u || grep processes /proc/self/limits; for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done"), "user", "nobody"), map[string]interface{}{"pids": 4})
	c.launch(task)
	if end := c.terminal("t-crowd"); end.State != wire.StateFailed {
		t.Errorf("%+v", end)
	}
	if out, _ := os.ReadFile(h.file("t-crowd", "stderr")); !strings.Contains(string(out), "ork") { // cannot fork
		t.Errorf("%q", out)
	}
	c.launch(withMem(shell("t-free", "ulimit -d"), 0))
	if end := c.terminal("t-free"); end.State != wire.StateFinished {
		t.Errorf("%+v", end)
	}
	if out, _ := os.ReadFile(h.file("t-free", "stdout")); string(out) != "unlimited\n" {
		t.Errorf("%q", out)
	}
}

func TestASandboxOverItsDiskLimitEndsTheTask(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(withResource(shell("t-modest", "head -c 1M /dev/zero > f; sleep 1000"), "diskMib", 8))
	c.status()
	c.launch(withResource(shell("t-files", "mkdir -p a/b; head -c 20M /dev/zero > a/b/f; sleep 1000"), "diskMib", 8))
	end := c.terminal("t-files")
	if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonDiskLimit ||
		!strings.HasPrefix(end.Message, "out of disk: its sandbox and logs used 2") || !strings.Contains(end.Message, "of its limit of 8 MiB; killed by signal 15 (TERM)") {
		t.Errorf("%+v", end)
	}
	c.launch(withResource(shell("t-logs", "head -c 20M /dev/zero; sleep 1000"), "diskMib", 8))
	if end := c.terminal("t-logs"); end.Reason == nil || *end.Reason != wire.ReasonDiskLimit {
		t.Errorf("%+v", end)
	}
	// Also by an agent that did not see it begin.
	h.kill9()
	if err := os.WriteFile(h.file("t-modest", "sandbox/more"), make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start()
	c, _ = h.greet()
	if end := c.terminal("t-modest"); end.Reason == nil || *end.Reason != wire.ReasonDiskLimit {
		t.Errorf("%+v", end)
	}
}

func nvidia(index int) (string, string) {
	return fmt.Sprintf("proc/driver/nvidia/gpus/0000:0%d:00.0/information", index+1), fmt.Sprintf("Model: \t\t Test %d\n", index)
}

func TestADeviceIsGivenToOneTaskAlsoAcrossARestart(t *testing.T) {
	files := map[string]string{}
	for i := 0; i < 3; i++ {
		name, text := nvidia(i)
		files[name] = text
	}
	h := newHost(t, "--root", rootWith(t, files), "--capacity", "gpus=2@1")
	c, hello := h.greet()
	if hello.Resources.Gpus != 2 || len(hello.Facts.Gpus) != 3 || hello.Facts.Isolation.GPU != "variable" {
		t.Fatalf("%+v %+v", hello.Resources, hello.Facts.Isolation)
	}
	const show = `echo "$CUDA_VISIBLE_DEVICES $NVIDIA_VISIBLE_DEVICES ${CUDA_VISIBLE_DEVICES+set}"; `
	gpu := func(id string, n int, more string) map[string]interface{} {
		return with(withResource(shell(id, show+more), "gpus", n), "environment", []map[string]string{{"name": "CUDA_VISIBLE_DEVICES", "value": "0,1,2"}})
	}
	seen := func(id string) string {
		out, _ := os.ReadFile(h.file(id, "stdout"))
		return string(out)
	}
	c.launch(gpu("t-one", 1, "sleep 1000"))
	if status := c.status(); !reflect.DeepEqual(status.Gpus, []int{1}) {
		t.Errorf("%+v", status)
	}
	h.kill9()
	h.start()
	c, _ = h.greet()
	c.launch(gpu("t-two", 1, "sleep 1000"))
	if status := c.status(); !reflect.DeepEqual(status.Gpus, []int{2}) {
		t.Errorf("%+v", status)
	}
	c.launch(gpu("t-none", 0, ""))
	c.terminal("t-none")
	h.eventually("they have spoken", func() bool { return seen("t-one") != "" && seen("t-two") != "" })
	if seen("t-one") != "1 1 set\n" || seen("t-two") != "2 2 set\n" || seen("t-none") != " void set\n" {
		t.Errorf("%q %q %q", seen("t-one"), seen("t-two"), seen("t-none"))
	}
	err := c.try("task.launch", map[string]interface{}{"info": gpu("t-three", 1, "")}, nil)
	if refusal, ok := err.(*wire.Error); !ok || refusal.Reason != "gpus-taken" || refusal.Detail != "0 of 2 GPUs are free, 1 are asked for" {
		t.Errorf("%v", err)
	}
	c.call("task.kill", wire.KillParams{TaskID: "t-one"}, nil)
	c.terminal("t-one")
	c.launch(gpu("t-four", 1, "sleep 1000"))
	if status := c.status(); !reflect.DeepEqual(status.Gpus, []int{1}) {
		t.Errorf("%+v", status)
	}
}

func TestP6_NoDescriptorOfOursIsInATask(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-sleeper", "sleep 1000")) // its shim and its agent hold more
	c.status()
	c.launch(shell("t-fds", `find /proc/$$/fd -type l -printf '%f %l\n' | sort; true`))
	c.terminal("t-fds")
	out, _ := os.ReadFile(h.file("t-fds", "stdout"))
	want := fmt.Sprintf("0 /dev/null\n1 %s\n2 %s\n", h.file("t-fds", "stdout"), h.file("t-fds", "stderr"))
	if string(out) != want {
		t.Errorf("%s", out)
	}
}

func TestPrivilege_ATaskOfAnotherUserHasNothingOfRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this needs root")
	}
	h := newHost(t)
	c, _ := h.greet()
	c.launch(with(shell("t-who", `id; grep -E "^(Cap|NoNew|Groups)" /proc/self/status; umask; cat /proc/self/oom_score_adj; ls /proc/$$/fd | tr '\n' ' '`), "user", "nobody"))
	if end := c.terminal("t-who"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	out, _ := os.ReadFile(h.file("t-who", "stdout"))
	text := strings.Join(strings.Fields(string(out)), " ")
	ownScore, taskScore := "-500", "0"
	if os.WriteFile("/proc/self/oom_score_adj", []byte("-1"), 0) != nil { // a root that may not, in a container
		ownScore, taskScore = "0", "100"
	} else if err := os.WriteFile("/proc/self/oom_score_adj", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	want := "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup) Groups: 65534 " +
		"CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000 " +
		"NoNewPrivs: 1 0022 " + taskScore + " 0 1 2"
	if text != want {
		t.Errorf("\ngot  %s\nwant %s", text, want)
	}
	adj, _ := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", h.cmd.Process.Pid))
	if got := strings.TrimSpace(string(adj)); got != ownScore {
		t.Errorf("the agent goes with its tasks when the machine is out of memory: %s", got)
	}
}

// attackEnv makes this test program the attacker: it is what the task of another user runs.
const attackEnv = "MESOLITE_TEST_ATTACK"

func init() {
	if os.Getenv(attackEnv) != "" {
		attack(strings.Split(os.Getenv(attackEnv), "|"))
		os.Exit(0)
	}
}

// attack tries everything and says what came of it.
func attack(args []string) {
	dir, agentPid, shimPid, group := args[0], atoi(args[1]), atoi(args[2]), args[3]
	write := func(path, text string) func() error {
		return func() error {
			file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			if err == nil {
				_, err = file.WriteString(text)
			}
			return err
		}
	}
	read := func(path string) func() error {
		return func() error {
			file, err := os.Open(path)
			if err == nil {
				_, err = file.Read(make([]byte, 1))
			}
			return err
		}
	}
	self := strconv.Itoa(os.Getpid())
	for _, try := range []struct {
		name string
		do   func() error
	}{
		{"socket", func() error { _, err := link.Dial(dir, time.Second); return err }},
		{"list the state", func() error { _, err := os.ReadDir(dir); return err }},
		{"list tasks", func() error { _, err := os.ReadDir(filepath.Join(dir, "tasks")); return err }},
		{"read the journal", read(filepath.Join(dir, "journal"))},
		{"write the journal", write(filepath.Join(dir, "journal"), "x")},
		{"read the identity", read(filepath.Join(dir, "agent.json"))},
		{"write the lease", write(filepath.Join(dir, "lease.json"), "{}")},
		{"make a file", func() error { return os.WriteFile(filepath.Join(dir, "new"), nil, 0o600) }},
		{"move the lock", func() error { return os.Rename(filepath.Join(dir, "lock"), filepath.Join(dir, "lock2")) }},
		{"write its exit", write(filepath.Join(dir, "tasks/t-attack/run"), "x")},
		{"command its shim", write(filepath.Join(dir, "tasks/t-attack/ctl"), "a\n")},
		{"speak for its shim", write(filepath.Join(dir, "tasks/t-attack/alive"), "X{}\n")},
		{"write another log", write(filepath.Join(dir, "tasks/t-other/stdout"), "x")},
		{"read another sandbox", func() error { _, err := os.ReadDir(filepath.Join(dir, "tasks/t-other/sandbox")); return err }},
		{"signal the agent", func() error { return syscall.Kill(agentPid, syscall.SIGTERM) }},
		{"signal the shim", func() error { return syscall.Kill(shimPid, syscall.SIGKILL) }},
		{"trace the agent", func() error { return syscall.PtraceAttach(agentPid) }},
		{"trace the shim", func() error { return syscall.PtraceAttach(shimPid) }},
		{"memory of the shim", read(fmt.Sprintf("/proc/%d/mem", shimPid))},
		{"descriptors of the shim", func() error { _, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", shimPid)); return err }},
		{"loosen its limit", write(filepath.Join(group, "memory.limit_in_bytes"), "-1")},
		{"loosen its limit in v2", write(filepath.Join(group, "memory.max"), "max")},
		{"leave its group", write(filepath.Join(filepath.Dir(group), "cgroup.procs"), self)},
		{"leave all groups", write(filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(group))), "cgroup.procs"), self)},
		{"make a group", func() error { return os.Mkdir(filepath.Join(group, "inner"), 0o755) }},
		{"become root", func() error { return syscall.Setuid(0) }},
		{"change the root", func() error { return syscall.Chroot("/") }},
		{"score below zero", func() error { return os.WriteFile("/proc/self/oom_score_adj", []byte("-1"), 0) }},
	} {
		fmt.Printf("%s: %v\n", try.name, try.do())
	}
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func TestPrivilege_ATaskOfAnotherUserCannotReachItsAgent(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this needs root")
	}
	h := newHost(t)
	c, hello := h.greet()
	tool := filepath.Join(filepath.Dir(h.dir), "attack")
	copyTool(t, tool)
	c.launch(shell("t-other", "sleep 1000"))
	c.status()
	gate := filepath.Join(filepath.Dir(h.dir), "gate")
	line := `while [ ! -e ` + gate + ` ]; do sleep 0.02; done; ` + attackEnv + `="$(cat ` + gate + `)" exec ` + tool
	c.launch(withMem(with(shell("t-attack", line), "user", "nobody"), 512))
	c.status()
	group := filepath.Join(v1Place("memory"), "mesolite", hello.AgentID, "t-attack")
	if hello.Facts.Cgroup == "v2" {
		group = filepath.Join("/sys/fs/cgroup/mesolite", hello.AgentID, "t-attack")
	}
	words := fmt.Sprintf("%s|%d|%d|%s", h.dir, h.cmd.Process.Pid, shimOf(t, h, "t-attack"), group)
	if err := os.WriteFile(gate+".new", []byte(words), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(gate+".new", gate); err != nil {
		t.Fatal(err)
	}
	if end := c.terminal("t-attack"); end.State != wire.StateFinished {
		t.Errorf("%+v", end)
	}
	out, _ := os.ReadFile(h.file("t-attack", "stdout"))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 28 {
		t.Errorf("%d lines:\n%s", len(lines), out)
	}
	missing := 0
	for _, line := range lines {
		if strings.HasSuffix(line, "no such file or directory") && strings.Contains(line, "its limit") {
			missing++ // the file of the other kind of tree
			continue
		}
		if !strings.HasSuffix(line, "permission denied") && !strings.HasSuffix(line, "operation not permitted") {
			t.Errorf("%s", line)
		}
	}
	if missing > 1 {
		t.Errorf("no limit was tried:\n%s", out)
	}
	if out, _ := os.ReadFile(h.file("t-other", "stdout")); len(out) != 0 {
		t.Errorf("another log: %q", out)
	}
}

func copyTool(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, from); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
