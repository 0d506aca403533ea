package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

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

// processesWith are the command lines that hold text. A shim is not one of them: it has the command of its task in its
// own arguments, and is gone only a moment after it was told that the agent has the end on disk.
func processesWith(t *testing.T, text string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatal("no process is to be seen", err)
	}
	for _, file := range files {
		line, _ := os.ReadFile(file) // gone meanwhile: empty
		if strings.Contains(string(line), text) && !strings.HasPrefix(string(line), shim.Name+"\x00") {
			lines = append(lines, file+": "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
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
	folder := filepath.Join("/sys/fs/cgroup/mesolite", hello.AgentID, "t-bomb")
	if hello.Facts.Cgroup == "v1" {
		folder = filepath.Join(v1Place("pids"), "mesolite", hello.AgentID, "t-bomb")
	}
	worst := c.pings(func() {
		h.eventually("the cap is hit", func() bool {
			if now := atoiFile(filepath.Join(folder, "pids.current")); now > 64 {
				t.Errorf("%d processes", now)
			}
			events, _ := os.ReadFile(filepath.Join(folder, "pids.events"))
			return len(events) > 0 && !strings.HasPrefix(string(events), "max 0")
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
	if left := processesWith(t, "; (bomb) 2>"); len(left) > 0 {
		t.Errorf("left: %q", left)
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
			if kill := hello.Facts.Isolation.Kill; os.Geteuid() == 0 && (name == "no cgroups") != (kill == "group") {
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
	h := newHost(t)
	c, hello := h.greet()
	if !usesV1(t, hello) { // only its freezer can hold a part of a group against KILL
		return
	}
	freezer := v1Place("freezer")
	dir := filepath.Dir(h.dir)
	c.launch(shell("t-stuck", "(setsid sleep 1000 & echo $! > "+dir+"/pid); exec sleep 1000"))
	c.status()
	pid := h.pidIn(dir + "/pid")
	held := filepath.Join(freezer, "mesolite", hello.AgentID, "t-stuck", "held")
	thaw := hold(t, h, held, pid)
	defer thaw()
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
	// The first process itself: the task is not over, and that is said while it lasts.
	c.launch(shell("t-waits", "echo $$ > "+dir+"/first; exec sleep 1000"))
	c.status()
	held = filepath.Join(freezer, "mesolite", hello.AgentID, "t-waits", "held")
	thaw = hold(t, h, held, h.pidIn(dir+"/first"))
	defer thaw()
	c.call("task.kill", wire.KillParams{TaskID: "t-waits", GraceMs: &grace}, nil)
	if status := c.status(); status.State != wire.StateRunning || !strings.HasPrefix(status.Message, "cannot be ended yet: KILL was sent, but it waits in the kernel") {
		t.Errorf("%+v", status)
	}
	thaw()
	if end := c.terminal("t-waits"); end.State != wire.StateKilled || end.Signal == nil {
		t.Errorf("%+v", end) // by TERM or by KILL: both wait for it when it goes on
	}
}

// hold freezes one process in a group of its own, inside the group of its task.
func hold(t *testing.T, h *host, group string, pid int) (thaw func()) {
	t.Helper()
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(group, "freezer.state")
	for _, write := range [][2]string{{filepath.Join(group, "cgroup.procs"), strconv.Itoa(pid)}, {state, "FROZEN"}} {
		if err := os.WriteFile(write[0], []byte(write[1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.eventually("it is held", func() bool {
		text, _ := os.ReadFile(state)
		return strings.HasPrefix(string(text), "FROZEN")
	})
	return func() { _ = os.WriteFile(state, []byte("THAWED"), 0o600) } // gone: nothing is held
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
	needsMemory(t, hello)
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
	c.launch(withMem(shell("t-survivor", "tail /dev/zero; echo child $?; exit 0"), 32))
	end := c.terminal("t-survivor")
	switch hello.Facts.Isolation.Memory + " " + hello.Facts.Cgroup {
	case "cgroup v2":
		if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonMemoryLimit {
			t.Errorf("%+v", end)
		}
		return
	case "rlimit v1", "rlimit v2", "rlimit none": // nobody is ended: the child fails by itself
		if end.State != wire.StateFinished || end.Message != "exited with code 0" {
			t.Errorf("%+v", end)
		}
		return
	}
	if end.State != wire.StateFinished || end.Reason != nil ||
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
