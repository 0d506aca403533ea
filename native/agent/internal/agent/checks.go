package agent

import (
	"context"
	"net"

	"mesolite/agent/internal/check"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// checks asks the tasks that run. All of it belongs to the loop; only a probe itself runs beside it.
type checks struct {
	plan    *check.Plan
	running map[string]*asked // by task
}

// asked is the run of a task that is being asked.
type asked struct {
	info   wire.TaskInfo
	run    int
	ctx    context.Context
	cancel context.CancelFunc
}

// probed is the answer of a probe, for the loop.
type probed struct {
	ask     check.Ask
	outcome check.Outcome
}

// trackChecks follows a task into a run and out of it.
func (a *Agent) trackChecks(taskID string) {
	record := a.machine.Get(taskID)
	runs := record != nil && record.Phase == task.PhaseRunning
	known := a.checks.running[taskID]
	if known != nil && (!runs || known.run != record.Run) {
		known.cancel()
		a.checks.plan.Drop(taskID)
		delete(a.checks.running, taskID)
		known = nil
	}
	if !runs || known != nil || (record.Parsed.Health == nil && record.Parsed.Readiness == nil) {
		return
	}
	if a.checks.plan == nil {
		a.checks.plan, a.checks.running = check.NewPlan(), map[string]*asked{}
	}
	now := &asked{info: record.Parsed, run: record.Run}
	now.ctx, now.cancel = context.WithCancel(context.Background())
	a.checks.running[taskID] = now
	a.checks.plan.Track(taskID, record.Run, task.KindHealth, record.Parsed.Health, record.RunMonoMs)
	a.checks.plan.Track(taskID, record.Run, task.KindReadiness, record.Parsed.Readiness, record.RunMonoMs)
}

// nextCheckMs is a time before which no task must be asked.
func (a *Agent) nextCheckMs() (int64, bool) {
	if a.checks.plan == nil {
		return 0, false
	}
	return a.checks.plan.NextMs()
}

// askDue starts the probes whose time has come.
func (a *Agent) askDue() {
	if a.checks.plan == nil {
		return
	}
	for _, ask := range a.checks.plan.Due(a.clock.MonoMs()) {
		run := a.checks.running[ask.TaskID]
		request, by := check.Request{Info: run.info, Ask: ask}, a.runnerOf(&run.info)
		go func() { a.post(probed{request.Ask, runProbe(run.ctx, by, request)}) }()
	}
}

func runProbe(ctx context.Context, by runner, r check.Request) check.Outcome {
	if prober, can := by.(check.Runner); can {
		return prober.RunProbe(ctx, r)
	}
	if r.Check.Probe.Kind == wire.ProbeCommand {
		return check.Outcome{Void: true}
	}
	return check.Run(ctx, r, (&net.Dialer{}).DialContext)
}

func (a *Agent) probed(e probed) {
	if changed, words := a.checks.plan.Done(e.ask, e.outcome, a.clock.MonoMs()); changed {
		a.step(task.Checked{TaskID: e.ask.TaskID, Run: e.ask.Run, Kind: e.ask.Kind, Good: e.outcome.Good, Words: words})
	}
}
