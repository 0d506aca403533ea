//go:build !linux

package errand

import "syscall"

// bePolite lowers the process. Best effort: it is only politeness.
func bePolite(nice int, _ bool) {
	if nice != 0 {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
	}
}
