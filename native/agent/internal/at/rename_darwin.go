package at

const sysRenameat = 465 // of xnu's syscalls.master

// Rename gives a file another name, which may be one that another had.
func Rename(fromFolder int, from string, toFolder int, to string) error {
	return between(sysRenameat, fromFolder, from, toFolder, to)
}
