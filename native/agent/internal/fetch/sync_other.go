//go:build !linux

package fetch

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// syncAll makes what is in a folder durable: each file is handed to the disk, and then the disk is told once to keep
// what it was given (File.Sync is that on darwin; fsync alone is not).
func syncAll(folder *os.File) error {
	err := filepath.WalkDir(folder.Name(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() && !entry.IsDir() {
			return err
		}
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
		if err == syscall.EACCES {
			return nil // a file of ours that we may not read: as durable as the system makes it by itself
		}
		if err != nil {
			return err
		}
		err = syscall.Fsync(fd)
		_ = syscall.Close(fd) // only read from
		return err
	})
	if err != nil {
		return err
	}
	return folder.Sync()
}
