package agent

import (
	"fmt"
	"path/filepath"
	"syscall"

	"mesolite/agent/internal/disk"
)

const (
	// No task is taken with fewer free inodes than this: each needs some twenty files.
	minFreeInodes = 64
	// How often it is tried whether the disk takes a write at all.
	probeEveryMs = 20
)

// room remembers the last try to write.
type room struct {
	probedAtMs int64
	why        string
}

// whyNot tells why no new task finds room in the state folder, or nothing.
func (r *room) whyNot(dir string, nowMs int64) string {
	has, err := disk.RoomOf(dir)
	if err != nil {
		return "" // nothing is known
	}
	if free := has.FreeBytes >> 20; free < minFreeMib {
		return fmt.Sprintf("only %d MiB are free on the agent's disk", free)
	}
	// File systems without a number of inodes say 0 of 0.
	if has.Files > 0 && has.FreeFiles < minFreeInodes {
		return fmt.Sprintf("only %d more files fit on the agent's disk", has.FreeFiles)
	}
	if has.ReadOnly {
		return "the agent's disk is read-only"
	}
	if r.probedAtMs == 0 || nowMs-r.probedAtMs >= probeEveryMs {
		// After a fault a file system may refuse every write and say nothing in its flags.
		r.probedAtMs, r.why = nowMs, ""
		err := syscall.Utimes(filepath.Join(dir, "lock"), []syscall.Timeval{syscall.NsecToTimeval(nowMs * 1e6), syscall.NsecToTimeval(nowMs * 1e6)})
		if err != nil && err != syscall.ENOENT && err != syscall.EPERM {
			r.why = "the agent cannot write to its disk: " + err.Error()
		}
	}
	return r.why
}
