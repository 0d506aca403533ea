package task

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

type namedEvent struct {
	name string
	make func(r *rig, run int) Event
}

func everyEvent() []namedEvent {
	grace := int64(0)
	return []namedEvent{
		{"launch", func(r *rig, _ int) Event { return Launch{Info: info("t-a"), Reply: r.reply()} }},
		{"kill", func(r *rig, _ int) Event { return AskKill{TaskID: "t-a", GraceMs: &grace, Reply: r.reply()} }},
		{"ack", func(r *rig, _ int) Event { return Ack{TaskID: "t-a", UUID: "nobody's", Reply: r.reply()} }},
		{"forget", func(r *rig, _ int) Event { return Forget{TaskID: "t-a", Reply: r.reply()} }},
		{"started", func(_ *rig, run int) Event {
			return News{launch.News{TaskID: "t-a", Run: run, Started: true, Pid: 1}}
		}},
		{"exit 0", func(_ *rig, run int) Event { return News{launch.News{TaskID: "t-a", Run: run, Exit: &launch.Exit{}}} }},
		{"exit 1", func(_ *rig, run int) Event {
			return News{launch.News{TaskID: "t-a", Run: run, Exit: &launch.Exit{Code: 1}}}
		}},
		{"never ran", func(_ *rig, run int) Event {
			return News{launch.News{TaskID: "t-a", Run: run, Exit: &launch.Exit{NeverRan: true}}}
		}},
		{"old news", func(_ *rig, run int) Event {
			return News{launch.News{TaskID: "t-a", Run: run - 1, Exit: &launch.Exit{}}}
		}},
		{"prepared", func(*rig, int) Event { return Prepared{TaskID: "t-a"} }},
		{"not prepared", func(*rig, int) Event { return Prepared{TaskID: "t-a", Problem: "no"} }},
		{"collected", func(*rig, int) Event { return Collected{TaskID: "t-a"} }},
		{"unhealthy", func(_ *rig, run int) Event { return Checked{TaskID: "t-a", Run: run, Kind: KindHealth, Words: "no"} }},
		{"ready", func(_ *rig, run int) Event {
			return Checked{TaskID: "t-a", Run: run, Kind: KindReadiness, Good: true}
		}},
		{"fail", func(_ *rig, run int) Event {
			return Fail{TaskID: "t-a", Run: run, Reason: wire.ReasonDiskLimit, Words: "full"}
		}},
		{"soon", func(r *rig, _ int) Event { r.env.MonoMs += 240; return Tick{} }},
		{"much later", func(r *rig, _ int) Event { r.env.MonoMs += 10_000_000; return Tick{} }},
		{"recover", func(*rig, int) Event { return Recover{} }},
	}
}

// reach brings task t-a into each phase.
func reach() map[string]func(r *rig) {
	return map[string]func(r *rig){
		PhasePreparing: func(*rig) {},
		PhaseAccepted:  func(r *rig) { r.step(Prepared{TaskID: "t-a"}) },
		PhaseRunning: func(r *rig) {
			r.step(Prepared{TaskID: "t-a"})
			r.started("t-a")
		},
		PhaseWaiting: func(r *rig) {
			r.step(Prepared{TaskID: "t-a"})
			r.started("t-a")
			r.exit("t-a", launch.Exit{Code: 1})
		},
		PhaseCollecting: func(r *rig) {
			r.step(Prepared{TaskID: "t-a"})
			r.started("t-a")
			r.exit("t-a", launch.Exit{})
		},
		PhaseEnded: func(r *rig) {
			r.step(Prepared{TaskID: "t-a"})
			r.started("t-a")
			r.exit("t-a", launch.Exit{})
			r.step(Collected{TaskID: "t-a"})
		},
	}
}

// afterEvent: only what changes the phase or does more than to answer is written down.
var afterEvent = map[string]string{
	"preparing kill": "collecting: Abandon {TaskID:t-a}, persist 1, Collect {TaskID:t-a}, persist 0, answer", "preparing prepared": "accepted: persist 1, start t-a",
	"preparing not prepared": "waiting: persist 1, head u1", "preparing recover": "preparing: prepare t-a",
	"accepted kill": "accepted: persist 1, answer", "accepted started": "running: persist 1, head u1",
	"accepted exit 0": "collecting: persist 1, release t-a, Collect {TaskID:t-a}", "accepted exit 1": "waiting: persist 1, release t-a, head u1",
	"accepted never ran": "accepted: start t-a", "accepted fail": "accepted: persist 1", "accepted recover": "accepted: adopt t-a true",
	"running kill": "running: persist 1, kill t-a 0, answer", "running exit 0": "collecting: persist 1, release t-a, Collect {TaskID:t-a}",
	"running exit 1": "waiting: persist 1, release t-a, head u1", "running never ran": "waiting: persist 1, release t-a, head u1",
	"running unhealthy": "running: persist 1, head u1, kill t-a 3000", "running ready": "running: persist 1, head u1",
	"running fail": "running: persist 1, kill t-a 3000", "running much later": "running: persist 1, kill t-a 3000", "running recover": "running: head u1, adopt t-a true",
	"waiting kill": "collecting: persist 1, Collect {TaskID:t-a}, persist 0, answer", "waiting soon": "accepted: persist 1, start t-a/1",
	"waiting much later": "collecting: persist 1, Collect {TaskID:t-a}", "waiting recover": "waiting: head u1",
	"collecting collected": "ended: persist 1, head u1, Ended {TaskID:t-a}", "collecting recover": "collecting: head u1, Collect {TaskID:t-a}",
	"ended recover": "ended: head u1",
}

var plainAnswers = map[string]string{"launch": "persist 0, answer", "kill": "answer", "ack": "answer", "forget": "refuse conflict task-runs"}

// Every pair of a phase and an event: what is done, and the phase after it.
func TestEveryEventInEveryPhase(t *testing.T) {
	for phase, arrive := range reach() {
		for _, event := range everyEvent() {
			t.Run(phase+", "+event.name, func(t *testing.T) { eventInPhase(t, phase, arrive, event) })
		}
	}
}

func eventInPhase(t *testing.T, phase string, arrive func(r *rig), event namedEvent) {
	r := newRig(t)
	r.add("t-a", artifact, onFailure, `"results":["*"]`, `"maxCompletionMs":1000000`, `"health":`+probeOf)
	arrive(r)
	if got := r.m.Get("t-a").Phase; got != phase {
		t.Fatalf("%s is not reached, but %s", phase, got)
	}
	before := words(r.m.Get("t-a"))
	done := r.step(event.make(r, 0))
	after := r.m.Get("t-a")
	wanted, known := afterEvent[phase+" "+event.name]
	if !known {
		wanted = phase + ": " + plainAnswers[event.name]
		if phase == PhaseEnded && event.name == "forget" {
			wanted = phase + ": refuse conflict update-unacknowledged"
		}
		if words(after) != before {
			t.Errorf("the record changed\nfrom %s\nto   %s", before, words(after))
		}
	}
	if got := fmt.Sprintf("%s: %s", after.Phase, strings.Join(done, ", ")); got != wanted {
		t.Errorf("\ngot  %s\nwant %s", got, wanted)
	}
	again := NewMachine()
	for _, payload := range r.journal {
		if err := again.Replay(payload); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(again.tasks, r.m.tasks) {
		t.Error("the journal tells another state")
	}
}

// A container may be pulled for minutes before it runs: its runner is told of a kill at once.
func TestAKillReachesAContainerThatDoesNotRunYet(t *testing.T) {
	r := newRig(t)
	r.add("t-a", `"container":{"engine":null,"image":"x","pull":"missing","volumes":[],"ports":[],"network":"none"}`)
	r.expect(r.step(AskKill{TaskID: "t-a", Reply: r.reply()}), "persist 1", "kill t-a 3000", "answer")
	own := &wire.ContainerStatus{Engine: wire.EngineDocker, ID: "c1", ImageID: "i1"}
	r.expect(r.step(News{launch.News{TaskID: "t-a", Started: true, Container: own}}), "persist 1", "head u1", "kill t-a 3000")
	r.exit("t-a", launch.Exit{Signal: 15})
	if status := r.m.Get("t-a").Status; status.State != wire.StateKilled || *status.Container != *own {
		t.Errorf("%+v", status)
	}
}
