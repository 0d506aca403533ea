package launch

import (
	"errors"
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

// signalNames are the ones a task may meet.
var signalNames = map[int]string{
	1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 10: "USR1",
	11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ", 31: "SYS",
}

// Ended says how a task ended, for people.
func Ended(exit *Exit) string {
	if exit.Signal == 0 {
		return "exited with code " + strconv.Itoa(exit.Code)
	}
	name, ok := signalNames[exit.Signal]
	if !ok {
		return "killed by signal " + strconv.Itoa(exit.Signal)
	}
	return "killed by signal " + strconv.Itoa(exit.Signal) + " (" + name + ")"
}
