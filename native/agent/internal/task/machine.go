package task

import (
	"encoding/json"
	"fmt"
	"sort"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// maxTombs is how many kills of tasks that never came are remembered.
const maxTombs = 4096

// Env is what a step may know of the world.
type Env struct {
	NowMs  int64 // wall clock, for display
	BootID string
	UUID   func() string
	// CanRunAs tells whether a task may run as that user here.
	CanRunAs func(user *string) bool
	// Full tells why no new task can be taken now (disk), or nothing.
	Full func() string
}

// Reply answers a call: nil is success.
type Reply func(*wire.Error)

// Effects. The runner carries them out in order.
type (
	// Persist appends entries to the journal; Then is done when they are durable.
	Persist struct {
		Entries [][]byte
		Then    []Effect
	}
	// Start starts a task.
	Start struct{ Info wire.TaskInfo }
	// Adopt looks for the shim of a task. After a reboot its pids mean nothing.
	Adopt struct {
		TaskID   string
		SameBoot bool
	}
	// Kill asks the shim.
	Kill struct {
		TaskID  string
		GraceMs int64
	}
	// Release lets the shim go: its exit is durable.
	Release struct{ TaskID string }
	// Head sets the update that is to be sent; an empty UUID means none.
	Head struct{ TaskID, UUID string }
	// Answer calls Reply.
	Answer struct {
		Reply Reply
		Error *wire.Error
	}
	// Remove removes the folder of a task.
	Remove struct{ TaskID string }
	// Ended tells those who follow the task's log.
	Ended struct{ TaskID string }
)

// Effect is one of the above.
type Effect interface{}

// Events.
type (
	// Launch asks for a task.
	Launch struct {
		Info  json.RawMessage
		Reply Reply
	}
	// AskKill asks for its end. GraceMs nil: the task's own.
	AskKill struct {
		TaskID  string
		GraceMs *int64
		Reply   Reply
	}
	// Ack is the receipt of an update.
	Ack struct {
		TaskID, UUID string
		Reply        Reply
	}
	// Forget asks to remove an ended task.
	Forget struct {
		TaskID string
		Reply  Reply
	}
	// News comes from the launcher.
	News struct{ launch.News }
	// Recover is the first event: what the journal knew is looked at again.
	Recover struct{}
)

// Event is one of the above.
type Event interface{}

// Machine holds all tasks. It is owned by one goroutine.
type Machine struct {
	tasks map[string]*Record
	tombs map[string]bool
	order []string // of tombs, oldest first
}

// NewMachine is empty.
func NewMachine() *Machine {
	return &Machine{tasks: map[string]*Record{}, tombs: map[string]bool{}}
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
	case kindState:
		if record, ok := m.tasks[e.ID]; ok && e.State != nil {
			e.State.Info, e.State.Parsed = record.Info, record.Parsed
			*record = *e.State
		}
	case kindGone:
		delete(m.tasks, e.ID)
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
}

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
func (m *Machine) Get(id string) *Record { return m.tasks[id] }

// Len is the number of tasks held.
func (m *Machine) Len() int { return len(m.tasks) }

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
	for _, id := range m.ids() {
		if id <= after {
			continue
		}
		record := m.tasks[id]
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
		return m.kill(e)
	case Ack:
		return m.ack(e)
	case Forget:
		return m.forget(e)
	case News:
		return m.news(env, e.News)
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
	if _, known := m.tasks[id]; known {
		// A barrier: the first launch may still be on its way to the disk.
		return []Effect{Persist{Then: []Effect{answer(e.Reply, nil)}}}
	}
	switch {
	case m.tombs[id]:
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeConflict, "killed-before-launch", "task %s was killed before it was launched", id))}
	case !env.CanRunAs(info.Command.User):
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeUnsupported, "user-switch", "the agent does not run as root, so it cannot run a task as %s", *info.Command.User))}
	}
	if full := env.Full(); full != "" {
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeExhausted, "disk-full", "%s", full))}
	}
	record := &Record{
		Info: append(json.RawMessage(nil), e.Info...), Parsed: info, ID: id, Phase: PhaseAccepted, BootID: env.BootID,
		AcceptedAtMs: env.NowMs, Unacked: []wire.Status{},
		Status: wire.Status{TaskID: id, State: wire.StateStaging, Source: wire.SourceAgent, TimestampMs: env.NowMs},
	}
	m.tasks[id] = record
	entries := [][]byte{encode(entry{Kind: kindInfo, ID: id, Info: record.Info}), state(record)}
	return []Effect{Persist{Entries: entries, Then: []Effect{answer(e.Reply, nil), Start{Info: info}}}}
}

func state(r *Record) []byte { return encode(entry{Kind: kindState, ID: r.ID, State: r}) }

func (m *Machine) kill(e AskKill) []Effect {
	record, known := m.tasks[e.TaskID]
	if !known {
		if !wire.ValidTaskID(e.TaskID) {
			return []Effect{answer(e.Reply, wire.Refuse(wire.CodeInvalid, "task-id", "not a task id"))}
		}
		m.bury(e.TaskID)
		tomb := encode(entry{Kind: kindTomb, ID: e.TaskID})
		return []Effect{Persist{Entries: [][]byte{tomb}, Then: []Effect{answer(e.Reply, nil)}}}
	}
	if record.Phase == PhaseEnded {
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
	var then []Effect
	if record.Phase == PhaseRunning {
		then = append(then, Kill{TaskID: record.ID, GraceMs: grace})
	}
	return []Effect{Persist{Entries: [][]byte{state(record)}, Then: append(then, answer(e.Reply, nil))}}
}

func (m *Machine) ack(e Ack) []Effect {
	record, known := m.tasks[e.TaskID]
	if !known || len(record.Unacked) == 0 || record.Unacked[0].UUID == nil || *record.Unacked[0].UUID != e.UUID {
		return []Effect{answer(e.Reply, nil)} // a second receipt of the same update
	}
	record.Unacked = append([]wire.Status{}, record.Unacked[1:]...)
	// The next update may itself be on its way to the disk; the journal keeps the order.
	return []Effect{Persist{Entries: [][]byte{state(record)}, Then: []Effect{
		Head{TaskID: record.ID, UUID: headOf(record)}, answer(e.Reply, nil),
	}}}
}

func headOf(r *Record) string {
	if len(r.Unacked) == 0 || r.Unacked[0].UUID == nil {
		return ""
	}
	return *r.Unacked[0].UUID
}

func (m *Machine) forget(e Forget) []Effect {
	record, known := m.tasks[e.TaskID]
	switch {
	case !known:
		return []Effect{answer(e.Reply, nil)}
	case record.Phase != PhaseEnded:
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeConflict, "task-runs", "task %s has not ended", e.TaskID))}
	case len(record.Unacked) > 0:
		return []Effect{answer(e.Reply, wire.Refuse(wire.CodeConflict, "update-unacknowledged", "the last update of task %s was not acknowledged", e.TaskID))}
	}
	delete(m.tasks, e.TaskID)
	gone := encode(entry{Kind: kindGone, ID: e.TaskID})
	return []Effect{Persist{Entries: [][]byte{gone}, Then: []Effect{Remove{TaskID: e.TaskID}, answer(e.Reply, nil)}}}
}
