package task

import (
	"encoding/json"
	"fmt"
	"sort"

	"mesolite/agent/internal/wire"
)

// maxTombs is how many kills of tasks that never came are remembered.
const maxTombs = 4096

// Machine holds all tasks. It is owned by one goroutine.
type Machine struct {
	tasks  map[string]*Record
	atRest map[string]rest // the other tasks, which have ended: nothing of them changes
	tombs  map[string]bool
	order  []string // of tombs, oldest first
	due    timers
}

// NewMachine is empty.
func NewMachine() *Machine {
	return &Machine{tasks: map[string]*Record{}, atRest: map[string]rest{}, tombs: map[string]bool{}, due: timers{at: map[string]int64{}}}
}

// Replay takes one journal entry.
func (m *Machine) Replay(payload []byte) error {
	var e entry
	if err := json.Unmarshal(payload, &e); err != nil {
		return fmt.Errorf("journal entry: %w", err)
	}
	switch e.Kind {
	case kindInfo:
		record := &Record{Info: append(json.RawMessage(nil), e.Info...), ID: e.ID}
		if err := json.Unmarshal(e.Info, &record.Parsed); err != nil {
			return fmt.Errorf("task %s: %w", e.ID, err)
		}
		m.tasks[e.ID] = record
		delete(m.atRest, e.ID)
	case kindState:
		if record, ok := m.find(e.ID); ok && e.State != nil {
			e.State.Info, e.State.Parsed = record.Info, record.Parsed
			*record = *e.State
			record.Parsed.GpuIndexes = record.Gpus
		}
	case kindGone:
		delete(m.tasks, e.ID)
		delete(m.atRest, e.ID)
	case kindTomb:
		m.bury(e.ID)
	}
	return nil
}

// Snapshot gives every entry needed to rebuild the machine.
func (m *Machine) Snapshot(put func(payload []byte)) {
	for _, id := range m.order {
		put(encode(entry{Kind: kindTomb, ID: id}))
	}
	for _, id := range m.ids() {
		record := m.tasks[id]
		put(encode(entry{Kind: kindInfo, ID: id, Info: record.Info}))
		put(encode(entry{Kind: kindState, ID: id, State: record}))
	}
	for _, r := range m.atRest {
		put(r.info)
		put(r.state)
	}
}

// ids are those of the tasks that are not at rest.
func (m *Machine) ids() []string {
	ids := make([]string, 0, len(m.tasks))
	for id := range m.tasks {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

func (m *Machine) bury(id string) {
	if m.tombs[id] {
		return
	}
	m.tombs[id] = true
	m.order = append(m.order, id)
	if len(m.order) > maxTombs {
		delete(m.tombs, m.order[0])
		m.order = m.order[1:]
	}
}

// Get gives a task, or nil.
func (m *Machine) Get(id string) *Record {
	record, _ := m.find(id)
	return record
}

// Len is the number of tasks held.
func (m *Machine) Len() int { return len(m.tasks) + len(m.atRest) }

// Alive is the number of tasks that have not ended.
func (m *Machine) Alive() int {
	n := 0
	for _, r := range m.tasks {
		if r.Phase != PhaseEnded {
			n++
		}
	}
	return n
}

// EachAlive visits tasks that have not ended.
func (m *Machine) EachAlive(visit func(*Record)) {
	for _, id := range m.ids() {
		if r := m.tasks[id]; r.Phase != PhaseEnded {
			visit(r)
		}
	}
}

// Page gives tasks after an id, in order, as long as their encoded size stays within limit (at least one is given).
func (m *Machine) Page(after string, limit int) (tasks []wire.AgentTask, more bool) {
	tasks = []wire.AgentTask{}
	size := 0
	for _, id := range m.all() {
		if id <= after {
			continue
		}
		record := m.Look(id)
		const statusBytes = 4096 + 512
		if size += len(record.Info) + statusBytes; size > limit && len(tasks) > 0 {
			return tasks, true
		}
		tasks = append(tasks, record.View())
	}
	return tasks, false
}

// Head is the update of a task that is to be sent, or nil.
func (m *Machine) Head(id string) *wire.Status {
	if r := m.tasks[id]; r != nil && len(r.Unacked) > 0 {
		return &r.Unacked[0]
	}
	return nil
}

// Step takes one event.
func (m *Machine) Step(env Env, event Event) []Effect {
	switch e := event.(type) {
	case Launch:
		return m.launch(env, e)
	case AskKill:
		return m.kill(env, e)
	case Ack:
		return m.ack(env, e)
	case Forget:
		return m.forget(e)
	case News:
		return m.news(env, e.News)
	case Prepared:
		return m.prepared(env, e)
	case Collected:
		return m.collected(env, e)
	case Checked:
		return m.checked(env, e)
	case Fail:
		return m.fail(env, e)
	case Tick:
		return m.tick(env)
	case Recover:
		return m.recover(env)
	}
	panic(fmt.Sprintf("task: unknown event %T", event))
}

func answer(reply Reply, err *wire.Error) Effect { return Answer{Reply: reply, Error: err} }

func (m *Machine) launch(env Env, e Launch) []Effect {
	info, refusal := wire.ParseTaskInfo(e.Info)
	if refusal != nil {
		return []Effect{answer(e.Reply, refusal)}
	}
	id := info.TaskID
	if m.knows(id) {
		// A barrier: the first launch may still be on its way to the disk.
		return []Effect{Persist{Then: []Effect{answer(e.Reply, nil)}}}
	}
	switch {
	case m.tombs[id]:
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeConflict, "killed-before-launch", "task %s was killed before it was launched", id))}
	case info.Container == nil && !env.CanRunAs(info.Command.User): // in a container it is a user of the image
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeUnsupported, "user-switch", "the agent does not run as root, so it cannot run a task as %s", *info.Command.User))}
	}
	if env.Admit != nil {
		if refusal := env.Admit(&info); refusal != nil {
			return []Effect{answer(e.Reply, refusal)}
		}
	}
	if full := env.Full(); full != "" {
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeExhausted, "disk-full", "%s", full))}
	}
	gpus, refusal := m.giveGpus(env, info.Resources.Gpus)
	if refusal != nil {
		return []Effect{answer(e.Reply, refusal)}
	}
	info.GpuIndexes = gpus
	record := &Record{
		Gpus: gpus,
		Info: append(json.RawMessage(nil), e.Info...), Parsed: info, ID: id, Phase: PhaseAccepted, BootID: env.BootID,
		AcceptedAtMs: env.NowMs, Unacked: []wire.Status{},
		Status: wire.Status{TaskID: id, State: wire.StateStaging, Source: wire.SourceAgent, TimestampMs: env.NowMs},
	}
	m.tasks[id] = record
	first := begin(record)
	entries := [][]byte{encode(entry{Kind: kindInfo, ID: id, Info: record.Info}), m.keep(env, record)}
	return []Effect{Persist{Entries: entries, Then: []Effect{answer(e.Reply, nil), first}}}
}

// begin is the first thing to do for the newest run: a task that has not got its artifacts yet gets them.
func begin(r *Record) Effect {
	if len(r.Parsed.Artifacts) > 0 && !r.Prepared {
		r.Phase = PhasePreparing
		return Prepare{Info: r.Parsed}
	}
	r.Phase = PhaseAccepted
	return Start{Info: r.Parsed, Run: r.Run}
}

// prepared goes on to the start once everything is in the sandbox.
func (m *Machine) prepared(env Env, e Prepared) []Effect {
	record, known := m.find(e.TaskID)
	if !known || record.Phase != PhasePreparing {
		return nil // killed meanwhile, or an answer that came twice
	}
	if e.Problem != "" {
		return m.ended(env, record, cannotPrepare(env, e.Problem))
	}
	record.Prepared = true
	start := begin(record)
	return m.persist(env, record, start)
}
