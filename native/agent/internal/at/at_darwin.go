package at

// Numbers of xnu's syscalls.master, the same on both architectures.
const (
	sysOpenat     = 463
	sysFstatat    = 470 // with inodes of 64 bits, as syscall.Stat_t is
	sysLinkat     = 471
	sysUnlinkat   = 472
	sysReadlinkat = 473
	sysSymlinkat  = 474
	sysMkdirat    = 475

	root      = -2   // AT_FDCWD
	noFollow  = 0x20 // AT_SYMLINK_NOFOLLOW
	largeFile = 0    // all are
)
