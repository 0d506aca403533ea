package task

import (
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// cannotPrepare is the end of a run whose artifacts did not come.
func cannotPrepare(env Env, problem string) *launch.Exit {
	return &launch.Exit{Step: shim.StepFork, Words: problem, EndedAtMs: env.NowMs}
}

// ended takes the end of the newest run: another one follows, or the task has ended for good.
func (m *Machine) ended(env Env, r *Record, exit *launch.Exit) []Effect {
	at := exit.EndedAtMs
	if at == 0 {
		at = env.NowMs
	}
	if r.Phase == PhaseAccepted && exit.Step == 0 && !exit.Unknown {
		// It ran and ended while nobody looked: the master hears of both.
		m.started(env, r, launch.News{TaskID: r.ID, Run: r.Run})
		if *r.StartedAtMs > at {
			r.StartedAtMs = &at
		}
	}
	r.startLife(env)
	status := outcome(r, exit, sameBoot(r, env))
	status.TimestampMs = at
	r.forgive(env)
	yes, why := comesBack(r, &status)
	if exit.Unknown && !sameBoot(r, env) && restarts(r) {
		// Not the task's own end, so it costs nothing of the back-off.
		status.Message = "the machine was rebooted"
		r.count(env)
		r.BootID = env.BootID
		return m.wait(env, r, status, 0)
	}
	if !yes {
		status.Message += why
		return m.finish(env, r, status)
	}
	r.count(env)
	r.BootID = env.BootID
	waitMs := backOff(env, r.InRow)
	r.InRow++
	return m.wait(env, r, status, waitMs)
}

// restarts tells whether the task is to run again after an end that is not its own.
func restarts(r *Record) bool {
	policy := r.Parsed.Restart
	return policy != nil && policy.On != wire.RestartNever && !r.KillAsked && (r.Doom == nil || !r.Doom.Final)
}

// finish is the end for good: at once, or when the results are listed.
func (m *Machine) finish(env Env, r *Record, status wire.Status) []Effect {
	if status.TimestampMs == 0 {
		status.TimestampMs = env.NowMs
	}
	var then []Effect
	if r.Phase == PhaseAccepted || r.Phase == PhaseRunning {
		then = append(then, Release{TaskID: r.ID, Run: r.Run})
	}
	if len(r.Parsed.Results) == 0 {
		return m.close(env, r, status, then...)
	}
	r.Phase, r.Final = PhaseCollecting, &status
	return m.persist(env, r, append(then, Collect{TaskID: r.ID})...)
}

func (m *Machine) collected(env Env, e Collected) []Effect {
	r, known := m.find(e.TaskID)
	if !known || r.Phase != PhaseCollecting {
		return nil
	}
	status := *r.Final
	r.Final = nil
	return m.close(env, r, status)
}

func (m *Machine) close(env Env, r *Record, status wire.Status, first ...Effect) []Effect {
	at := status.TimestampMs
	r.Phase, r.EndedAtMs, r.NextMonoMs = PhaseEnded, &at, 0
	m.add(env, r, status)
	return m.persist(env, r, append(first, Head{TaskID: r.ID, UUID: headOf(r)}, Ended{TaskID: r.ID})...)
}

// outcome is what the end of a run says: the last status of its task, if no other run follows.
func outcome(r *Record, exit *launch.Exit, sameBoot bool) wire.Status {
	status := wire.Status{PeakMemMib: positive(exit.Cgroup.PeakMib)}
	switch {
	case exit.Unknown && !sameBoot:
		status.State, status.Reason, status.Message = wire.StateLost, name(wire.ReasonAgentRestarted), "the machine was rebooted"
		if !r.KillAsked && r.Doom == nil {
			status.Message = "lost: " + status.Message
			return status
		}
	case exit.NeverRan:
		status.State, status.Message = wire.StateFailed, "it had not started yet"
	case exit.Unknown && r.KillAsked:
		status.State, status.Message = wire.StateKilled, "killed on request; "+unknown(exit, "its shim was killed too, so its exit status is unknown")
		return status
	case exit.Unknown:
		status.State, status.Reason, status.Message = wire.StateFailed, name(wire.ReasonExecutorTerminated), unknown(exit, "its shim was killed by someone, so what was left of it was ended and its exit status is unknown")
	case exit.Step != 0:
		status.State, status.Reason, status.Message = wire.StateFailed, name(wire.ReasonLaunchFailed), launch.CannotStart(exit, r.Parsed)
	default:
		status.Message = launch.Ended(exit)
		if exit.Signal != 0 {
			signal := exit.Signal
			status.Signal = &signal
		} else {
			code := exit.Code
			status.ExitCode = &code
		}
	}
	judge(&status, r, exit)
	return status
}

// unknown says why nothing is known of an end: as its runner says, or else as it is with shims.
func unknown(exit *launch.Exit, ofShim string) string {
	if exit.Words != "" {
		return exit.Words
	}
	return ofShim
}

// judge gives an end that is known its state and its reason: what was asked for explains it before what it looks like.
func judge(status *wire.Status, r *Record, exit *launch.Exit) {
	switch {
	case r.KillAsked:
		status.State, status.Reason = wire.StateKilled, nil
		if exit.Step == 0 {
			status.Message = "killed on request: " + status.Message
		}
	case r.Doom != nil:
		status.State, status.Reason = wire.StateFailed, name(r.Doom.Reason)
		status.Message = r.Doom.Words + "; " + status.Message
	case status.State != "":
	case exit.Signal == 0 && exit.Code == 0:
		status.State = wire.StateFinished
	default:
		status.State = wire.StateFailed
	}
	outOfMemory(status, exit)
}

// outOfMemory says so when the kernel ended something of the task for want of memory: a bare "killed by signal 9" would
// send people looking in the wrong place. It is the reason only where the task reached its own ceiling and failed.
func outOfMemory(status *wire.Status, exit *launch.Exit) {
	words := launch.OutOfMemory(exit)
	if words == "" {
		return
	}
	if status.State != wire.StateFailed || status.Reason != nil {
		status.Message += "; " + words
		return
	}
	status.Message = words + "; " + status.Message
	if exit.Cgroup.OwnLimit {
		status.Reason, status.LimitMemMib = name(wire.ReasonMemoryLimit), positive(exit.Cgroup.LimitMib)
	}
}

func positive(n int64) *int64 {
	if n <= 0 {
		return nil
	}
	return &n
}

func name(reason string) *string { return &reason }
