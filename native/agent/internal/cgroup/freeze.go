package cgroup

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// freezeLimit is how long a group is waited for: a process in the kernel (a slow disk) stops only when it comes back.
const freezeLimit = 50 * time.Millisecond

// Freeze makes all processes of a task stand still. False: they do not (no group here, or not in time); Thaw is called
// in any case.
func (d *Driver) Freeze(task string) bool {
	switch group := d.Open(task); group.Kind {
	case KindV1:
		if !d.spoil(task) || write(group.Kill, "FROZEN") != nil {
			return false
		}
		return soon(func() bool {
			state, err := os.ReadFile(group.Kill)
			return err == nil && strings.HasPrefix(string(state), "FROZEN")
		})
	case KindV2:
		if write(filepath.Join(group.Procs, "cgroup.freeze"), "1") != nil {
			return false
		}
		return soon(func() bool { return keyed(filepath.Join(group.Procs, "cgroup.events"), "frozen") == 1 })
	}
	return false
}

// Thaw lets a task go on. One that does not stand still is not touched by it.
func (d *Driver) Thaw(task string) {
	switch group := d.Open(task); group.Kind {
	case KindV1:
		_ = write(group.Kill, "THAWED") // gone: nothing stands still
	case KindV2:
		_ = write(filepath.Join(group.Procs, "cgroup.freeze"), "0") // gone: nothing stands still
	}
}

func soon(is func() bool) bool {
	for until := time.Now().Add(freezeLimit); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(until) {
			return false
		}
	}
	return true
}
