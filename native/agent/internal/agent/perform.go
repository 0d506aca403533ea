package agent

import "mesolite/agent/internal/task"

// perform carries effects out, in order.
func (a *Agent) perform(effects []task.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case task.Persist:
			a.persist(e)
		case task.Prepare:
			a.prepare(e.Info)
		case task.Abandon:
			a.abandon(e.TaskID)
		case task.Start:
			a.pace.started(a.clock.MonoMs())
			a.queue.put(e)
		case task.Adopt:
			a.runnerOf(&e.Info).Adopt(e.Info, e.Run, e.SameBoot)
		case task.Kill:
			a.kill(e)
		case task.Release:
			if by := a.runnerByID(e.TaskID); by != nil {
				by.Acknowledge(e.TaskID, e.Run)
			}
		case task.Collect:
			if record := a.machine.Get(e.TaskID); record != nil {
				a.collect(record.Parsed)
			}
		case task.Head:
			a.updates.Head(e.TaskID, e.UUID, a.clock.MonoMs())
		case task.Answer:
			e.Reply(e.Error)
		case task.Ended:
			if fate, ok := a.fates[e.TaskID]; ok {
				close(fate.Ended)
				delete(a.fates, e.TaskID)
			}
			a.logsEnded(e.TaskID)
		case task.Remove:
			a.logs.Forget(e.Info.TaskID)
			a.remove(e.Info)
		}
	}
}

func (a *Agent) persist(e task.Persist) {
	then := e.Then
	for i, payload := range e.Entries {
		var after func()
		if i == len(e.Entries)-1 {
			after = func() { a.post(durable{then}) }
		}
		if err := a.journal.Append(payload, after); err != nil {
			a.log.Line("journal refused a record cause=%v", err)
			return
		}
	}
	if len(e.Entries) == 0 {
		_ = a.journal.Append(nil, func() { a.post(durable{then}) }) // only refused when the agent ends
	}
}
