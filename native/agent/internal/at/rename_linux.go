package at

import "syscall"

// Rename gives a file another name, which may be one that another had.
func Rename(fromFolder int, from string, toFolder int, to string) error {
	return syscall.Renameat(fromFolder, from, toFolder, to)
}
