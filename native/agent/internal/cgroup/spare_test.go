package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// On a machine with v1: a group that saw nothing goes to the next task with the same limits, and only to that.
func TestAGroupIsUsedAgainOnlyAsNew(t *testing.T) {
	for name, others := range map[string]int{"with its files open": 0, "with as many files open as may be": maxSpareGroups} {
		t.Run(name, func(t *testing.T) {
			d := Detect("/", fmt.Sprintf("spare-%d", os.Getpid()))
			d.keeping = others
			usedAgainOnlyAsNew(t, d)
			if d.dropSpares(); d.keeping != others {
				t.Errorf("%d groups keep their files", d.keeping-others)
			}
		})
	}
}

func usedAgainOnlyAsNew(t *testing.T, d *Driver) {
	defer d.Close()
	if d.Kind != KindV1 {
		t.Logf("%s: nothing is kept", d.Kind)
	}
	limits := Limits{CPUMilli: 100, Pids: 50}
	number := func(task string, limits Limits) uint64 {
		t.Helper()
		group, err := d.Create(task, limits)
		if err != nil {
			t.Fatal(err)
		}
		if len(group.Joins) == 0 {
			return 0
		}
		var stat syscall.Stat_t
		if err := syscall.Stat(filepath.Dir(group.Joins[0]), &stat); err != nil {
			t.Fatal(err)
		}
		return stat.Ino
	}
	first := number("t-1", limits)
	d.Remove("t-1")
	if second := number("t-2", limits); (second == first) != (d.Kind == KindV1 || d.Kind == KindNone) {
		t.Errorf("%s: %d after %d", d.Kind, second, first)
	}
	if d.Kind != KindV1 {
		d.Remove("t-2")
		return
	}
	if d.Enter("t-1") != nil || d.Freeze("t-1") {
		t.Error("a task that is over still reaches a group")
	}
	if d.Enter("t-2") == nil { // somebody may still be about to join
		t.Error("a task that runs cannot be joined")
	}
	d.Remove("t-2")
	if len(d.spares) != 0 {
		t.Errorf("kept although it was entered: %v", d.spares)
	}
	number("t-3", limits)
	d.Remove("t-3")
	number("t-4", Limits{CPUMilli: 200})
	if len(d.spares) != 1 {
		t.Errorf("given away with other limits: %v", d.spares)
	}
	d.Remove("t-4")
	for _, limits := range []Limits{{MemMib: 8}, {CPUQuotaMilli: 500}} {
		number("t-5", limits)
		d.Remove("t-5")
		for _, spare := range d.spares {
			if spare.limits == limits {
				t.Errorf("kept with %+v", limits)
			}
		}
	}
	number("t-6", limits)
	if err := os.Mkdir(filepath.Join(d.bases["freezer"], "t-6", "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.Remove("t-6")
	if there(filepath.Join(d.bases["freezer"], "t-6")) {
		t.Error("a group with another in it was kept")
	}
	if _, err := d.Create("t-3", Limits{}); err != nil { // the same name with other limits
		t.Fatal(err)
	}
	d.Remove("t-3")
}

// Root may change its own group. The next task has nothing of that.
func TestAGroupThatItsTaskChangedIsSetBack(t *testing.T) {
	d := Detect("/", fmt.Sprintf("knobs-%d", os.Getpid()))
	defer d.Close()
	knobs := []struct{ controller, file, value string }{
		{"cpu", "cpu.cfs_quota_us", "50000"}, {"cpu", "cpu.shares", "77"}, {"pids", "pids.max", "3"},
		{"memory", "memory.oom_control", "1"}, {"memory", "memory.swappiness", "3"},
		{"memory", "memory.soft_limit_in_bytes", "65536"}, {"memory", "memory.limit_in_bytes", "67108864"},
		{"memory", "memory.memsw.limit_in_bytes", "67108864"},
	}
	for n, limits := range []Limits{{}, {CPUMilli: 100, MemMib: 128, MemRequestMib: 64, Pids: 50}} {
		read := func(task string) map[string]string {
			values := map[string]string{}
			for _, k := range knobs {
				if base, ok := d.bases[k.controller]; ok && there(filepath.Join(base, task, k.file)) {
					values[k.file] = string(slurp(filepath.Join(base, task, k.file), make([]byte, 256)))
				}
			}
			return values
		}
		first, second := fmt.Sprintf("first-%d", n), fmt.Sprintf("second-%d", n)
		if _, err := d.Create(first, limits); err != nil {
			t.Fatal(err)
		}
		before := read(first)
		for _, k := range knobs {
			if _, has := before[k.file]; has {
				_ = write(filepath.Join(d.bases[k.controller], first, k.file), k.value) // what this kernel refuses cannot be left
			}
		}
		if changed := read(first); d.Kind == KindV1 && fmt.Sprint(changed) == fmt.Sprint(before) {
			t.Fatalf("nothing was changed: %v", changed)
		}
		d.Remove(first)
		if d.Kind == KindV1 && len(d.spares) != 1 {
			t.Fatalf("not kept: %v", d.spares)
		}
		if _, err := d.Create(second, limits); err != nil {
			t.Fatal(err)
		}
		if after := read(second); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%+v:\n%q\nbefore\n%q", limits, after, before)
		}
		d.Remove(second)
		d.dropSpares()
	}
}

// The kernel gives a list of processes that stays open as it was a second ago: a group must not look empty by that.
func TestAGroupThatKeepsItsFilesIsNotKeptWithAProcessInIt(t *testing.T) {
	d := Detect("/", fmt.Sprintf("held-%d", os.Getpid()))
	defer d.Close()
	if d.Kind != KindV1 {
		t.Logf("%s: nothing is kept", d.Kind)
		return
	}
	before := openFiles(t)
	for _, task := range []string{"t-1", "t-2", "t-3"} {
		if _, err := d.Create(task, Limits{}); err != nil {
			t.Fatal(err)
		}
		d.Remove(task)
	}
	group, err := d.Create("t-4", Limits{})
	if err != nil || len(group.open) != len(group.Joins)+2 || d.keeping != 1 {
		t.Fatalf("%+v %v, %d groups keep their files", group, err, d.keeping)
	}
	for i, file := range group.Files() {
		var kept, named syscall.Stat_t
		want := append([]string{group.Kill, group.Procs}, group.Joins...)[i]
		if file.Fd == 0 {
			continue
		}
		if syscall.Fstat(file.Fd, &kept) != nil || syscall.Stat(want, &named) != nil || kept.Ino != named.Ino || kept.Dev != named.Dev {
			t.Errorf("%s is another file", want)
		}
	}
	stray := startSaying(t, "echo on; exec sleep 100")
	if err := write(group.Joins[0], fmt.Sprint(stray.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	if d.keepSpare("t-4") {
		t.Error("kept with a process in it")
	}
	_ = stray.Process.Kill()
	_ = stray.Wait() // killed
	d.Remove("t-4")
	d.dropSpares()
	if after := openFiles(t); after != before || d.keeping != 0 {
		t.Errorf("%d files open, before %d; %d groups keep theirs", after, before, d.keeping)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
