package launch

import (
	"io"
	"os"
	"strings"
	"syscall"

	"mesolite/agent/internal/kern"
)

// Resource numbers of setrlimit.
const (
	rlimitData  = 2
	rlimitCore  = 4
	rlimitNproc = 7
)

const (
	language = "en_US.UTF-8"
	// dataLimitHolds: malloc maps its memory, and no limit of a process counts that here.
	dataLimitHolds = false
)

// openAlive opens the reading end of a shim's fifo. The kernel of darwin does not wake a poller when the last writer
// goes, so a thread waits here, and passes on what it hears through a pipe, which has deadlines and a true end.
func openAlive(path string) (*os.File, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		_ = syscall.Close(fd) // never used
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	read, write, err := os.Pipe()
	if err != nil {
		_ = syscall.Close(fd) // never used
		return nil, err
	}
	go func() {
		fifo := os.NewFile(uintptr(fd), path) // blocking: not polled
		_, _ = io.Copy(write, fifo)           // until the shim is gone, or nobody listens any more
		_ = fifo.Close()                      // before the end is told: then nobody holds the fifo
		_ = write.Close()
	}()
	return read, nil
}

// forkShim starts the minder of a task. The task's environment goes in a file that has no name any more: the minder has
// our rights, and must not be told what to load.
func forkShim(exe string, argv, env []string, fds []uintptr) (int, error) {
	file, err := os.CreateTemp("", "mesolite-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // the minder has its own
	if err := os.Remove(file.Name()); err != nil {
		return 0, err
	}
	if _, err := file.WriteString(strings.Join(env, "\x00")); err != nil {
		return 0, err
	}
	return syscall.ForkExec(exe, argv, &syscall.ProcAttr{
		Files: append(append([]uintptr{}, fds...), file.Fd()), Env: []string{"PATH=/usr/bin:/bin"}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// signalNames are the ones a task may meet.
var signalNames = map[int]string{
	1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 8: "FPE", 9: "KILL", 10: "BUS", 11: "SEGV",
	12: "SYS", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ", 30: "USR1", 31: "USR2",
}

// StartTicks tells processes of the same number apart: here when it was started, in microseconds since 1970; or 0.
func StartTicks(pid int) int64 { return kern.StartUs(pid) }

// signalExactly kills a process and its group. The start time was compared just before, and that is the best there is.
func signalExactly(pid int, start int64) {
	if StartTicks(pid) == start {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // the task leads its group; gone is fine
	}
}
