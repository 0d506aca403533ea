package shim

import "syscall"

// See numbers_linux_amd64.go.
const (
	sysSetgroups = syscall.SYS_SETGROUPS
	sysSetresuid = syscall.SYS_SETRESUID
	sysSetresgid = syscall.SYS_SETRESGID
	sysFchown    = syscall.SYS_FCHOWN
	sysFstat     = syscall.SYS_FSTAT
	sysRenameat2 = 276
)
