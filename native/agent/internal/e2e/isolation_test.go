package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

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

func rootArgs(root string) []string {
	if root == "" {
		return nil
	}
	return []string{"--root", root}
}

func TestLimitsAboveTheRequestReachTheKernel(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if !usesV1(t, hello) { // TestV2_ has the same for the other tree
		return
	}
	task := withResource(withMem(shell("t-all", "sleep 1000"), 32), "cpusMilli", 500)
	c.launch(withLimits(task, map[string]interface{}{"cpusMilli": 250, "memMib": 96, "pids": 17}))
	c.status()
	expectV1(t, hello.AgentID+"/t-all", map[string]string{
		"cpu/cpu.shares": "512", "cpu/cpu.cfs_quota_us": "25000", "cpu/cpu.cfs_period_us": "100000", "pids/pids.max": "17",
		"memory/memory.soft_limit_in_bytes": "33554432", "memory/memory.limit_in_bytes": "100663296", "memory/memory.memsw.limit_in_bytes": "100663296",
	})
	c.launch(withLimits(withMem(shell("t-none", "sleep 1000"), 32), map[string]interface{}{"memMib": nil, "cpusMilli": nil}))
	c.status()
	expectV1(t, hello.AgentID+"/t-none", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1"})
}

func TestWithoutCgroupsRlimitsHoldAndTheFactsSaySo(t *testing.T) {
	h := newHost(t, "--root", rootWith(t, nil))
	c, hello := h.greet()
	want := wire.Isolation{CPU: "none", Memory: "rlimit", Pids: "rlimit", Disk: "watched", GPU: "none", Kill: "group", Users: true}
	if os.Geteuid() != 0 { // the kernel counts the processes of a user, so those of a task only if it has one of its own
		want.Pids, want.Users = "none", false
	}
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
	crowd := shell("t-crowd", "ulimit -u || grep processes /proc/self/limits; for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done")
	if c.launchAsNobody(withLimits(crowd, map[string]interface{}{"pids": 4})) {
		end := c.terminal("t-crowd")
		if end.State != wire.StateFailed {
			t.Errorf("%+v", end)
		}
		if out, _ := os.ReadFile(h.file("t-crowd", "stderr")); !strings.Contains(string(out), "ork") { // cannot fork
			t.Errorf("%q: %s", out, end.Message)
		}
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

// Where v1 can close device files, a task reaches only its own: another one is refused before any driver is asked.
func TestTheFilesOfOtherDevicesAreClosed(t *testing.T) {
	files := map[string]string{}
	for i := 0; i < 2; i++ {
		name, text := nvidia(i)
		files[name] = text + fmt.Sprintf("Device Minor: %d\n", 250+i)
	}
	worth := "variable" // without a tree that closes them, and for who is not root
	if v1Place("devices") != "" && v1Place("freezer") != "" && os.Geteuid() == 0 {
		worth = "devices"
		files["proc/self/mountinfo"] = ""
		for i, controller := range []string{"freezer", "devices"} {
			files["proc/self/mountinfo"] += fmt.Sprintf("3%d 1 0:26 / %s rw - cgroup cgroup rw,%s\n", i, v1Place(controller), controller)
		}
	}
	root := rootWith(t, files)
	if worth == "devices" {
		for _, controller := range []string{"freezer", "devices"} {
			inRoot := filepath.Join(root, v1Place(controller))
			if err := os.MkdirAll(filepath.Dir(inRoot), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(v1Place(controller), inRoot); err != nil {
				t.Fatal(err)
			}
		}
	}
	h := newHost(t, "--root", root)
	c, hello := h.greet()
	if hello.Facts.Isolation.GPU != worth {
		t.Fatalf("%+v", hello.Facts.Isolation)
	}
	if worth != "devices" {
		return
	}
	const look = `for n in 250 251; do mknod card-$n c 195 $n && cat card-$n; done 2>&1 | sed 's/.*: //'; true`
	c.launch(withResource(shell("t-second", look), "gpus", 2))
	c.terminal("t-second")
	c.launch(withResource(shell("t-none", look), "gpus", 0))
	c.terminal("t-none")
	all, _ := os.ReadFile(h.file("t-second", "stdout"))
	none, _ := os.ReadFile(h.file("t-none", "stdout"))
	if string(all) != "No such device or address\nNo such device or address\n" || string(none) != "Operation not permitted\nOperation not permitted\n" {
		t.Errorf("%q %q", all, none)
	}
}

// In v2 a program in the kernel closes them. The full device stands for a card: a task without it cannot even make its
// file, while a task with it and everybody outside read from it.
func TestV2_TheFileOfACardIsClosedToOthers(t *testing.T) {
	root, _ := rootWithUnified(t, map[string]string{
		"sys/class/drm/card0/device/gpu_busy_percent": "0\n", "sys/class/drm/card0/device/vendor": "0x1002\n",
		"sys/class/drm/card0/device/drm/card0/dev": "1:7\n",
	})
	h := newHost(t, "--root", root)
	c, hello := h.greet()
	if hello.Facts.Cgroup != "v2" || len(hello.Facts.Gpus) != 1 || hello.Facts.Isolation.GPU != "devices" {
		t.Fatalf("%s %+v %+v", hello.Facts.Cgroup, hello.Facts.Gpus, hello.Facts.Isolation)
	}
	const look = `exec 2>&1; mknod card c 1 7 && head -c 5 card | wc -c; head -c 5 /dev/full | wc -c; head -c 5 /dev/zero | wc -c; sleep `
	const has, hasNot = "5 5 5", " not permitted 0 5"
	see := func(id string) string {
		out, _ := os.ReadFile(h.file(id, "stdout"))
		return strings.Join(strings.Fields(string(out)), " ")
	}
	c.launch(withResource(shell("t-has", look+"1000"), "gpus", 1))
	c.status()
	h.eventually("it looked", func() bool { return see("t-has") == has })
	c.launch(withResource(shell("t-none", look+"0"), "gpus", 0))
	c.terminal("t-none")
	if got := see("t-none"); !strings.HasSuffix(got, hasNot) || strings.Count(got, "not permitted") != 2 {
		t.Errorf("%q", got)
	}
	h.kill9() // what is closed stays closed, and what is open open, without an agent and with the next one
	h.start()
	c, _ = h.greet()
	c.launch(withResource(shell("t-later", look+"0"), "gpus", 0))
	c.terminal("t-later")
	if got := see("t-later"); !strings.HasSuffix(got, hasNot) {
		t.Errorf("%q", got)
	}
	full, err := os.Open("/dev/full")
	if err != nil {
		t.Fatalf("outside: %v", err)
	}
	_ = full.Close()
}
