package agent

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
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

// How much the heap may grow between two collections, in percent. At rest little: it is small then. While many tasks
// start the agent would collect all the time, which cost a third of what it did.
const (
	quietGC = 50
	busyGC  = 800
	// So many starts within a second are many; they are over when none came for pauseMs.
	busyStarts = 30
	pauseMs    = 3000
)

// pace knows whether many tasks start. What has a comment may be read anywhere, the rest is the loop's.
type pace struct {
	sinceMs int64
	starts  int
	lastMs  atomic.Int64 // the last start
	busy    atomic.Bool  // the heap may grow: set by the loop, taken back by stayLean
	wake    chan struct{}
}

// started is called by the loop at every start of a task.
func (p *pace) started(nowMs int64) {
	if nowMs-p.sinceMs >= 1000 {
		p.sinceMs, p.starts = nowMs, 0
	}
	p.starts++
	p.lastMs.Store(nowMs)
	if p.starts >= busyStarts && p.busy.CompareAndSwap(false, true) {
		debug.SetGCPercent(busyGC)
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// stayLean keeps small what is there all the time on every machine.
func (a *Agent) stayLean() {
	wait := leanFirst
	for {
		select {
		case <-a.done:
			return
		case <-a.pace.wake:
			wait = pauseMs * time.Millisecond
			continue
		case <-time.After(wait):
		}
		wait = leanEvery
		if a.pace.busy.Load() {
			if a.clock.MonoMs()-a.pace.lastMs.Load() < pauseMs {
				wait = pauseMs * time.Millisecond
				continue
			}
			debug.SetGCPercent(quietGC)
			a.pace.busy.Store(false)
		}
		if residentBytes() > leanBytes {
			debug.FreeOSMemory()
			giveBackProgram()
		}
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
