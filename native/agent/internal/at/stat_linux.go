//go:build !amd64 && !arm

package at

import "syscall"

// The call that fills in what syscall.Stat_t is.
const sysFstatat = syscall.SYS_FSTATAT
