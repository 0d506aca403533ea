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
	d := Detect("/", fmt.Sprintf("spare-%d", os.Getpid()))
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
