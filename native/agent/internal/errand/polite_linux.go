package errand

import (
	"os"
	"strconv"
	"syscall"
)

// bePolite lowers all threads there are; later ones inherit it. Best effort: it is only politeness.
func bePolite(nice int, idle bool) {
	if nice == 0 && !idle {
		return
	}
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	const whoProcess, classIdle = 1, 3 << 13
	for _, entry := range entries {
		tid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, tid, nice)
		if idle {
			_, _, _ = syscall.Syscall(syscall.SYS_IOPRIO_SET, whoProcess, uintptr(tid), classIdle)
		}
	}
}
