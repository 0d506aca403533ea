//go:build !linux

// Package container runs tasks in containers; on systems other than Linux it refuses them, in words. It may import
// engine, launch, cgroup and wire.
package container

import (
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// Runner refuses tasks in containers. Its verbs may be used from any goroutine.
type Runner struct {
	Dir      string
	AgentID  string
	Exe      string
	Engines  *engine.Finder
	Cgroups  *cgroup.Driver
	Cards    func() []wire.Gpu
	Tell     func(launch.News)
	Progress func(wire.ProgressEvent)
	Log      func(format string, args ...interface{})
}

// Start tells that the task could not start.
func (r *Runner) Start(info wire.TaskInfo, run int) {
	r.tell(info.TaskID, run, launch.Exit{Step: shim.StepFork, Words: engine.ErrNone.Error()})
}

// Adopt tells that a run never was: none is ever begun here.
func (r *Runner) Adopt(info wire.TaskInfo, run int, _ bool) {
	r.tell(info.TaskID, run, launch.Exit{NeverRan: true})
}

// tell does not hold the caller up: it may be the loop itself.
func (r *Runner) tell(taskID string, run int, exit launch.Exit) {
	exit.EndedAtMs = time.Now().UnixNano() / int64(time.Millisecond)
	go func() {
		r.Tell(launch.News{TaskID: taskID, Run: run, Exit: &exit})
	}()
}

// Kill has nothing to kill: the end was told.
func (r *Runner) Kill(string, int, int64) error { return nil }

// Acknowledge has nothing to let go.
func (r *Runner) Acknowledge(string, int) {}

// Forget has kept nothing.
func (r *Runner) Forget(string) error { return nil }

// Sweep has left nothing.
func (r *Runner) Sweep(func(taskID string, run string) bool) {}

// Close ends nothing.
func (r *Runner) Close(bool) {}
