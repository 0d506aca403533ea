package sandbox

import "syscall"

const (
	seekHole = 3 // the other way round than on Linux
	seekData = 4
)

// writtenAt is when it was last written.
func writtenAt(stat *syscall.Stat_t) syscall.Timespec { return stat.Mtimespec }
