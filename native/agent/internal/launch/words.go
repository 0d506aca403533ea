package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// CannotStart says why a task could not start, for people.
func CannotStart(exit *Exit, info wire.TaskInfo) string {
	if exit.Words != "" {
		return "cannot start: " + exit.Words
	}
	errno := syscall.Errno(exit.Errno)
	switch exit.Step {
	case shim.StepFolder:
		folder := ""
		if info.Command.WorkingFolder != nil {
			folder = *info.Command.WorkingFolder
		}
		switch errno {
		case syscall.ENOENT:
			return "cannot start: folder " + folder + " does not exist"
		case syscall.ENOTDIR:
			return "cannot start: " + folder + " is not a folder"
		}
		return "cannot start: folder " + folder + ": " + errno.Error()
	case shim.StepSandbox:
		return "cannot start: sandbox: " + errno.Error()
	case shim.StepUser:
		return "cannot start: switch user: " + errno.Error()
	case shim.StepLimits:
		return "cannot start: set limits: " + errno.Error()
	case shim.StepCgroup:
		return "cannot start: join cgroup: " + errno.Error()
	case shim.StepFork:
		return "cannot start: fork: " + errno.Error()
	}
	return "cannot start: " + program(info) + ": " + execWords(errno, program(info))
}

func program(info wire.TaskInfo) string {
	if info.Command.Shell {
		return "/bin/sh"
	}
	return info.Command.Value
}

func execWords(errno syscall.Errno, file string) string {
	switch {
	case errno == syscall.ENOENT && !strings.Contains(file, "/"):
		return "command not found"
	case errno == syscall.ENOENT && filepath.IsAbs(file) && exists(file):
		return "its interpreter does not exist"
	case errno == syscall.EACCES && isFolder(file):
		return "is a folder"
	}
	return errno.Error()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func describeErrno(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// Ended says how a task ended, for people, and what it met on the way.
func Ended(exit *Exit) string {
	words := endedBy(exit)
	if hits := exit.Cgroup.PidsHits; hits > 0 {
		words += fmt.Sprintf("; it reached its limit of %d processes and was refused more %s", exit.Cgroup.MaxPids, times(hits))
	}
	switch {
	case exit.Left == 1:
		words += "; a process of it waits in the kernel and could not be ended"
	case exit.Left > 1:
		words += fmt.Sprintf("; %d processes of it wait in the kernel and could not be ended", exit.Left)
	}
	return words
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return strconv.FormatInt(n, 10) + " times"
}

// OutOfMemory says which memory was short when the kernel ended something of a task, or nothing. The task itself may
// have gone on: how it ended is told apart from this.
func OutOfMemory(exit *Exit) string {
	kills, peak := exit.Cgroup.OomKills, exit.Cgroup.PeakMib
	if kills == 0 {
		return ""
	}
	if peak == 0 {
		peak = exit.MaxRssKib >> 10 // not counted here: the largest of its processes
	}
	what := fmt.Sprintf("used %d MiB of its limit of %d MiB", peak, exit.Cgroup.LimitMib)
	if !exit.Cgroup.OwnLimit || exit.Cgroup.LimitMib == 0 {
		what = fmt.Sprintf("the machine, or this agent's share of it, had no more; it used %d MiB", peak)
	}
	if exit.Signal == int(syscall.SIGKILL) {
		return "out of memory: " + what
	}
	if kills == 1 {
		return "out of memory: " + what + ", and a process of it was ended"
	}
	return fmt.Sprintf("out of memory: %s, and %d processes of it were ended", what, kills)
}

func endedBy(exit *Exit) string {
	if exit.Signal == 0 {
		return "exited with code " + strconv.Itoa(exit.Code)
	}
	name, ok := signalNames[exit.Signal]
	if !ok {
		return "killed by signal " + strconv.Itoa(exit.Signal)
	}
	return "killed by signal " + strconv.Itoa(exit.Signal) + " (" + name + ")"
}
