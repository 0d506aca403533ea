// Package task is the state machine of all tasks of an agent: Step(event) gives effects, and does nothing itself. The
// order "on disk, then announced" is in the effects: Persist carries what may be done once it is durable. It may
// import wire and launch (for the words of an exit).
package task

import (
	"encoding/json"

	"mesolite/agent/internal/wire"
)

// Phases of a task.
const (
	PhaseAccepted = "accepted" // on disk, not known to run
	PhaseRunning  = "running"
	PhaseEnded    = "ended" // its exit is on disk
)

// Record is a task as kept in memory and in the journal.
type Record struct {
	Info         json.RawMessage `json:"-"`
	Parsed       wire.TaskInfo   `json:"-"`
	ID           string          `json:"id"`
	Phase        string          `json:"phase"`
	BootID       string          `json:"bootId"`
	AcceptedAtMs int64           `json:"acceptedAtMs"`
	StartedAtMs  *int64          `json:"startedAtMs"`
	EndedAtMs    *int64          `json:"endedAtMs"`
	Pid          int             `json:"pid"`
	StartTicks   int64           `json:"startTicks"`
	KillAsked    bool            `json:"killAsked"`
	// KillGraceMs is meant from the moment of the kill; after a restart of the agent it is given again in full.
	KillGraceMs int64       `json:"killGraceMs"`
	Status      wire.Status `json:"status"`
	// Unacked updates, oldest first.
	Unacked []wire.Status `json:"unacked"`
}

// View is the task as told to the master.
func (r *Record) View() wire.AgentTask {
	return wire.AgentTask{Info: r.Info, Status: r.Status, StartedAtMs: r.StartedAtMs, EndedAtMs: r.EndedAtMs}
}

// Kinds of journal entries.
const (
	kindInfo  = "info"
	kindState = "state"
	kindGone  = "gone"
	kindTomb  = "tomb"
)

// entry is one record of the journal. Unknown kinds (of a newer agent) are skipped.
type entry struct {
	Kind  string          `json:"k"`
	ID    string          `json:"id"`
	Info  json.RawMessage `json:"info,omitempty"`
	State *Record         `json:"state,omitempty"`
}

func encode(e entry) []byte {
	data, err := wire.Encode(e)
	if err != nil {
		panic("task: journal entry does not encode: " + err.Error()) // only raw JSON that was parsed before
	}
	return data
}
