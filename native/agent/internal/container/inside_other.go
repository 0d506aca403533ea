//go:build !linux

package container

import (
	"os"

	"mesolite/agent/internal/engine"
)

// Commands that only the agent itself gives, inside of containers.
const (
	Inside       = "inside"
	InsideProber = "inside-prober"
	Pump         = "pump"
)

const exitNothing = 64

// RunInside is for containers.
func RunInside([]string) int { return refuse() }

// ProberInside is for containers.
func ProberInside() int { return refuse() }

// RunPump is for the logs of containers.
func RunPump(string) error { return engine.ErrNone }

// DropInherited is for the pump.
func DropInherited() {}

func refuse() int {
	_, _ = os.Stderr.WriteString(engine.ErrNone.Error() + "\n")
	return exitNothing
}
