package agent

import (
	"encoding/json"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// pageBytes is how much of a frame the tasks of hello and task.list may fill.
const pageBytes = wire.MaxFrameBytes - 128*1024

// handlers of the calls, by name. Those before hello are the agent's own command line.
type handler func(a *Agent, r request) *wire.Error

func (a *Agent) serve(r request) {
	if a.stopping != nil && a.stopping.flush == r.from {
		return // it asked for the end; nothing more is answered
	}
	handle, known := handlers[r.Call]
	local := r.Call == "local.status" || r.Call == "local.shutdown"
	var refusal *wire.Error
	switch {
	case !known:
		refusal = wire.Refuse(wire.CodeUnsupported, "call", "unknown call %.40q", r.Call)
	case !r.from.hello && r.Call != "hello" && !local:
		refusal = wire.Refuse(wire.CodeUnauthorized, "hello-first", "the first call is hello")
	case r.from.hello && a.holder != r.from:
		refusal = wire.Refuse(wire.CodeConflict, "lease-lost", "%s", a.lease.MasterID)
	default:
		refusal = handle(a, r)
	}
	if refusal != nil {
		r.from.refuse(r.ID, refusal)
	}
}

var handlers = map[string]handler{
	"hello":            (*Agent).hello,
	"ping":             func(_ *Agent, r request) *wire.Error { r.from.answer(r.ID, wire.Empty{}); return nil },
	"sample.subscribe": (*Agent).subscribe,
	"task.launch":      (*Agent).taskLaunch,
	"task.kill":        (*Agent).taskKill,
	"task.list":        (*Agent).taskList,
	"task.forget":      (*Agent).taskForget,
	"update.ack":       (*Agent).updateAck,
	"log.open":         (*Agent).logOpen,
	"log.times":        (*Agent).logTimes,
	"log.search":       (*Agent).logSearch,
	"sandbox.list":     (*Agent).sandboxList,
	"sandbox.open":     (*Agent).sandboxOpen,
	"agent.configure":  (*Agent).configure,
	"results.list":     (*Agent).resultsList,
	"artifact.find":    (*Agent).artifactFind,
	"artifact.put":     (*Agent).artifactPut,
	"artifact.done":    (*Agent).artifactDone,
	"stream.credit":    (*Agent).streamCredit,
	"stream.close":     (*Agent).streamClose,
	"agent.shutdown":   (*Agent).shutdown,
	"local.status":     (*Agent).localStatus,
	"local.shutdown":   (*Agent).shutdown,
}

func decode(r request, into interface{}) *wire.Error {
	if err := json.Unmarshal(r.Params, into); err != nil {
		return wire.Refuse(wire.CodeInvalid, "params", "%s: %v", r.Call, err)
	}
	return nil
}

func (a *Agent) hello(r request) *wire.Error {
	var params wire.HelloParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	version, refusal := link.CommonVersion(params)
	if refusal != nil {
		return refusal
	}
	lease, refusal := a.lease.Claim(params)
	if refusal != nil {
		a.log.Line("master refused master=%s epoch=%d reason=%s", params.MasterID, params.Epoch, refusal.Reason)
		return refusal
	}
	if lease != a.lease {
		if err := writeJSON(a.folder.path("lease.json"), lease); err != nil {
			return wire.Refuse(wire.CodeExhausted, "lease-not-kept", "%v", err)
		}
		a.lease = lease
	}
	if old := a.holder; old != nil && old != r.from {
		_ = old.conn.Send(wire.LeaseLostEvent{V: wire.Version, Event: "lease-lost", Holder: lease.MasterID}) // ended: it knows
		old.conn.EndAfterFlush("lease went to " + lease.MasterID)
		a.sampler.unsubscribe()
	}
	a.holder, r.from.hello, r.from.version = r.from, true, version
	a.sampler.setDisks(r.facts.Disks)
	tasks, more := a.machine.Page("", pageBytes)
	result := wire.HelloResult{
		Version: version, AgentID: a.id, AgentVersion: a.config.Version, Incarnation: a.incarnation, Facts: *r.facts,
		Resources: a.options.Resources(*r.facts, diskMib(a.config.Dir)), Tasks: tasks, More: more,
	}
	a.log.Line("master came master=%s epoch=%d app=%.40q tasks=%d", lease.MasterID, lease.Epoch, params.AppVersion, a.machine.Len())
	// Through the journal, so that nothing is told that is not on disk yet.
	a.greeted = false
	a.afterFlush(func() {
		r.from.answer(r.ID, result)
		if a.holder == r.from {
			a.greeted = true
			a.updates.Reset(a.clock.MonoMs())
		}
	})
	return nil
}

// afterFlush does something once everything known now is on disk.
func (a *Agent) afterFlush(do func()) {
	a.persist(task.Persist{Then: []task.Effect{task.Answer{Reply: func(*wire.Error) { do() }}}})
}

func (a *Agent) subscribe(r request) *wire.Error {
	var params wire.SubscribeParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	if params.EveryMs < 100 || params.EveryMs > 3_600_000 {
		return wire.Refuse(wire.CodeInvalid, "params", "everyMs must be 100 to 3600000")
	}
	r.from.answer(r.ID, wire.Empty{})
	a.sampler.subscribe(r.from.conn, params.EveryMs)
	return nil
}

func (a *Agent) taskLaunch(r request) *wire.Error {
	var params wire.LaunchParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	if a.stopping != nil {
		return wire.Refuse(wire.CodeConflict, "agent-stops", "the agent is ending")
	}
	a.step(task.Launch{Info: params.Info, Reply: r.from.replyWith(r.ID, wire.LaunchResult{Accepted: true})})
	return nil
}

func (a *Agent) step(e task.Event) { a.perform(a.machine.Step(a.env(), e)) }

func (a *Agent) taskKill(r request) *wire.Error {
	var params wire.KillParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	a.hurry(params.TaskID)
	a.step(task.AskKill{TaskID: params.TaskID, GraceMs: params.GraceMs, Reply: r.from.reply(r.ID)})
	return nil
}

func (a *Agent) taskList(r request) *wire.Error {
	var params wire.ListParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	tasks, more := a.machine.Page(params.After, pageBytes)
	a.afterFlush(func() { r.from.answer(r.ID, wire.ListResult{Tasks: tasks, More: more}) })
	return nil
}

func (a *Agent) taskForget(r request) *wire.Error {
	var params wire.TaskParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	a.step(task.Forget{TaskID: params.TaskID, Reply: r.from.reply(r.ID)})
	if fate, ok := a.fates[params.TaskID]; ok && a.machine.Get(params.TaskID) == nil {
		close(fate.Removed)
		delete(a.fates, params.TaskID)
	}
	return nil
}

func (a *Agent) updateAck(r request) *wire.Error {
	var params wire.AckParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	a.step(task.Ack{TaskID: params.TaskID, UUID: params.UUID, Reply: r.from.reply(r.ID)})
	return nil
}

func (a *Agent) dropEnded(s *session) {
	for id, stream := range s.streams {
		if stream.IsOver() {
			delete(s.streams, id)
		}
	}
}

func (a *Agent) streamCredit(r request) *wire.Error {
	var params wire.CreditParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	if s, ok := r.from.streams[params.Stream]; ok {
		s.Grant(params.Bytes)
	}
	r.from.answer(r.ID, wire.Empty{}) // also for a stream that just ended: that is no fault of the caller
	return nil
}

func (a *Agent) streamClose(r request) *wire.Error {
	var params wire.StreamParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	if s, ok := r.from.streams[params.Stream]; ok {
		s.Close()
		delete(r.from.streams, params.Stream)
	}
	if upload := r.from.uploads.get(params.Stream); upload != nil {
		upload.Close()
	}
	r.from.answer(r.ID, wire.Empty{})
	return nil
}
