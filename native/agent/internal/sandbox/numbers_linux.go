//go:build !arm

package sandbox

import "syscall"

// The calls with 32-bit ids.
const (
	sysSetgroups = syscall.SYS_SETGROUPS
	sysSetfsgid  = syscall.SYS_SETFSGID
	sysSetfsuid  = syscall.SYS_SETFSUID
)
