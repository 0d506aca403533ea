package launch

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/check"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// RunProbe asks a task how it is. A command runs under a shim of its own, so as the task itself runs: its user, its
// environment, its sandbox, its cgroup; whatever it left is ended with it, also when the agent dies.
func (l *Launcher) RunProbe(ctx context.Context, r check.Request) check.Outcome {
	if r.Check.Probe.Kind != wire.ProbeCommand {
		return check.Run(ctx, r, (&net.Dialer{}).DialContext)
	}
	p := &probe{dir: filepath.Join(l.RunDir(r.TaskID, r.Run), r.Kind)}
	if err := p.open(); err != nil {
		return check.Outcome{Void: true, Words: err.Error()}
	}
	defer func() { _ = p.alive.Close() }() // only read from
	if err := l.forkProbe(p, r); err != nil {
		return check.Outcome{Void: true, Words: err.Error()}
	}
	exit, err := p.await(ctx, r.Timeout())
	reap(p.pid)
	switch {
	case ctx.Err() != nil, exit == nil && err == nil:
		return check.Outcome{Void: true, Words: "it was ended"}
	case err != nil:
		return check.Outcome{Words: check.NoAnswer(r)}
	case exit.Step != 0:
		return check.Outcome{Words: strings.TrimPrefix(CannotStart(exit, lineOf(r)), "cannot start: ")}
	case exit.Signal != 0:
		return check.Outcome{Words: Ended(exit)}
	case exit.Code != 0:
		return check.Outcome{Words: "exit " + strconv.Itoa(exit.Code)}
	}
	return check.Outcome{Good: true}
}

type probe struct {
	dir   string
	alive *os.File
	pid   int
}

// open makes the folder of the probe. The fifos of the probe before are used again when nobody holds them.
func (p *probe) open() error {
	if err := os.Mkdir(p.dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return plain(err)
	}
	if err := tell(p.dir, "k0\n"); err == nil {
		// A probe of an agent before us is being ended: it keeps its own fifos.
		for _, name := range fifoNames {
			_ = os.Remove(filepath.Join(p.dir, name)) // what stays is seen below
		}
	}
	for _, name := range fifoNames {
		if err := syscall.Mkfifo(filepath.Join(p.dir, name), 0o600); err != nil && err != syscall.EEXIST {
			return err
		}
	}
	var err error
	p.alive, err = openAlive(filepath.Join(p.dir, "alive"))
	return err
}

// lineOf is the task as it would be if the line of its probe were its command.
func lineOf(r check.Request) wire.TaskInfo {
	info := r.Info
	info.Command.Shell, info.Command.Value, info.Command.Arguments, info.Command.WorkingFolder = true, r.Check.Probe.Line, nil, nil
	return info
}

func (l *Launcher) forkProbe(p *probe, r check.Request) error {
	account, err := findAccount(r.Info.Command.User)
	if err != nil {
		return err
	}
	// It joins the group, but is not its master: ending a probe must not empty the group.
	group := cgroup.Group{Kind: cgroup.KindNone, Joins: l.Cgroups.Enter(r.TaskID)}
	list := append([]fileToOpen{
		{Path: "/dev/null", Flags: os.O_RDONLY}, {Path: "/dev/null", Flags: os.O_WRONLY}, {Path: "/dev/null", Flags: os.O_WRONLY},
		{Path: filepath.Join(p.dir, "alive"), Flags: os.O_WRONLY | syscall.O_NONBLOCK},
		{Path: filepath.Join(p.dir, "ctl"), Flags: os.O_RDWR | syscall.O_NONBLOCK},
		{Path: p.dir, Flags: os.O_RDONLY},
	}, group.Files()...)
	given, err := openAll(list)
	if err != nil {
		return err
	}
	p.pid, err = l.fork(lineOf(r), account, group, given.fds, shim.FlagWithAgent)
	given.close()
	return err
}

// endLimit is how long a probe that was ended may take to be gone.
const endLimit = 5 * time.Second

// await reads until the probe is gone. An error says that it took too long; without one and without an exit it was
// ended from outside.
func (p *probe) await(ctx context.Context, timeout time.Duration) (exit *Exit, err error) {
	_ = p.alive.SetReadDeadline(time.Now().Add(timeout)) // a fifo that was opened so can
	stop := check.AfterDone(ctx, func() { _ = p.alive.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	lines := bufio.NewReaderSize(p.alive, 512)
	for {
		line, readErr := lines.ReadString('\n')
		if errors.Is(readErr, os.ErrDeadlineExceeded) && err == nil && exit == nil {
			err = readErr
			stop()
			_ = tell(p.dir, "k0\n") // gone just now: the end of the file comes next
			_ = p.alive.SetReadDeadline(time.Now().Add(endLimit))
			continue
		}
		if readErr != nil {
			return exit, err
		}
		var told Exit
		if strings.HasPrefix(line, "X") && json.Unmarshal([]byte(line[1:]), &told) == nil {
			_ = tell(p.dir, "a\n")
			exit = &told
		}
	}
}
