package sandbox

import "syscall"

// The calls with 32-bit ids.
const (
	sysSetgroups = syscall.SYS_SETGROUPS32
	sysSetfsgid  = syscall.SYS_SETFSGID32
	sysSetfsuid  = syscall.SYS_SETFSUID32
)
