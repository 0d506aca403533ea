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

// Magic numbers of file systems that write every change to a new place (statfs(2); bcachefs and ZFS: their sources).
const (
	magicBtrfs    = 0x9123683e
	magicBcachefs = 0xca451a4e
	magicZfs      = 0x2fc12fc1
)

// writesInPlace tells whether bytes that are written again stay where they are on the disk.
func writesInPlace(file *os.File) bool {
	var stat syscall.Statfs_t
	if syscall.Fstatfs(int(file.Fd()), &stat) != nil {
		return false
	}
	switch uint32(stat.Type) {
	case magicBtrfs, magicBcachefs, magicZfs:
		return false
	}
	return true
}
