package shim

import "syscall"

// System calls that package syscall does not name alike on every architecture.
const (
	sysSetgroups = syscall.SYS_SETGROUPS
	sysSetresuid = syscall.SYS_SETRESUID
	sysSetresgid = syscall.SYS_SETRESGID
	sysFchown    = syscall.SYS_FCHOWN
	sysFstat     = syscall.SYS_FSTAT
	sysRenameat2 = 316
)
