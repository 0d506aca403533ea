package cgroup

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake makes a tree with files as a kernel would.
func fake(t *testing.T, mountinfo string, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files["proc/self/mountinfo"] = mountinfo
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func touch(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const unified = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"

func TestV2LimitsAndOutcome(t *testing.T) {
	root := fake(t, unified, map[string]string{
		"sys/fs/cgroup/cgroup.controllers": "cpu memory pids", "sys/fs/cgroup/mesolite/a-1/cgroup.kill": "", "proc/self/cgroup": "0::/\n",
		"sys/fs/cgroup/cgroup.subtree_control": "", "sys/fs/cgroup/mesolite/a-1/cgroup.subtree_control": "",
		"sys/fs/cgroup/mesolite/a-1/probe.tmp/cpu.weight": "", "sys/fs/cgroup/mesolite/a-1/probe.tmp/cpu.max": "",
		"sys/fs/cgroup/mesolite/a-1/probe.tmp/memory.max": "", "sys/fs/cgroup/mesolite/a-1/probe.tmp/pids.max": "",
	})
	d := Detect(root, "a-1")
	if d.Kind != KindV2 {
		t.Fatalf("%+v", d)
	}
	folder := filepath.Join(root, "sys/fs/cgroup/mesolite/a-1/t-a")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if worth := d.Worth(); worth != (Worth{CPU: WorthQuota, Memory: WorthCgroup, Pids: WorthCgroup, Kill: WorthCgroup}) {
		t.Errorf("%+v", worth)
	}
	base := filepath.Dir(folder)
	touch(t, base, "cpu.max", "memory.max", "pids.max", "memory.low")
	d.SetShare(Limits{CPUQuotaMilli: 2000, MemMib: 512})
	touch(t, folder, "cpu.weight", "cpu.max", "memory.low", "memory.max", "memory.swap.max", "memory.oom.group", "pids.max")
	group, err := d.Create("t-a", Limits{CPUMilli: 1500, CPUQuotaMilli: 4000, MemMib: 64, MemRequestMib: 32, Pids: 100})
	if err != nil || len(group.Joins) != 1 || group.Kill != filepath.Join(folder, "cgroup.kill") {
		t.Fatalf("%+v %v", group, err)
	}
	for name, want := range map[string]string{
		"cpu.weight": "150", "cpu.max": "200000 100000", "memory.low": "33554432", "memory.max": "67108864",
		"memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "100",
		"../cpu.max": "200000 100000", "../memory.max": "536870912", "../pids.max": "max", "../memory.low": "max",
	} {
		if got := read(t, folder, name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for name, text := range map[string]string{
		"memory.events": "low 0\nmax 7\noom 1\noom_kill 2\n", "pids.events": "max 3\n", "pids.max": "100\n", "memory.peak": "67108864\n", "memory.max": "67108864\n", "cpu.stat": "usage_usec 123\nuser_usec 1\n",
		"memory.current": "20971520\n", "memory.stat": "anon 1\ninactive_file 10485760\n", "pids.current": "3\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Outcome("t-a"); got != (Outcome{OomKills: 2, OwnLimit: true, PeakMib: 64, LimitMib: 64, PidsHits: 3, MaxPids: 100}) {
		t.Errorf("%+v", got)
	}
	if use, ok := d.Use("t-a"); !ok || use != (Use{CPUUs: 123, MemMib: 10, Pids: 3}) {
		t.Errorf("%+v %v", use, ok)
	}
}

func TestNothingWritableIsNone(t *testing.T) {
	for name, mounts := range map[string]string{
		"no cgroups":             "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"v2 mounted over a file": "30 1 0:26 / /proc/self/mountinfo rw - cgroup2 cgroup2 rw\n",
		"v1 without a freezer":   "31 1 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
		"v2 without cgroup.kill": unified,
	} {
		root := fake(t, mounts, map[string]string{"sys/fs/cgroup/x": ""})
		if d := Detect(root, "a-1"); d.Kind != KindNone {
			t.Errorf("%s: %+v", name, d)
		}
		if _, err := os.Stat(filepath.Join(root, "sys/fs/cgroup/mesolite")); err == nil {
			t.Errorf("%s: a folder is left", name)
		}
	}
	none := &Driver{Kind: KindNone}
	if group, err := none.Create("t-a", Limits{MemMib: 1}); err != nil || len(group.Joins) != 0 {
		t.Errorf("%+v %v", group, err)
	}
	if _, ok := none.Use("t-a"); ok {
		t.Error("none measures")
	}
	none.Remove("t-a")
	none.KillAll("t-a")
	none.Close()
}

func TestHybridTreesAreUsedAsV1(t *testing.T) {
	places := parseMounts("30 1 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n31 1 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n")
	if places["cpu"] != "/sys/fs/cgroup/cpu,cpuacct" || places["cpuacct"] != places["cpu"] || places[""] != "/sys/fs/cgroup/unified" {
		t.Errorf("%v", places)
	}
}

// startSaying starts a script and waits for its "on".
func startSaying(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	command := exec.Command("sh", "-c", script)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	return command
}

// On this machine, with what it has: a real process in a real group is measured, killed, and the group goes.
func TestARealGroupIsMadeEmptiedAndRemoved(t *testing.T) {
	name := fmt.Sprintf("test-%d", os.Getpid())
	d := Detect("/", name)
	defer d.Close()
	if d.Kind == KindNone {
		if os.Geteuid() == 0 && parseMounts(read(t, "/proc/self/mountinfo"))["freezer"] != "" {
			t.Error("there is a freezer, and we are root")
		}
		if worth := d.Worth(); worth != (Worth{CPU: WorthNone, Memory: WorthNone, Pids: WorthNone, Kill: WorthGroup}) {
			t.Errorf("%+v", worth)
		}
		return
	}
	group, err := d.Create("t-real", Limits{MemMib: 64, CPUMilli: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Remove("t-real")
	script := ""
	for _, join := range group.Joins {
		script += "echo $$ > " + join + "\n"
	}
	command := startSaying(t, script+"sleep 100 & echo on; wait")
	if use, ok := d.Use("t-real"); ok && use.Pids != 2 {
		t.Errorf("%+v", use)
	}
	d.KillAll("t-real")
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("%v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it lives")
	}
	d.Remove("t-real")
	d.dropSpares()
	for _, join := range group.Joins {
		if _, err := os.Stat(filepath.Dir(join)); err == nil {
			t.Errorf("%s stays", filepath.Dir(join))
		}
	}
	d.usedAt = time.Time{}
	d.closeIdle()
	for _, base := range d.folders() {
		if _, err := os.Stat(base); err == nil {
			t.Errorf("%s stays without a group", base)
		}
	}
	stray, err := d.Create("t-stray", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d.Sweep(func(task string) bool { return task != "t-stray" })
	if _, err := os.Stat(filepath.Dir(stray.Joins[0])); err == nil {
		t.Error("an empty group was not swept")
	}
}

// The places a systemd gives: what is above user@1000.service belongs to root, the unit of the agent is below it.
func TestTheHighestGroupGivenToUsIsUsed(t *testing.T) {
	const user = "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service"
	files := map[string]string{"proc/self/cgroup": "0::/user.slice/user-1000.slice/user@1000.service/app.slice/mesolite.service\n"}
	for _, folder := range []string{user, user + "/app.slice", user + "/app.slice/mesolite.service"} {
		files[folder+"/cgroup.procs"], files[folder+"/cgroup.subtree_control"] = "", ""
	}
	files["sys/fs/cgroup/user.slice/user-1000.slice/cgroup.procs"] = "" // its subtree_control is not ours
	root := fake(t, unified, files)
	top := filepath.Join(root, "sys/fs/cgroup")
	if got := delegated(top, ownPath(root)); got != filepath.Join(root, user) {
		t.Errorf("%q", got)
	}
	if err := os.Remove(filepath.Join(root, user, "app.slice/cgroup.procs")); err != nil {
		t.Fatal(err)
	}
	if got := delegated(top, ownPath(root)); got != filepath.Join(root, user, "app.slice/mesolite.service") {
		t.Errorf("a gap was jumped over: %q", got)
	}
	for _, own := range []string{"", "/", "/../elsewhere", "/user.slice/session-1.scope"} {
		if got := delegated(top, own); got != "" {
			t.Errorf("%s: %q", own, got)
		}
	}
}

// A group with processes passes no controllers on, so the agent goes into a leaf. Never anybody else.
func TestTheAgentMakesRoomByMovingOnlyItself(t *testing.T) {
	root := fake(t, unified, map[string]string{
		"g/cgroup.procs": fmt.Sprintf("17\n%d\n", os.Getpid()), "g/cgroup.events": "", "g/mesolite-agent/cgroup.procs": "",
		"h/cgroup.procs": "17\n", "h/cgroup.events": "", "root/cgroup.procs": fmt.Sprintf("%d\n", os.Getpid()),
	})
	for _, name := range []string{"g", "h", "root"} {
		makeRoom(filepath.Join(root, name))
	}
	if got := read(t, root, "g/mesolite-agent/cgroup.procs"); got != "0" {
		t.Errorf("%q was moved", got)
	}
	for _, name := range []string{"h", "root"} {
		if there(filepath.Join(root, name, leafName)) {
			t.Errorf("%s was divided", name)
		}
	}
}
