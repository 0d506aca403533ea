package disk

import "syscall"

// blockBytesOf is what the numbers of a file system count in.
func blockBytesOf(s *syscall.Statfs_t) int64 { return int64(s.Bsize) }
