package task

import (
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// maxMessage is the cap of a status message in the contract.
const maxMessage = 4000

// news takes what the launcher saw of a task's process.
func (m *Machine) news(env Env, n launch.News) []Effect {
	record, known := m.tasks[n.TaskID]
	if !known || record.Phase == PhaseEnded {
		return nil
	}
	if n.Started {
		return m.started(env, record, n)
	}
	if n.Exit.NeverRan {
		if record.Phase == PhaseAccepted && sameBoot(record, env) && !record.KillAsked {
			return []Effect{Start{Info: record.Parsed}} // accepted, and the agent died before it could start it
		}
		n.Exit.Unknown = true
	}
	return m.ended(env, record, n.Exit)
}

func (m *Machine) started(env Env, record *Record, n launch.News) []Effect {
	if record.Phase == PhaseRunning {
		return nil
	}
	record.Phase, record.Pid, record.StartTicks = PhaseRunning, n.Pid, n.StartTicks
	at := env.NowMs
	record.StartedAtMs = &at
	m.add(env, record, wire.Status{State: wire.StateRunning, Message: "running"})
	effects := []Effect{Persist{Entries: [][]byte{state(record)}, Then: []Effect{Head{TaskID: record.ID, UUID: headOf(record)}}}}
	if record.KillAsked {
		effects = append(effects, Kill{TaskID: record.ID, GraceMs: record.KillGraceMs})
	}
	return effects
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
	record.Status = status
	record.Unacked = append(record.Unacked, status)
}

func (m *Machine) ended(env Env, record *Record, exit *launch.Exit) []Effect {
	at := exit.EndedAtMs
	if at == 0 {
		at = env.NowMs
	}
	if record.Phase == PhaseAccepted && exit.Step == 0 && !exit.Unknown {
		// It ran and ended while nobody looked: the master hears of both.
		m.started(env, record, launch.News{TaskID: record.ID})
		if *record.StartedAtMs > at {
			record.StartedAtMs = &at
		}
	}
	status := terminal(record, exit, sameBoot(record, env))
	status.TimestampMs = at
	record.Phase, record.EndedAtMs = PhaseEnded, &at
	m.add(env, record, status)
	return []Effect{Persist{Entries: [][]byte{state(record)}, Then: []Effect{
		Release{TaskID: record.ID}, Head{TaskID: record.ID, UUID: headOf(record)}, Ended{TaskID: record.ID},
	}}}
}

// terminal is the last status of a task.
func terminal(record *Record, exit *launch.Exit, sameBoot bool) wire.Status {
	status := wire.Status{}
	switch {
	case exit.Unknown && !sameBoot:
		status.State, status.Reason, status.Message = wire.StateLost, name(wire.ReasonAgentRestarted), "lost: the machine was rebooted"
		return status
	case exit.Unknown && record.KillAsked:
		status.State, status.Message = wire.StateKilled, "killed on request; its shim was killed too, so its exit status is unknown"
		return status
	case exit.Unknown:
		status.State, status.Reason, status.Message = wire.StateFailed, name(wire.ReasonExecutorTerminated), "its shim was killed by someone, so what was left of it was ended and its exit status is unknown"
		return status
	case exit.Step != 0:
		status.State, status.Reason, status.Message = wire.StateFailed, name(wire.ReasonLaunchFailed), launch.CannotStart(exit, record.Parsed)
		if record.KillAsked {
			status.State, status.Reason = wire.StateKilled, nil
		}
		return status
	}
	status.Message = launch.Ended(exit)
	if exit.Signal != 0 {
		signal := exit.Signal
		status.Signal = &signal
	} else {
		code := exit.Code
		status.ExitCode = &code
	}
	switch {
	case record.KillAsked:
		status.State, status.Message = wire.StateKilled, "killed on request: "+status.Message
	case exit.Signal == 0 && exit.Code == 0:
		status.State = wire.StateFinished
	default:
		status.State = wire.StateFailed
		outOfMemory(&status, exit)
	}
	return status
}

func name(reason string) *string { return &reason }

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
		if record.Phase == PhaseEnded {
			continue
		}
		effects = append(effects, Adopt{TaskID: id, SameBoot: sameBoot(record, env)})
		if record.Phase == PhaseRunning && record.KillAsked && sameBoot(record, env) {
			effects = append(effects, Kill{TaskID: id, GraceMs: record.KillGraceMs})
		}
	}
	return effects
}
