package agent

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// What only the start needed is given back after leanFirst; after that we look every leanEvery whether more than
	// leanBytes are resident, and give back what is not in use.
	leanFirst = 5 * time.Second
	leanEvery = 20 * time.Second
	leanBytes = 6 << 20
)

// stayLean keeps small what is there all the time on every machine.
func (a *Agent) stayLean() {
	timer := time.NewTimer(leanFirst)
	defer timer.Stop()
	for {
		select {
		case <-a.done:
			return
		case <-timer.C:
		}
		if residentBytes() > leanBytes {
			debug.FreeOSMemory()
			giveBackProgram()
		}
		timer.Reset(leanEvery)
	}
}

func residentBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int64
	if _, err := fmt.Sscan(string(data), &total, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}

// giveBackProgram hands the pages of our own program back that are mapped and not used. The kernel maps far more of a
// file than is used (64 KiB around each fault), so a program with much that is rarely needed in it, such as a client for
// https, looks twice as large as what it works with. What is used comes back from the page cache, without a disk.
func giveBackProgram() {
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
