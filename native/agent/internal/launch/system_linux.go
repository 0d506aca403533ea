package launch

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Resource numbers of prlimit, the same on all our architectures.
const (
	rlimitData  = 2
	rlimitCore  = 4
	rlimitNproc = 6
)

const (
	language = "C.UTF-8"
	// dataLimitHolds: RLIMIT_DATA counts what a process maps for itself.
	dataLimitHolds = true
)

// openAlive opens the reading end of a shim's fifo.
func openAlive(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func forkShim(exe string, argv, env []string, fds []uintptr) (int, error) {
	return syscall.ForkExec(exe, argv, &syscall.ProcAttr{
		Files: fds, Env: env, Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// signalNames are the ones a task may meet.
var signalNames = map[int]string{
	1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 10: "USR1",
	11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ", 31: "SYS",
}

// StartTicks is the start time of a process in clock ticks since the boot, or 0.
func StartTicks(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	ticks, _ := strconv.ParseInt(fields[19], 10, 64) // 0 when it is no number
	return ticks
}

// signalExactly kills a process and its group through a pidfd, which cannot go over to another process; on a kernel
// without pidfd the start time was compared just before, and that is the best there is.
func signalExactly(pid int, start int64) {
	const pidfdOpen, pidfdSend = 434, 424
	fd, _, errno := syscall.RawSyscall(pidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // the task leads its group; gone is fine
		return
	}
	defer func() { _ = syscall.Close(int(fd)) }()
	if StartTicks(pid) != start {
		return
	}
	// While the pidfd's process exists unreaped, its group number is its own. It is stopped first, so that it is.
	_, _, _ = syscall.RawSyscall6(pidfdSend, fd, uintptr(syscall.SIGSTOP), 0, 0, 0, 0)
	if StartTicks(pid) == start {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // gone is fine
	}
	_, _, _ = syscall.RawSyscall6(pidfdSend, fd, uintptr(syscall.SIGKILL), 0, 0, 0, 0)
}
