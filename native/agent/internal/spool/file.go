// Package spool makes things durable: whole files by temp file, fsync, rename and fsync of the folder, and a journal
// with group commit. It knows nothing of tasks, and imports nothing of ours.
package spool

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces a file so that after a power cut it is the old or the new one, never a torn one.
func WriteFile(path string, data []byte, mode os.FileMode) error {
	temp := path + ".tmp"
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp) // best effort: the next write truncates it
		return fmt.Errorf("write %s: %w", path, err)
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	err = folder.Sync()
	if closeErr := folder.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", path, err)
	}
	return nil
}
