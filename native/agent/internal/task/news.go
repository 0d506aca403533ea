package task

import (
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

const (
	// maxMessage is the cap of a status message in the contract.
	maxMessage = 4000
	// maxUnacked updates of a task wait for their receipt.
	maxUnacked = 32
)

// news takes what was seen of a run. Only the newest run of a task counts, and only while it is not over.
func (m *Machine) news(env Env, n launch.News) []Effect {
	record, known := m.find(n.TaskID)
	if !known || n.Run != record.Run || (record.Phase != PhaseAccepted && record.Phase != PhaseRunning) {
		return nil
	}
	if n.Started {
		return m.started(env, record, n)
	}
	if n.Stuck {
		return m.stuck(env, record)
	}
	if n.Exit.NeverRan {
		if record.Phase == PhaseAccepted && sameBoot(record, env) && !record.KillAsked && record.Doom == nil {
			return []Effect{Start{Info: record.Parsed, Run: record.Run}} // accepted, and the agent died before it could start it
		}
		n.Exit.Unknown = true
	}
	return m.ended(env, record, n.Exit)
}

func (m *Machine) started(env Env, record *Record, n launch.News) []Effect {
	if record.Phase == PhaseRunning {
		return nil
	}
	record.Phase, record.Pid, record.StartTicks, record.RunMonoMs = PhaseRunning, n.Pid, n.StartTicks, env.MonoMs
	if n.Container != nil {
		record.Container = n.Container
	}
	if record.StartedAtMs == nil {
		at := env.NowMs
		record.StartedAtMs = &at
	}
	record.startLife(env)
	message := "running"
	if record.Run > 0 {
		message = "running again"
	}
	m.add(env, record, wire.Status{State: wire.StateRunning, Message: message})
	effects := m.persist(env, record, Head{TaskID: record.ID, UUID: headOf(record)})
	if record.KillAsked || record.Doom != nil {
		effects = append(effects, Kill{TaskID: record.ID, Run: record.Run, GraceMs: record.graceMs()})
	}
	return effects
}

// stuck tells that a run does not end: it is still there, and whoever asked for its end should know why.
func (m *Machine) stuck(env Env, record *Record) []Effect {
	if record.Phase != PhaseRunning {
		return nil
	}
	m.add(env, record, wire.Status{State: wire.StateRunning, Message: "cannot be ended yet: KILL was sent, but it waits in the kernel, often for a disk or a network share that does not answer"})
	return m.persist(env, record, Head{TaskID: record.ID, UUID: headOf(record)})
}

// add makes a status the newest and queues it for the master.
func (m *Machine) add(env Env, record *Record, status wire.Status) {
	uuid := env.UUID()
	status.TaskID, status.Source, status.UUID = record.ID, wire.SourceAgent, &uuid
	if status.TimestampMs == 0 {
		status.TimestampMs = env.NowMs
	}
	if len(status.Message) > maxMessage {
		status.Message = status.Message[:maxMessage]
	}
	if record.Run > 0 || status.State == wire.StateStarting {
		restarts := record.Run
		status.Restarts = &restarts
	}
	status.Healthy, status.Ready, status.Gpus, status.Container = record.Healthy, record.Ready, record.Gpus, record.Container
	record.Status = status
	unacked := append(record.Unacked, status)
	if len(unacked) > maxUnacked {
		// The first may be on its way, the last is what is true now: of those between, the oldest is left out.
		unacked = append(append([]wire.Status{}, unacked[0]), unacked[2:]...)
	}
	record.Unacked = unacked
}

// keep is the journal entry of a record that changed. Whatever is due later is planned with it.
func (m *Machine) keep(env Env, r *Record) []byte {
	m.plan(env, r)
	return encode(entry{Kind: kindState, ID: r.ID, State: r})
}

func (m *Machine) persist(env Env, r *Record, then ...Effect) []Effect {
	return []Effect{Persist{Entries: [][]byte{m.keep(env, r)}, Then: then}}
}

func sameBoot(record *Record, env Env) bool {
	return record.BootID == env.BootID || record.BootID == "" || env.BootID == ""
}

// recover looks again at every task after a start of the agent.
func (m *Machine) recover(env Env) []Effect {
	var effects []Effect
	for _, id := range m.ids() {
		record := m.tasks[id]
		if head := headOf(record); head != "" {
			effects = append(effects, Head{TaskID: id, UUID: head})
		}
		effects = append(effects, m.resume(env, record)...)
		m.plan(env, record)
	}
	return effects
}

// resume goes on with a task where the agent before us left it.
func (m *Machine) resume(env Env, r *Record) []Effect {
	same := sameBoot(r, env)
	switch r.Phase {
	case PhasePreparing:
		if !same {
			return m.ended(env, r, &launch.Exit{NeverRan: true, Unknown: true, EndedAtMs: env.NowMs})
		}
		return []Effect{Prepare{Info: r.Parsed}}
	case PhaseWaiting:
		if !same { // the machine was off for longer than any back-off
			r.count(env)
			r.BootID, r.NextMonoMs = env.BootID, env.MonoMs
			return m.persist(env, r)
		}
	case PhaseCollecting:
		return []Effect{Collect{TaskID: r.ID}}
	case PhaseAccepted, PhaseRunning:
		effects := []Effect{Adopt{Info: r.Parsed, Run: r.Run, SameBoot: same}}
		if same && r.Phase == PhaseRunning && (r.KillAsked || r.Doom != nil) {
			effects = append(effects, Kill{TaskID: r.ID, Run: r.Run, GraceMs: r.graceMs()})
		}
		return effects
	}
	return nil
}
