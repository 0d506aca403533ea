//go:build !linux

package engine

import (
	"context"
	"errors"

	"mesolite/agent/internal/wire"
)

// ErrNone: an engine of macOS runs its containers in a virtual machine, where neither our folders nor our limits are.
var ErrNone = errors.New("tasks in containers run on Linux machines only: here they would run in a virtual machine that the agent cannot look into")

// Finder knows the engines of this machine: none that could run tasks of ours.
type Finder struct{}

// NewFinder looks at nothing.
func NewFinder(_, _ string) *Finder { return &Finder{} }

// Known are the engines for the facts.
func (f *Finder) Known() []wire.Engine { return []wire.Engine{} }

// Look has nothing to ask.
func (f *Finder) Look(context.Context) {}
