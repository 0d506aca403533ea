package shim

import "syscall"

// See numbers_linux_amd64.go. The old calls take 16-bit ids here.
const (
	sysSetgroups = syscall.SYS_SETGROUPS32
	sysSetresuid = syscall.SYS_SETRESUID32
	sysSetresgid = syscall.SYS_SETRESGID32
	sysFchown    = syscall.SYS_FCHOWN32
	sysFstat     = syscall.SYS_FSTAT64
	sysRenameat2 = 382
)
