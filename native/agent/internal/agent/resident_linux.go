package agent

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// giveBackStart hands the pages of our own program back that only the start needed. The kernel maps far more of a file
// than is used (64 KiB around each fault), so a program with much that is rarely needed in it, such as a client for
// https, looks twice as large as what it works with. What is used comes back from the page cache, without a disk.
func giveBackStart() {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	own, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(maps), "\n") {
		fields := strings.Fields(line)
		// Only what is never written: these pages are the file's.
		if len(fields) < 6 || (fields[1] != "r-xp" && fields[1] != "r--p") || fields[5] != own {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 != nil || err2 != nil || end <= start {
			continue
		}
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(start), uintptr(end-start), syscall.MADV_DONTNEED)
	}
}
