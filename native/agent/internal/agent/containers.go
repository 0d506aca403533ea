package agent

import (
	"context"
	"strconv"

	"mesolite/agent/internal/container"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// openContainers makes the runner of tasks in containers, and begins to look for engines: the first master will ask.
func (a *Agent) openContainers() *container.Runner {
	engines := engine.NewFinder(a.config.Dir, a.options.Root)
	a.facts.engines = engines
	go engines.Look(context.Background())
	return &container.Runner{
		Dir: a.config.Dir, AgentID: a.id, Exe: a.launcher.Exe, Engines: engines, Cgroups: a.launcher.Cgroups,
		Cards:    func() []wire.Gpu { return a.facts.last().Gpus },
		Tell:     func(n launch.News) { a.post(task.News{News: n}) },
		Progress: func(event wire.ProgressEvent) { a.post(progressed{event}) },
		Log:      a.log.Line,
	}
}

// sweepContainers removes what an agent before this one left with its engine. It may be slow, so the loop does not wait.
func (a *Agent) sweepContainers(containers *container.Runner) {
	type run struct{ taskID, run string }
	keep := map[run]bool{}
	a.machine.EachAlive(func(record *task.Record) {
		keep[run{record.ID, strconv.Itoa(record.Run)}] = true
	})
	go containers.Sweep(func(taskID, number string) bool {
		return keep[run{taskID, number}]
	})
}
