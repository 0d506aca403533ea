package sandbox

import "syscall"

const (
	seekData = 3
	seekHole = 4
)

// writtenAt is when it was last written.
func writtenAt(stat *syscall.Stat_t) syscall.Timespec { return stat.Mtim }
