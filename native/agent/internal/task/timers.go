package task

import "sort"

// never is later than any time.
const never = int64(1) << 62

// timers knows when each task wants a Tick. Few tasks do.
type timers struct {
	at map[string]int64
	// soonestMs is at most the earliest: before it nothing needs to be looked at.
	soonestMs int64
}

func (t *timers) set(id string, atMs int64) {
	if atMs == never {
		t.clear(id)
		return
	}
	if len(t.at) == 0 || atMs < t.soonestMs {
		t.soonestMs = atMs
	}
	t.at[id] = atMs
}

func (t *timers) clear(id string) { delete(t.at, id) }

// take gives the tasks whose time has come, in order of time and id. They stay until they are set again or cleared.
func (t *timers) take(nowMs int64) []string {
	if len(t.at) == 0 || nowMs < t.soonestMs {
		return nil
	}
	var due []string
	t.soonestMs = never
	for id, at := range t.at {
		if at <= nowMs {
			due = append(due, id) // whatever is done sets its next time
		} else if at < t.soonestMs {
			t.soonestMs = at
		}
	}
	sort.Slice(due, func(a, b int) bool {
		left, right := t.at[due[a]], t.at[due[b]]
		return left < right || left == right && due[a] < due[b]
	})
	return due
}

// NextMs is a time, in ms since the boot, before which no Tick is needed; false when none is at all.
func (m *Machine) NextMs() (int64, bool) { return m.due.soonestMs, len(m.due.at) > 0 }

// plan says when a task must be looked at again.
func (m *Machine) plan(env Env, r *Record) {
	at := never
	switch {
	case !sameBoot(r, env):
		// Its times mean nothing now; the news of its end will tell how it goes on.
	case r.Phase == PhaseWaiting:
		at = least(r.NextMonoMs, r.lifeMs())
	case r.Phase == PhasePreparing || r.Phase == PhaseAccepted || r.Phase == PhaseRunning:
		at = r.lifeMs()
	}
	m.due.set(r.ID, at)
}

func least(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

// tick does what is due.
func (m *Machine) tick(env Env) []Effect {
	var effects []Effect
	for _, id := range m.due.take(env.MonoMs) {
		effects = append(effects, m.act(env, m.tasks[id])...)
	}
	return effects
}

func (m *Machine) act(env Env, r *Record) []Effect {
	switch {
	case r.isOver(env):
		return m.overtime(env, r)
	case r.Phase == PhaseWaiting && env.MonoMs >= r.NextMonoMs:
		return m.again(env, r)
	}
	r.count(env)
	return m.persist(env, r)
}
