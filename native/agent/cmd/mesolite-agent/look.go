package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/boot"
	"mesolite/agent/internal/wire"
)

func versionCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, _ := newFlags("version", errOut)
	asJSON := flags.Bool("json", false, "one line of JSON")
	if flags.Parse(args) != nil {
		return exitUsage
	}
	if !*asJSON {
		fmt.Fprintf(out, "mesolite-agent %s (wire %d, %s/%s)\n", version, wire.Version, runtime.GOOS, runtime.GOARCH)
		return 0
	}
	return printJSON(out, map[string]interface{}{
		"version": version, "wireVersion": wire.Version, "wireVersionMin": wire.VersionMin, "os": runtime.GOOS, "arch": runtime.GOARCH,
	}, 0)
}

func selftestCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, dirFlag := newFlags("selftest", errOut)
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	report := agent.Selftest(dir, version)
	return printJSON(out, report, codeOf(report.OK))
}

// upgradeCommand is run by the new program itself: what cannot run here cannot do harm.
func upgradeCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, dirFlag := newFlags("upgrade", errOut)
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	file, err := os.Executable()
	if err != nil {
		return fail(errOut, err)
	}
	// The connection that started us may end in the middle; then we go on.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	report := agent.Upgrade(dir, file, func(ctx context.Context) error {
		deadline, _ := ctx.Deadline()
		if err := askWithin(dir, "local.shutdown", wire.ShutdownParams{Tasks: "keep"}, nil, question{time.Until(deadline), true}); err != nil {
			return err
		}
		return agent.AwaitGone(dir, time.Until(deadline))
	})
	return printJSON(out, report, codeOf(report.OK))
}

func bootCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, dirFlag := newFlags("boot", errOut)
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	var kind string
	var err error
	switch flags.Arg(0) {
	case "install":
		kind, err = boot.This().Install(dir)
	case "remove":
		kind, err = boot.This().Remove(dir)
	case "show":
		kind = boot.Kind(dir)
	default:
		fmt.Fprintln(errOut, "mesolite-agent: boot install, remove or show")
		return exitUsage
	}
	if err != nil {
		return fail(errOut, err)
	}
	return printJSON(out, map[string]string{"boot": kind}, 0)
}
