package task

import (
	"encoding/json"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// Env is what a step may know of the world.
type Env struct {
	NowMs int64 // wall clock, for display
	// MonoMs is ms since the boot: every wait is measured in it, so a clock that is set changes none, and within one
	// boot it means the same to the next agent.
	MonoMs int64
	BootID string
	UUID   func() string
	// Random gives 0 to below-1.
	Random func(below int64) int64
	// CanRunAs tells whether a task may run as that user here.
	CanRunAs func(user *string) bool
	// Admit tells why a task cannot be taken here (a missing artifact, no such engine); nil admits all.
	Admit func(info *wire.TaskInfo) *wire.Error
	// Gpus are the devices that may be given to tasks; nil has none.
	Gpus func() []int
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
	// Prepare brings the artifacts of a task into its sandbox, and is answered by Prepared. It may come twice for one
	// task (after a restart of the agent), and is only used when there are artifacts.
	Prepare struct{ Info wire.TaskInfo }
	// Abandon says that what Prepare does is wanted no more. A late Prepared is ignored.
	Abandon struct{ TaskID string }
	// Start starts a run of a task.
	Start struct {
		Info wire.TaskInfo
		Run  int
	}
	// Adopt looks for a run that an agent before us started. After a reboot its pids mean nothing.
	Adopt struct {
		Info     wire.TaskInfo
		Run      int
		SameBoot bool
	}
	// Kill ends a run: TERM, and KILL after the grace.
	Kill struct {
		TaskID  string
		Run     int
		GraceMs int64
	}
	// Release lets what watched a run go: its exit is durable.
	Release struct {
		TaskID string
		Run    int
	}
	// Collect lists the results of a task that ended for good, and is answered by Collected. It may come twice for one
	// task, and is only used when results are asked for.
	Collect struct{ TaskID string }
	// Head sets the update that is to be sent; an empty UUID means none.
	Head struct{ TaskID, UUID string }
	// Answer calls Reply.
	Answer struct {
		Reply Reply
		Error *wire.Error
	}
	// Remove removes the folder of a task, and what its runner keeps of it.
	Remove struct{ Info wire.TaskInfo }
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
	// News comes from what runs the task.
	News struct{ launch.News }
	// Prepared answers Prepare. Problem is empty when all is there, else it says in words what is not.
	Prepared struct{ TaskID, Problem string }
	// Collected answers Collect.
	Collected struct{ TaskID string }
	// Checked is an answer of a check: Kind is KindHealth or KindReadiness. One that says nothing new is ignored.
	Checked struct {
		TaskID string
		Run    int
		Kind   string
		Good   bool
		Words  string // when it is not good: why
	}
	// Fail condemns a run for a reason of Mesos (a disk limit): it is ended by the kill policy and counts as a failure.
	Fail struct {
		TaskID string
		Run    int
		Reason string
		Words  string
		Final  bool // no further run: it would meet the same
	}
	// Tick says that time has passed: NextMs is the time to come again.
	Tick struct{}
	// Recover is the first event: what the journal knew is looked at again.
	Recover struct{}
)

// Event is one of the above.
type Event interface{}

// Kinds of checks.
const (
	KindHealth    = "health"
	KindReadiness = "readiness"
)
