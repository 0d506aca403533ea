package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/check"
	"mesolite/agent/internal/wire"
)

// probeSlack is what starting a command in a container may take beyond the command's own time.
const probeSlack = 5 * time.Second

func waitAtMost(cmd *exec.Cmd, limitMs int64) int {
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, startWords("sh", err))
		return codeCannotStart
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		switch {
		case err == nil:
			return 0
		case errors.As(err, &exit) && exit.ExitCode() >= 0:
			return exit.ExitCode()
		case errors.As(err, &exit):
			return 128 + int(exit.Sys().(syscall.WaitStatus).Signal())
		}
		return codeCannotStart
	case <-time.After(time.Duration(limitMs) * time.Millisecond):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone is fine
		return codeTimeout
	}
}

// RunProbe asks the task in a container how it is: a command by exec in it, as its user; TCP and HTTP in its network,
// so a port needs neither to be published nor to listen on more than 127.0.0.1. Where we may not enter its network (the
// engine runs without root), those go through exec as well.
func (r *Runner) RunProbe(ctx context.Context, ask check.Request) check.Outcome {
	r.mu.Lock()
	l := r.lives[ask.TaskID]
	if l == nil || !l.runs || l.run != ask.Run {
		r.mu.Unlock()
		return check.Outcome{Void: true, Words: "it does not run"}
	}
	client, id, pid := l.client, l.id, l.pid
	r.mu.Unlock()
	if ask.Check.Probe.Kind != wire.ProbeCommand && os.Geteuid() == 0 && !client.About.Rootless && pid > 0 {
		return check.Run(ctx, ask, dialIn(pid))
	}
	limited, cancel := context.WithTimeout(ctx, ask.Timeout()+probeSlack)
	defer cancel()
	code, said, err := client.Exec(limited, id, probeArgs(ask))
	switch {
	case err != nil:
		return check.Outcome{Void: true, Words: err.Error()} // the engine's fault says nothing about the task
	case code == codeTimeout:
		return check.Outcome{Words: check.NoAnswer(ask)}
	case code == 0:
		return check.Outcome{Good: true}
	case ask.Check.Probe.Kind != wire.ProbeCommand && said != "":
		return check.Outcome{Words: strings.TrimSpace(said)}
	}
	return check.Outcome{Words: "exit " + strconv.Itoa(code)}
}

func probeArgs(ask check.Request) []string {
	probe := ask.Check.Probe
	args := []string{insideProgram, InsideProbe, strconv.FormatInt(ask.Check.TimeoutMs, 10), probe.Kind}
	if probe.Kind == wire.ProbeCommand {
		return append(args, probe.Line)
	}
	return append(args, strconv.Itoa(probe.Port), probe.Path)
}

// InsideProbe is the argument that makes our program run one probe in a container.
const InsideProbe = "inside-probe"

// codeTimeout is what a probe ends with that took too long, as with timeout(1).
const codeTimeout = 124

// ProbeInside runs a shell line and ends it when it takes too long, because engines leave such a one running; or it
// asks over TCP or HTTP. Its arguments are those of probeArgs after the name.
func ProbeInside(args []string) int {
	if len(args) < 3 {
		return codeCannotStart
	}
	limitMs, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || limitMs <= 0 {
		return codeCannotStart
	}
	if args[1] == wire.ProbeCommand {
		cmd := exec.Command("sh", "-c", args[2])
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		return waitAtMost(cmd, limitMs)
	}
	ask := check.Request{Ask: check.Ask{Check: wire.Check{TimeoutMs: limitMs, Probe: wire.Probe{Kind: args[1]}}}}
	ask.Check.Probe.Port, _ = strconv.Atoi(args[2]) // 0 answers nobody
	if len(args) > 3 {
		ask.Check.Probe.Path = args[3]
	}
	outcome := check.Run(context.Background(), ask, (&net.Dialer{}).DialContext)
	if outcome.Good {
		return 0
	}
	fmt.Println(outcome.Words)
	return 1
}

// setns by architecture: the syscall package does not name it on all of them.
var setnsNumbers = map[string]uintptr{"amd64": 308, "arm": 375, "arm64": 268, "riscv64": 268}

// dialIn connects from within the network of a process. A socket stays in the network it was made in, so the thread
// that makes it goes there and back; if it cannot come back it is thrown away.
func dialIn(pid int) check.Dial {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err = dialInHere(ctx, pid, network, address)
		}()
		<-done
		return conn, err
	}
}

func dialInHere(ctx context.Context, pid int, network, address string) (net.Conn, error) {
	number, known := setnsNumbers[runtime.GOARCH]
	if !known {
		return nil, syscall.ENOSYS
	}
	runtime.LockOSThread()
	back := false
	defer func() {
		if back {
			runtime.UnlockOSThread()
		}
	}()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer func() { _ = own.Close() }()
	other, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/net")
	if err != nil {
		back = true
		return nil, err
	}
	defer func() { _ = other.Close() }()
	if _, _, errno := syscall.RawSyscall(number, other.Fd(), syscall.CLONE_NEWNET, 0); errno != 0 {
		back = true
		return nil, errno
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	_, _, errno := syscall.RawSyscall(number, own.Fd(), syscall.CLONE_NEWNET, 0)
	back = errno == 0
	return conn, err
}
