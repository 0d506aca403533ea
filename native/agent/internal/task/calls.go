package task

import "mesolite/agent/internal/wire"

func (m *Machine) kill(env Env, e AskKill) []Effect {
	record, known := m.find(e.TaskID)
	if !known {
		if !wire.ValidTaskID(e.TaskID) {
			return []Effect{answer(e.Reply, wire.Refuse(wire.CodeInvalid, "task-id", "not a task id"))}
		}
		m.bury(e.TaskID)
		tomb := encode(entry{Kind: kindTomb, ID: e.TaskID})
		return []Effect{Persist{Entries: [][]byte{tomb}, Then: []Effect{answer(e.Reply, nil)}}}
	}
	if record.Phase == PhaseEnded || record.Phase == PhaseCollecting {
		return []Effect{answer(e.Reply, nil)}
	}
	grace := record.Parsed.KillPolicy.GraceMs
	if e.GraceMs != nil {
		grace = *e.GraceMs
	}
	if grace < 0 {
		grace = 0
	}
	if record.KillAsked && record.KillGraceMs < grace {
		grace = record.KillGraceMs
	}
	record.KillAsked, record.KillGraceMs = true, grace
	reply := answer(e.Reply, nil)
	switch {
	case record.Phase == PhaseWaiting || record.Phase == PhasePreparing:
		return append(m.stopBetween(env, record, wire.Status{State: wire.StateKilled, Message: "killed on request" + between(record)}), Persist{Then: []Effect{reply}})
	case record.Phase == PhaseRunning, record.Parsed.Container != nil: // a container may be pulled for long before it runs
		return m.persist(env, record, Kill{TaskID: record.ID, Run: record.Run, GraceMs: grace}, reply)
	}
	return m.persist(env, record, reply) // the start is under way: it is ended as soon as it is seen
}

// stopBetween ends a task of which nothing runs.
func (m *Machine) stopBetween(env Env, r *Record, status wire.Status) []Effect {
	var effects []Effect
	if r.Phase == PhasePreparing {
		effects = append(effects, Abandon{TaskID: r.ID})
	}
	return append(effects, m.finish(env, r, status)...)
}

func between(r *Record) string {
	if r.Phase == PhasePreparing {
		return " before it started"
	}
	return " between two runs"
}

func (m *Machine) ack(env Env, e Ack) []Effect {
	record, known := m.find(e.TaskID)
	if !known || len(record.Unacked) == 0 || record.Unacked[0].UUID == nil || *record.Unacked[0].UUID != e.UUID {
		return []Effect{answer(e.Reply, nil)} // a second receipt of the same update
	}
	record.Unacked = append([]wire.Status{}, record.Unacked[1:]...)
	// The next update may itself be on its way to the disk; the journal keeps the order.
	return m.persist(env, record, Head{TaskID: record.ID, UUID: headOf(record)}, answer(e.Reply, nil))
}

func headOf(r *Record) string {
	if len(r.Unacked) == 0 || r.Unacked[0].UUID == nil {
		return ""
	}
	return *r.Unacked[0].UUID
}

func (m *Machine) forget(e Forget) []Effect {
	record, known := m.find(e.TaskID)
	switch {
	case !known:
		return []Effect{answer(e.Reply, nil)}
	case record.Phase != PhaseEnded:
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeConflict, "task-runs", "task %s has not ended", e.TaskID))}
	case len(record.Unacked) > 0:
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeConflict, "update-unacknowledged", "the last update of task %s was not acknowledged", e.TaskID))}
	}
	delete(m.tasks, e.TaskID)
	m.due.clear(e.TaskID)
	gone := encode(entry{Kind: kindGone, ID: e.TaskID})
	return []Effect{Persist{Entries: [][]byte{gone}, Then: []Effect{Remove{Info: record.Parsed}, answer(e.Reply, nil)}}}
}
