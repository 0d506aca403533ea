package main

import (
	"io"

	"mesolite/agent/internal/container"
)

// Commands that the agent itself gives: the first program of a container, a probe in one, and the pump of their logs.

func insideCommand(args []string, _ io.Reader, _, _ io.Writer) int { return container.RunInside(args) }

func proberCommand(_ []string, _ io.Reader, _, _ io.Writer) int { return container.ProberInside() }

func pumpCommand(args []string, _ io.Reader, _, errOut io.Writer) int {
	flags, dirFlag := newFlags(container.Pump, errOut)
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	container.DropInherited()
	if err := container.RunPump(dir); err != nil {
		return fail(errOut, err)
	}
	return 0
}
