package shim

import "syscall"

// See numbers_linux_amd64.go.
const (
	sysRenameat  = 38
	sysSetgroups = syscall.SYS_SETGROUPS
	sysSetresuid = syscall.SYS_SETRESUID
	sysSetresgid = syscall.SYS_SETRESGID
	sysFtruncate = syscall.SYS_FTRUNCATE
)
