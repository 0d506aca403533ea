package e2e

import (
	"errors"
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

// inside runs the calling test again in a mount namespace of its own, with a file system made by the script (which gets
// the place to mount it as $1), and tells whether this is that run. What was mounted goes with the namespace.
func inside(t *testing.T, script string) (place string, yes bool) {
	t.Helper()
	if place = os.Getenv("MESOLITE_TEST_PLACE"); place != "" {
		return place, true
	}
	needsRoot(t)
	top, err := os.MkdirTemp(filepath.Dir(binary), "disk-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(top) }()
	place = filepath.Join(top, "m")
	if err := os.Mkdir(place, 0o755); err != nil {
		t.Fatal(err)
	}
	again := exec.Command("unshare", "-m", "sh", "-ec", script+"\nshift\nexec \"$@\"", "sh", place, os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
	again.Env = append(os.Environ(), "MESOLITE_TEST_PLACE="+place)
	out, err := again.CombinedOutput()
	t.Logf("in its own mounts:\n%s", out)
	if err != nil {
		t.Error(err)
	}
	return "", false
}

// hostOn is a daemon whose folder is on that file system.
func hostOn(t *testing.T, place string) *host {
	t.Helper()
	h := &host{t: t, dir: filepath.Join(place, "agent")}
	h.start()
	t.Cleanup(h.stopAll)
	return h
}

// gate is a file outside of the disk that a task waits for.
func gate(t *testing.T) (path string) { return filepath.Join(t.TempDir(), "go") }

func waiting(id, gate, then string) map[string]interface{} {
	return shell(id, "while [ ! -e "+gate+" ]; do sleep 0.05; done; "+then)
}

func (c *client) running(id string) {
	c.t.Helper()
	for {
		if status := c.status(); status.TaskID == id && status.State == wire.StateRunning {
			return
		}
	}
}

func TestA8_DiskFull(t *testing.T) {
	place, yes := inside(t, "mount -t tmpfs -o size=48m none \"$1\"")
	if !yes {
		return
	}
	h, open := hostOn(t, place), gate(t)
	c, _ := h.greet()
	c.launch(waiting("t-run", open, "exit 7"))
	c.running("t-run")
	c.launch(limited(shell("t-yes", "while :; do seq 1000; done"), 4))
	c.running("t-yes")
	c.launch(shell("t-fill", "cat /dev/zero > fill"))
	if end := c.terminal("t-fill"); end.State != wire.StateFailed || exitCode(end) != "1" {
		t.Errorf("%+v", end)
	}
	if free := freeBytes(t, place); free > 8<<20 { // the log gives some back

		t.Fatalf("%d bytes are free", free)
	}
	refusal := refused(t, c.try("task.launch", map[string]interface{}{"info": shell("t-new", "true")}, nil), "disk-full")
	if refusal.Code != wire.CodeExhausted || !strings.Contains(refusal.Detail, "MiB are free") {
		t.Errorf("%v", refusal)
	}
	h.eventually("the log keeps its cap", func() bool { return blocks(h.file("t-yes", "stdout")) <= 5<<20 })
	// A crash on the full disk, and an end while no agent lives.
	h.kill9()
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.eventually("the task has ended", func() bool {
		data, _ := os.ReadFile(h.file("t-run", "run"))
		return strings.Contains(string(data), "E ") || len(data) > 64 && strings.TrimSpace(string(data[64:])) != ""
	})
	h.start()
	c, _ = h.greet()
	if end := c.terminal("t-run"); end.State != wire.StateFailed || exitCode(end) != "7" {
		t.Errorf("%+v", end)
	}
	c.call("task.kill", wire.KillParams{TaskID: "t-yes"}, nil)
	if end := c.terminal("t-yes"); end.State != wire.StateKilled {
		t.Errorf("%+v", end)
	}
	if err := os.Remove(filepath.Join(h.file("t-fill", "sandbox"), "fill")); err != nil {
		t.Fatal(err)
	}
	c.launch(shell("t-after", "echo there is room"))
	if end := c.terminal("t-after"); end.State != wire.StateFinished {
		t.Errorf("%+v", end)
	}
}

func freeBytes(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bavail) * int64(s.Bsize)
}

func TestA8_InodesFull(t *testing.T) {
	place, yes := inside(t, "mount -t tmpfs -o size=64m,nr_inodes=400 none \"$1\"")
	if !yes {
		return
	}
	h, open := hostOn(t, place), gate(t)
	c, _ := h.greet()
	c.launch(waiting("t-run", open, "exit 7"))
	c.running("t-run")
	c.launch(shell("t-fill", "i=0; while : > f$i; do i=$((i+1)); done 2>/dev/null; exit 3"))
	if end := c.terminal("t-fill"); end.State != wire.StateFailed {
		t.Errorf("%+v", end)
	}
	refusal := refused(t, c.try("task.launch", map[string]interface{}{"info": shell("t-new", "true")}, nil), "disk-full")
	if !strings.Contains(refusal.Detail, "more files fit") {
		t.Errorf("%v", refusal)
	}
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if end := c.terminal("t-run"); exitCode(end) != "7" {
		t.Errorf("%+v", end)
	}
	c.call("task.forget", wire.TaskParams{TaskID: "t-fill"}, nil)
	h.eventually("taken again", func() bool {
		return c.try("task.launch", map[string]interface{}{"info": shell("t-after", "true")}, nil) == nil
	})
	if end := c.terminal("t-after"); end.State != wire.StateFinished {
		t.Errorf("%+v", end)
	}
}

func TestA8_ADiskThatTakesNoWriteAnyMore(t *testing.T) {
	place, yes := inside(t, "truncate -s 96M \"$1/../img\"\nmkfs.ext4 -q -m 0 \"$1/../img\"\nmount -o loop,errors=remount-ro \"$1/../img\" \"$1\"")
	if !yes {
		return
	}
	h := &host{t: t, dir: filepath.Join(place, "agent")}
	h.start()
	t.Cleanup(func() { h.kill9(); killFrom(t, h.dir) })
	c, _ := h.greet()
	c.launch(shell("t-run", "echo hello; sleep 1000"))
	c.running("t-run")
	h.eventually("it has written", func() bool { return fileSize(h.file("t-run", "stdout")) == 6 })
	pid := h.cmd.Process.Pid
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	device := ""
	for _, line := range strings.Split(string(mounts), "\n") {
		if fields := strings.Fields(line); len(fields) > 2 && fields[1] == place {
			device = filepath.Base(fields[0])
		}
	}
	if err := os.WriteFile("/sys/fs/ext4/"+device+"/trigger_fs_error", []byte("a test"), 0o200); err != nil {
		t.Fatal(err)
	}
	// The kernel switches in its own time, and the agent believes a good try for 20 ms; a launch in that moment would
	// only wait for the disk.
	triggered := time.Now()
	h.eventually("the disk takes no write", func() bool {
		return time.Since(triggered) > 50*time.Millisecond && errors.Is(os.WriteFile(filepath.Join(place, "try"), []byte("x"), 0o600), syscall.EROFS)
	})
	refusal := refused(t, c.try("task.launch", map[string]interface{}{"info": shell("t-new", "true")}, nil), "disk-full")
	if !strings.Contains(refusal.Detail, "read-only") {
		t.Errorf("%v", refusal)
	}
	// What can be done without writing goes on.
	c.call("ping", wire.Empty{}, nil)
	if data, _ := c.log("t-run", "stdout", false); string(data) != "hello\n" {
		t.Errorf("%q", data)
	}
	if page := c.list("t-run", "", ""); len(page.Entries) != 0 {
		t.Errorf("%+v", page)
	}
	if err := c.send("task.kill", wire.KillParams{TaskID: "t-run"}); err != nil {
		t.Fatal(err)
	}
	begin := cpuOf(t, pid)
	until := time.Now().Add(1500 * time.Millisecond)
	h.eventually("some time passes", func() bool { return time.Now().After(until) })
	if used := cpuOf(t, pid) - begin; used > 0.3 {
		t.Errorf("the agent used %.2f s of CPU for waiting", used)
	}
	c.call("ping", wire.Empty{}, nil)
	select {
	case status := <-c.statuses:
		t.Errorf("announced, and not on disk: %+v", status)
	default:
	}
}

// killFrom ends the task whose agent cannot any more.
func killFrom(t *testing.T, dir string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "tasks/t-run/run"))
	if err != nil {
		t.Fatal(err)
	}
	pid := 0
	if _, err := fmt.Sscanf(string(data), "S %d", &pid); err != nil || pid < 2 {
		t.Fatalf("%q %v", data, err)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // its shim then ends by itself
}

func cpuOf(t *testing.T, pid int) float64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
	var user, system float64
	_, _ = fmt.Sscan(fields[12], &user)
	_, _ = fmt.Sscan(fields[13], &system)
	return (user + system) / 100
}
