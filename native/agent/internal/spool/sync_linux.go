package spool

import (
	"os"
	"syscall"
)

func datasync(file *os.File) error { return syscall.Fdatasync(int(file.Fd())) }

// keepSize is FALLOC_FL_KEEP_SIZE.
const keepSize = 1

// allocate gives the file blocks of its own.
func allocate(file *os.File, from, length int64) error {
	return syscall.Fallocate(int(file.Fd()), keepSize, from, length)
}
