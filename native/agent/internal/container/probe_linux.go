package container

import (
	"context"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"mesolite/agent/internal/check"
	"mesolite/agent/internal/wire"
)

// RunProbe asks the task in a container how it is: a command by a prober in it, as its user; TCP and HTTP in its network,
// so a port needs neither to be published nor to listen on more than 127.0.0.1. Where we may not enter its network (the
// engine runs without root), the prober does those as well.
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
	code, said, err := r.askProber(ctx, l, client, id, ask)
	switch {
	case err != nil:
		return check.Outcome{Void: true, Words: err.Error()} // the engine's fault says nothing about the task
	case code == codeTimeout:
		return check.Outcome{Words: check.NoAnswer(ask)}
	case code == 0:
		return check.Outcome{Good: true}
	case ask.Check.Probe.Kind != wire.ProbeCommand && said != "":
		return check.Outcome{Words: said}
	}
	return check.Outcome{Words: "exit " + strconv.Itoa(code)}
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
