package task

import (
	"fmt"

	"mesolite/agent/internal/wire"
)

// The back-off between two runs, and what ends its growth.
const (
	FirstBackOffMs = 250
	MaxBackOffMs   = 60_000
	GoodMs         = 60_000
	// A wait is shortened by chance, so that many tasks do not come back in step; at least by a little, so that the
	// first restart is there within 250 ms.
	leastShavePct = 4
	mostShavePct  = 25
)

// backOff is the wait before the next run, after inRow restarts without a good minute between.
func backOff(env Env, inRow int) int64 {
	wait := int64(FirstBackOffMs)
	for ; inRow > 0 && wait < MaxBackOffMs; inRow-- {
		wait *= 2
	}
	wait = least(wait, MaxBackOffMs)
	shave := leastShavePct*10 + env.Random((mostShavePct-leastShavePct)*10+1)
	return wait - wait*shave/1000
}

// comesBack tells whether a run that ended this way is followed by another. Otherwise why says what hindered it.
func comesBack(r *Record, status *wire.Status) (yes bool, why string) {
	policy := r.Parsed.Restart
	switch {
	case policy == nil || policy.On == wire.RestartNever, r.KillAsked, r.Doom != nil && r.Doom.Final:
		return false, ""
	case policy.On == wire.RestartFailure && status.State == wire.StateFinished:
		return false, ""
	case policy.MaxInRow != nil && int64(r.InRow) >= *policy.MaxInRow:
		return false, fmt.Sprintf("; given up after %s", times(r.InRow, "restart"))
	}
	return true, ""
}

func times(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// forgive starts the back-off from the beginning when the run that ends had a good minute: of running, and of health
// where there is a check. healthyMonoMs 0: it is not healthy now.
func (r *Record) forgive(env Env) {
	since := r.RunMonoMs
	if r.Parsed.Health != nil {
		since = r.HealthyMonoMs
	}
	if since > 0 && sameBoot(r, env) && env.MonoMs-since >= GoodMs {
		r.InRow = 0
	}
}

// wait is the phase between two runs: status tells of the one that ended.
func (m *Machine) wait(env Env, r *Record, status wire.Status, waitMs int64) []Effect {
	next := env.NowMs + waitMs
	status.State, status.NextStartAtMs = wire.StateStarting, &next
	var then []Effect
	if r.Phase != PhasePreparing {
		then = append(then, Release{TaskID: r.ID, Run: r.Run})
	}
	r.Phase, r.NextMonoMs = PhaseWaiting, env.MonoMs+waitMs
	r.endRun()
	m.add(env, r, status)
	return m.persist(env, r, append(then, Head{TaskID: r.ID, UUID: headOf(r)})...)
}

// endRun drops what was true of one run only.
func (r *Record) endRun() {
	r.Pid, r.StartTicks, r.RunMonoMs, r.HealthyMonoMs = 0, 0, 0, 0
	r.Doom, r.Healthy, r.Ready = nil, nil, nil
}

// again begins the next run. Its number is on disk before it starts, so that it happens once.
func (m *Machine) again(env Env, r *Record) []Effect {
	r.count(env)
	r.Run, r.NextMonoMs, r.BootID = r.Run+1, 0, env.BootID
	r.Container = nil
	start := begin(r)
	return m.persist(env, r, start)
}

// overtime ends a task whose maxCompletionMs is over.
func (m *Machine) overtime(env Env, r *Record) []Effect {
	r.count(env)
	words := fmt.Sprintf("not done within %s", span(r.Parsed.MaxCompletionMs))
	if r.Phase == PhaseWaiting || r.Phase == PhasePreparing {
		return m.stopBetween(env, r, wire.Status{State: wire.StateFailed, Reason: name(wire.ReasonMaxCompletionTime), Message: words})
	}
	return m.condemn(env, r, Doom{Reason: wire.ReasonMaxCompletionTime, Words: words, Final: true})
}

// condemn ends the newest run by the kill policy. One that has not begun yet is ended as soon as it is seen.
func (m *Machine) condemn(env Env, r *Record, doom Doom) []Effect {
	r.Doom = &doom
	if r.Phase == PhaseRunning || r.Parsed.Container != nil {
		return m.persist(env, r, Kill{TaskID: r.ID, Run: r.Run, GraceMs: r.graceMs()})
	}
	return m.persist(env, r)
}

// graceMs is what the end that is asked for grants.
func (r *Record) graceMs() int64 {
	if r.KillAsked {
		return r.KillGraceMs
	}
	return r.Parsed.KillPolicy.GraceMs
}

func (m *Machine) fail(env Env, e Fail) []Effect {
	r, known := m.find(e.TaskID)
	if !known || r.Run != e.Run || r.KillAsked || r.Doom != nil || (r.Phase != PhaseRunning && r.Phase != PhaseAccepted) {
		return nil
	}
	return m.condemn(env, r, Doom{Reason: e.Reason, Words: e.Words, Final: e.Final})
}

// checked takes the answer of a check of the run. Only a change is told.
func (m *Machine) checked(env Env, e Checked) []Effect {
	r, known := m.find(e.TaskID)
	if !known || r.Run != e.Run || r.Phase != PhaseRunning || r.KillAsked || r.Doom != nil {
		return nil
	}
	good := e.Good
	at, reason, word := &r.Healthy, wire.ReasonHealthCheck, "healthy"
	if e.Kind == KindReadiness {
		at, reason, word = &r.Ready, wire.ReasonCheck, "ready"
	}
	if *at != nil && **at == good {
		return nil
	}
	*at = &good
	message := word
	switch {
	case !good && e.Kind == KindHealth:
		message = "unhealthy: " + e.Words
	case !good:
		message = "not ready: " + e.Words
	case e.Kind == KindHealth:
		r.HealthyMonoMs = env.MonoMs
	}
	m.add(env, r, wire.Status{State: wire.StateRunning, Reason: name(reason), Message: message})
	told := []Effect{Head{TaskID: r.ID, UUID: headOf(r)}}
	if good || e.Kind == KindReadiness {
		return m.persist(env, r, told...)
	}
	r.forgive(env)
	r.HealthyMonoMs = 0
	r.Doom = &Doom{Reason: wire.ReasonHealthCheck, Words: message}
	return m.persist(env, r, append(told, Kill{TaskID: r.ID, Run: r.Run, GraceMs: r.graceMs()})...)
}

// startLife begins to count maxCompletionMs, once.
func (r *Record) startLife(env Env) {
	if r.Life == nil && r.Parsed.MaxCompletionMs > 0 {
		r.Life = &Life{UpToMs: env.MonoMs}
	}
}

// How often what was counted is put on disk, for a reboot: a sixteenth of the whole, within these.
const (
	leastCountMs = 10_000
	mostCountMs  = 900_000
)

// count brings what was counted up to now. After a reboot it begins again from now.
func (r *Record) count(env Env) {
	if r.Life == nil {
		return
	}
	counted := r.Life.CountedMs
	if sameBoot(r, env) && env.MonoMs > r.Life.UpToMs {
		counted += env.MonoMs - r.Life.UpToMs
	}
	r.Life = &Life{CountedMs: counted, UpToMs: env.MonoMs}
}

// lifeMs is when the time of a task must be looked at: it is over, or is to be put on disk.
func (r *Record) lifeMs() int64 {
	if r.Life == nil || r.KillAsked || r.Doom != nil && r.Doom.Final {
		return never
	}
	most := r.Parsed.MaxCompletionMs
	every := most / 16
	if every < leastCountMs {
		every = leastCountMs
	}
	return r.Life.UpToMs + least(most-r.Life.CountedMs, least(every, mostCountMs))
}

func (r *Record) isOver(env Env) bool {
	return r.lifeMs() != never && r.Life.CountedMs+env.MonoMs-r.Life.UpToMs >= r.Parsed.MaxCompletionMs
}

// span says a time in words.
func span(ms int64) string {
	switch {
	case ms%3_600_000 == 0:
		return fmt.Sprintf("%d h", ms/3_600_000)
	case ms%60_000 == 0:
		return fmt.Sprintf("%d min", ms/60_000)
	case ms%1000 == 0:
		return fmt.Sprintf("%d s", ms/1000)
	}
	return fmt.Sprintf("%d ms", ms)
}
