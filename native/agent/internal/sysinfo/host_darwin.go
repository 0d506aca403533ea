package sysinfo

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"mesolite/agent/internal/kern"
)

func kernelRelease() string { return kern.Text("kern.osrelease") }

// userUnlisted: a program without cgo may not see the directory of the system.
func userUnlisted() string { return os.Getenv("USER") }

const (
	psEvery = 2 * time.Second
	psLimit = 2 * time.Second
)

var busy struct {
	mu    sync.Mutex
	at    time.Time
	milli int64
	known bool
}

// busyMilli sums the recent use of all processes, as ps tells it: what each CPU does is told only to programs with cgo.
func busyMilli() (int64, bool) {
	busy.mu.Lock()
	defer busy.mu.Unlock()
	if !busy.at.IsZero() && time.Since(busy.at) < psEvery {
		return busy.milli, busy.known
	}
	busy.at = time.Now()
	out, err := output(psLimit, "/bin/ps", "-A", "-o", "%cpu=")
	if busy.known = err == nil; err != nil {
		return 0, false
	}
	tenths := int64(0)
	for _, text := range strings.Fields(out) {
		percent, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		if err == nil && percent > 0 {
			tenths += int64(percent*10 + 0.5)
		}
	}
	most := int64(0)
	if cpus, ok := kern.Number("hw.logicalcpu"); ok {
		most = cpus * 1000
	}
	if busy.milli = tenths; most > 0 && busy.milli > most {
		busy.milli = most
	}
	return busy.milli, true
}

func output(limit time.Duration, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	return string(out), err
}
