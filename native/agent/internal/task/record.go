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
	PhasePreparing  = "preparing"  // on disk, its artifacts are being fetched
	PhaseAccepted   = "accepted"   // on disk, this run is not known to have begun
	PhaseRunning    = "running"    // a run was seen
	PhaseWaiting    = "waiting"    // a run ended, the next comes after its back-off
	PhaseCollecting = "collecting" // ended for good, its results are being listed
	PhaseEnded      = "ended"      // its exit is on disk
)

// Record is a task as kept in memory and in the journal. Times named Mono are ms since the boot BootID.
type Record struct {
	Info         json.RawMessage `json:"-"`
	Parsed       wire.TaskInfo   `json:"-"`
	ID           string          `json:"id"`
	Phase        string          `json:"phase"`
	BootID       string          `json:"bootId"`
	AcceptedAtMs int64           `json:"acceptedAtMs"`
	StartedAtMs  *int64          `json:"startedAtMs"` // of the first run
	EndedAtMs    *int64          `json:"endedAtMs"`
	Pid          int             `json:"pid"`
	StartTicks   int64           `json:"startTicks"`
	KillAsked    bool            `json:"killAsked"`
	// KillGraceMs is meant from the moment of the kill; after a restart of the agent it is given again in full.
	KillGraceMs int64       `json:"killGraceMs"`
	Status      wire.Status `json:"status"`
	// Unacked updates, oldest first.
	Unacked []wire.Status `json:"unacked"`

	// Run is the number of the newest run, from 0. It is on disk before that run begins, and never goes back.
	Run      int  `json:"run,omitempty"`
	InRow    int  `json:"inRow,omitempty"` // restarts without a good minute between
	Prepared bool `json:"prepared,omitempty"`
	// RunMonoMs is when this run was seen to begin; HealthyMonoMs when it was last found healthy again.
	RunMonoMs     int64 `json:"runMonoMs,omitempty"`
	HealthyMonoMs int64 `json:"healthyMonoMs,omitempty"`
	NextMonoMs    int64 `json:"nextMonoMs,omitempty"` // waiting: when the next run begins
	Life          *Life `json:"life,omitempty"`
	Doom          *Doom `json:"doom,omitempty"`
	// What the newest run was given and what its checks say; in every status of it.
	Gpus      []int                 `json:"gpus,omitempty"`
	Container *wire.ContainerStatus `json:"container,omitempty"`
	Healthy   *bool                 `json:"healthy,omitempty"`
	Ready     *bool                 `json:"ready,omitempty"`
	// Final is the last status, kept back until the results are listed.
	Final *wire.Status `json:"final,omitempty"`
}

// Life is the time a task has had since its first start, for maxCompletionMs: what was counted, and up to when. A
// reboot cannot make it go on by mistake: the time while the machine was off is not counted, nor what came after the
// last count (at most a sixteenth of maxCompletionMs).
type Life struct {
	CountedMs int64 `json:"countedMs"`
	UpToMs    int64 `json:"upToMs"` // since the boot BootID
}

// Doom is why a run is being ended, not by request.
type Doom struct {
	Reason string `json:"reason"`
	Words  string `json:"words"`
	Final  bool   `json:"final,omitempty"` // no further run
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
