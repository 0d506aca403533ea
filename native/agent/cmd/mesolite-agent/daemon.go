package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/log"
)

// lockPatience is how long a start waits for a daemon that is just ending.
const lockPatience = 5 * time.Second

func daemonCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, dirFlag := newFlags("daemon", errOut)
	foreground := flags.Bool("foreground", false, "do not detach")
	var options agent.Options
	flags.StringVar(&options.Capacity, "capacity", "", "own only this much: cpus=N,mem=MIB,disk=MIB,gpus=N")
	flags.StringVar(&options.Reserve, "reserve", "", "leave this much to the system")
	flags.StringVar(&options.Root, "root", "", "read /proc, /sys and /etc below this folder (tests)")
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	if *foreground {
		return runDaemon(dir, options, errOut)
	}
	if agent.Answers(dir) {
		fmt.Fprintln(out, "already running")
		return 0
	}
	var pass []string
	for name, value := range map[string]string{"--capacity": options.Capacity, "--reserve": options.Reserve, "--root": options.Root} {
		if value != "" {
			pass = append(pass, name, value)
		}
	}
	if err := agent.StartDetached(dir, pass); err != nil {
		return fail(errOut, err)
	}
	fmt.Fprintln(out, "started")
	return 0
}

func runDaemon(dir string, options agent.Options, errOut io.Writer) int {
	agent.KeepToOurselves()
	tell := func(string) {}
	if os.Getenv(agent.ReadyEnv) != "" {
		ready := os.NewFile(agent.ReadyFd, "ready")
		_ = os.Unsetenv(agent.ReadyEnv) // tasks have nothing to do with it
		tell = func(words string) {
			_, _ = io.WriteString(ready, words+"\n") // the starter may be gone
			_ = ready.Close()
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tell(err.Error())
		return fail(errOut, err)
	}
	lines, err := log.Open(filepath.Join(dir, "log"))
	if err != nil {
		tell(err.Error())
		return fail(errOut, err)
	}
	// HUP is ignored: the daemon is nobody's terminal job.
	signal.Ignore(syscall.SIGHUP)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	config := agent.Config{Dir: dir, Version: version, Options: options, Log: lines, Ready: func() { tell("ok") }}
	until := time.Now().Add(lockPatience)
	for {
		err = agent.Run(ctx, config)
		if !errors.Is(err, agent.ErrLocked) || time.Now().After(until) || ctx.Err() != nil {
			break
		}
		if agent.Answers(dir) {
			tell("ok")
			fmt.Fprintln(errOut, "mesolite-agent: already running")
			return 0
		}
		time.Sleep(50 * time.Millisecond) // the one before is just ending
	}
	if err != nil {
		lines.Line("agent failed cause=%v", err)
		tell(err.Error())
		return fail(errOut, err)
	}
	return 0
}
