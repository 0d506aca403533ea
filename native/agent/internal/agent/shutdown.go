package agent

import (
	"time"

	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// shimLimit is how long an ending agent waits for shims whose tasks have ended: a shim that is not told to go does so
// by itself after 2 s.
const shimLimit = 3 * time.Second

// stopping is a shutdown under way.
type stopping struct {
	waitTasks bool     // until no task is left
	flush     *session // who asked, until its answer was written
	reply     func(*wire.Error)
	answered  bool
}

func (a *Agent) shutdown(r request) *wire.Error {
	var params wire.ShutdownParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	alive := a.machine.Alive()
	switch {
	case params.Tasks != "keep" && params.Tasks != "stop":
		return wire.Refuse(wire.CodeInvalid, "params", "tasks must be keep or stop")
	case params.OnlyIfIdle && alive > 0:
		return wire.Refuse(wire.CodeConflict, "tasks-run", "%d tasks run here", alive)
	case a.stopping != nil:
		return wire.Refuse(wire.CodeConflict, "agent-stops", "the agent is ending")
	}
	a.log.Line("agent asked to end tasks=%s alive=%d", params.Tasks, alive)
	a.stopping = &stopping{waitTasks: params.Tasks == "stop", flush: r.from, reply: r.from.reply(r.ID)}
	if params.Tasks == "stop" {
		var ids []string
		a.machine.EachAlive(func(record *task.Record) { ids = append(ids, record.ID) })
		for _, id := range ids {
			a.step(task.AskKill{TaskID: id, Reply: func(*wire.Error) {}})
		}
	}
	return nil
}

// end is an ordered end without a caller: a signal.
func (a *Agent) end() {
	if a.stopping == nil {
		a.log.Line("agent told to end by a signal")
		a.signalledAtMs = a.clock.WallMs()
		a.stopping = &stopping{answered: true}
		a.afterFlush(func() { a.stopping.answered = true })
	}
	a.stopping.waitTasks = false
}

// isOver moves a shutdown on, and tells whether the loop may end.
func (s *stopping) isOver(a *Agent) bool {
	if s.waitTasks && a.machine.Alive() > 0 {
		return false
	}
	if s.answered {
		return s.flush == nil
	}
	if s.reply != nil {
		reply := s.reply
		s.reply = nil
		a.afterFlush(func() {
			reply(nil)
			s.answered = true
			if s.flush != nil {
				s.flush.conn.EndAfterFlush("the agent ends")
			}
		})
	}
	return false
}

// finish ends what is left.
func (a *Agent) finish() {
	a.sampler.close()
	if a.holder != nil {
		a.holder.conn.End("the agent ends")
	}
	a.containers.Close(a.machine.Alive() > 0)
	a.launcher.Close()
	if a.machine.Alive() == 0 {
		a.launcher.AwaitShims(shimLimit)
		a.launcher.Cgroups.Sweep(func(string) bool { return false })
		a.launcher.Cgroups.Close()
	}
}
