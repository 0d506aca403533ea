package shim

import "syscall"

// See numbers_linux_amd64.go. There is only renameat2 here; its flags are the fifth argument, 0 for us.
const (
	sysRenameat  = 276
	sysSetgroups = syscall.SYS_SETGROUPS
	sysSetresuid = syscall.SYS_SETRESUID
	sysSetresgid = syscall.SYS_SETRESGID
	sysFtruncate = syscall.SYS_FTRUNCATE
)
