package at

import "syscall"

const (
	sysOpenat     = syscall.SYS_OPENAT
	sysLinkat     = syscall.SYS_LINKAT
	sysUnlinkat   = syscall.SYS_UNLINKAT
	sysReadlinkat = syscall.SYS_READLINKAT
	sysSymlinkat  = syscall.SYS_SYMLINKAT
	sysMkdirat    = syscall.SYS_MKDIRAT

	root      = -100  // AT_FDCWD
	noFollow  = 0x100 // AT_SYMLINK_NOFOLLOW
	largeFile = syscall.O_LARGEFILE
)
