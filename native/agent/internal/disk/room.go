package disk

import (
	"os"
	"syscall"
)

// Room is what a file system has. The volumes of an APFS container share theirs, so used is what is not free.
type Room struct {
	TotalBytes, UsedBytes int64
	FreeBytes             int64  // for who is not root
	Files, FreeFiles      uint64 // 0 of 0 where there is no number of them
	ReadOnly              bool
}

const readOnlyFlag = 1 // ST_RDONLY and MNT_RDONLY

// RoomOf asks the file system of a path.
func RoomOf(path string) (Room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return Room{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	unit := blockBytesOf(&s)
	return Room{
		TotalBytes: int64(s.Blocks) * unit, UsedBytes: int64(s.Blocks-s.Bfree) * unit, FreeBytes: int64(s.Bavail) * unit,
		Files: uint64(s.Files), FreeFiles: uint64(s.Ffree), ReadOnly: int64(s.Flags)&readOnlyFlag != 0,
	}, nil
}
