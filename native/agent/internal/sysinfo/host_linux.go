package sysinfo

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
)

func kernelRelease() string {
	var name syscall.Utsname
	if syscall.Uname(&name) != nil {
		return ""
	}
	var release strings.Builder
	for _, c := range name.Release {
		if c == 0 {
			break
		}
		release.WriteByte(byte(c))
	}
	return release.String()
}

// userUnlisted: who is not in the list of users is a number.
func userUnlisted() string { return "" }

// Files are those of the system, under root ("" is /).
func Files(root string) fs.FS { return os.DirFS(root + "/") }

// busyMilli: /proc/stat tells it.
func busyMilli() (int64, bool) { return 0, false }
