package agent

import (
	"os"
	"strconv"
	"syscall"
)

// KeepToOurselves marks everything above the standard streams that we inherited, so that no child gets it: a pipe of
// our starter in a shim would keep that starter waiting as long as the task runs.
func KeepToOurselves() {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		entries, _ = os.ReadDir("/dev/fd") // darwin; a system with neither does not tell
	}
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
