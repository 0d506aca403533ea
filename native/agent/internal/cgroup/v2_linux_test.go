package cgroup

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// realV2 is a driver that is shown only the unified tree of this machine, which is mounted when nobody did. Who is not
// root may have none, and that is asserted.
func realV2(t *testing.T) *Driver {
	t.Helper()
	place := parseMounts(read(t, "/proc/self/mountinfo"))[""]
	if place == "" && os.Geteuid() == 0 {
		place = t.TempDir()
		if err := syscall.Mount("cgroup2", place, "cgroup2", 0, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(place, syscall.MNT_DETACH) })
	}
	root := fake(t, unified, map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/x": ""})
	if err := os.Symlink(place, filepath.Join(root, "sys/fs/cgroup")); err != nil {
		t.Fatal(err)
	}
	d := Detect(root, fmt.Sprintf("test-%d", os.Getpid()))
	if d.Kind != KindV2 && (os.Geteuid() == 0 || d.Kind != KindNone) {
		t.Errorf("the unified tree is not used: %s", d.Kind)
	}
	t.Cleanup(d.Close)
	return d
}

// The unified tree of this machine has no controllers, but it kills: a driver that is shown only that tree is v2.
func TestARealV2TreeIsUsed(t *testing.T) {
	d := realV2(t)
	if d.Kind != KindV2 {
		return
	}
	group, err := d.Create("t-v2", Limits{MemMib: 10})
	if err != nil {
		t.Fatal(err)
	}
	command := startSaying(t, "echo $$ > "+group.Joins[0]+"; (setsid sleep 100 &); echo on; sleep 100")
	d.KillAll("t-v2")
	if err := command.Wait(); err == nil {
		t.Error("it was not killed")
	}
	d.Remove("t-v2")
	if _, err := os.Stat(group.Procs); err == nil {
		t.Error("the group stays")
	}
}

// The words of the program are those that the kernel's disassembler (bpftool) would print beside them.
func TestTheProgramDeniesWhatItIsToldAndAllowsAllElse(t *testing.T) {
	code, err := deviceFilter([]string{"195:1", "226:128"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"6112000000000000", // r2 = *(u32 *)(r1 +0)
		"54020000ffff0000", // w2 &= 65535
		"6113040000000000", // r3 = *(u32 *)(r1 +4)
		"6114080000000000", // r4 = *(u32 *)(r1 +8)
		"5502080002000000", // if r2 != 2 goto +8
		"55030300c3000000", // if r3 != 195 goto +3
		"5504020001000000", // if r4 != 1 goto +2
		"b700000000000000", // r0 = 0
		"9500000000000000", // exit
		"55030300e2000000", // if r3 != 226 goto +3
		"5504020080000000", // if r4 != 128 goto +2
		"b700000000000000", // r0 = 0
		"9500000000000000", // exit
		"b700000001000000", // r0 = 1
		"9500000000000000", // exit
	}
	if got := hex.EncodeToString(code); got != strings.Join(want, "") {
		t.Errorf("%s", got)
	}
	for _, rubbish := range []string{"", "195", "195:", ":1", "a:b", "195:1:2", "195:*", "4294967296:0"} {
		if _, err := deviceFilter([]string{rubbish}); err == nil {
			t.Errorf("%q was taken", rubbish)
		}
	}
}

// The full device stands for a card. Two groups: what one is denied the other has, and so has everybody outside.
func TestV2_ADeniedDeviceIsOutOfReach(t *testing.T) {
	d := realV2(t)
	if guards := d.GuardDevices(); guards != (os.Geteuid() == 0) || guards != d.Worth().Devices {
		t.Fatalf("devices are guarded: %v", guards)
	}
	if !d.Worth().Devices {
		return // the kernel takes no program from who is not root, and it is not promised
	}
	const look = "head -c 1 /dev/full | wc -c; head -c 1 /dev/zero | wc -c; mknod $0 c 1 7 && head -c 1 $0 | wc -c"
	made := filepath.Join(t.TempDir(), "card")
	in := func(task string, denied ...string) string {
		t.Helper()
		group, err := d.Create(task, Limits{}, denied...)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Remove(task)
		_ = os.Remove(made) // of the one before
		out, _ := exec.Command("sh", "-c", "echo 0 > "+group.Joins[0]+"; exec sh -c '"+look+"' "+made+" 2>&1").Output()
		return strings.Join(strings.Fields(string(out)), " ")
	}
	if got := in("t-has"); got != "1 1 1" {
		t.Errorf("a task that has it: %q", got)
	}
	got := in("t-none", "195:0", "1:7")
	if strings.Count(got, "Operation not permitted") != 2 || !strings.Contains(got, " 0 1 ") {
		t.Errorf("a task that has it not: %q", got)
	}
	if got := in("t-other", "195:0"); got != "1 1 1" {
		t.Errorf("a task that another one is closed to: %q", got)
	}
	if _, err := d.Create("t-bad", Limits{}, "no:number"); err == nil {
		t.Error("what could not be closed was not told")
	}
	for i := 0; i <= maxFilters; i++ {
		if _, err := d.Create("t-many", Limits{}, fmt.Sprintf("195:%d", i)); err != nil {
			t.Fatal(err)
		}
		d.Remove("t-many")
	}
	if len(d.filters) > maxFilters {
		t.Errorf("%d programs are loaded", len(d.filters))
	}
}
