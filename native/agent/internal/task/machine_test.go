package task

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// rig runs a machine with a journal that is durable at once.
type rig struct {
	t       *testing.T
	m       *Machine
	env     Env
	journal [][]byte
	done    []string // effects in words
	refusal *wire.Error
}

func newRig(t *testing.T) *rig {
	n := 0
	return &rig{t: t, m: NewMachine(), env: Env{
		NowMs: 1000, MonoMs: 500_000, BootID: "boot-1", Random: func(int64) int64 { return 0 }, CanRunAs: func(u *string) bool { return u == nil },
		Full: func() string { return "" },
		UUID: func() string { n++; return fmt.Sprintf("u%d", n) },
	}}
}

func (r *rig) step(e Event) []string {
	r.t.Helper()
	r.done = nil
	r.perform(r.m.Step(r.env, e))
	return r.done
}

func (r *rig) perform(effects []Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case Persist:
			r.journal = append(r.journal, e.Entries...)
			r.done = append(r.done, fmt.Sprintf("persist %d", len(e.Entries)))
			r.perform(e.Then)
		case Answer:
			e.Reply(e.Error)
		case Start:
			r.done = append(r.done, runName("start ", e.Info.TaskID, e.Run))
		case Adopt:
			r.done = append(r.done, runName("adopt ", e.Info.TaskID, e.Run)+fmt.Sprintf(" %v", e.SameBoot))
		case Kill:
			r.done = append(r.done, runName("kill ", e.TaskID, e.Run)+fmt.Sprintf(" %d", e.GraceMs))
		case Release:
			r.done = append(r.done, runName("release ", e.TaskID, e.Run))
		case Head:
			r.done = append(r.done, "head "+e.UUID)
		case Prepare:
			r.done = append(r.done, "prepare "+e.Info.TaskID)
		case Remove:
			r.done = append(r.done, "remove "+e.Info.TaskID)
		default:
			r.done = append(r.done, strings.TrimPrefix(fmt.Sprintf("%T %+v", e, e), "task."))
		}
	}
}

func runName(verb, id string, run int) string {
	if run == 0 {
		return verb + id
	}
	return fmt.Sprintf("%s%s/%d", verb, id, run)
}

func (r *rig) reply() Reply {
	return func(err *wire.Error) {
		r.refusal = err
		if err != nil {
			r.done = append(r.done, "refuse "+err.Code+" "+err.Reason)
			return
		}
		r.done = append(r.done, "answer")
	}
}

func info(id string) json.RawMessage {
	return json.RawMessage(`{"taskId":"` + id + `","name":"n","resources":{"cpusMilli":0,"memMib":0,"diskMib":0,"gpus":0,"ports":[]},` +
		`"command":{"shell":true,"value":"true","arguments":[],"environment":[],"workingFolder":null,"user":null},"killPolicy":{"graceMs":3000},"labels":[],"later":7}`)
}

func (r *rig) launch(id string) []string { return r.step(Launch{Info: info(id), Reply: r.reply()}) }
func (r *rig) started(id string) []string {
	return r.step(News{launch.News{TaskID: id, Started: true, Pid: 77, StartTicks: 5}})
}
func (r *rig) exit(id string, exit launch.Exit) []string {
	return r.step(News{launch.News{TaskID: id, Exit: &exit}})
}

func (r *rig) expect(got []string, want ...string) {
	r.t.Helper()
	if !reflect.DeepEqual(got, want) {
		r.t.Errorf("\ngot  %q\nwant %q", got, want)
	}
}

func TestOnDiskThenAnnouncedInEveryStep(t *testing.T) {
	r := newRig(t)
	r.expect(r.launch("t-a"), "persist 2", "answer", "start t-a")
	r.expect(r.started("t-a"), "persist 1", "head u1")
	r.expect(r.exit("t-a", launch.Exit{Code: 3, EndedAtMs: 1500}), "persist 1", "release t-a", "head u1", "Ended {TaskID:t-a}")
	r.expect(r.step(Ack{TaskID: "t-a", UUID: "u1", Reply: r.reply()}), "persist 1", "head u2", "answer")
	r.expect(r.step(Ack{TaskID: "t-a", UUID: "u1", Reply: r.reply()}), "answer")
	r.expect(r.step(Forget{TaskID: "t-a", Reply: r.reply()}), "refuse conflict update-unacknowledged")
	r.expect(r.step(Ack{TaskID: "t-a", UUID: "u2", Reply: r.reply()}), "persist 1", "head ", "answer")
	r.expect(r.step(Forget{TaskID: "t-a", Reply: r.reply()}), "persist 1", "remove t-a", "answer")
	r.expect(r.step(Forget{TaskID: "t-a", Reply: r.reply()}), "answer")
}

func TestLaunchIsRefusedWithWords(t *testing.T) {
	r := newRig(t)
	r.expect(r.step(Launch{Info: json.RawMessage(`{"taskId":"x"}`), Reply: r.reply()}), "refuse invalid task-info")
	user := strings.Replace(string(info("t-u")), `"user":null`, `"user":"bob"`, 1)
	r.expect(r.step(Launch{Info: json.RawMessage(user), Reply: r.reply()}), "refuse unsupported user-switch")
	r.env.Full = func() string { return "only 3 MiB are free" }
	r.expect(r.launch("t-full"), "refuse exhausted disk-full")
	r.env.Full = func() string { return "" }
	r.expect(r.step(AskKill{TaskID: "t-early", Reply: r.reply()}), "persist 1", "answer")
	r.expect(r.launch("t-early"), "refuse conflict killed-before-launch")
	r.expect(r.step(AskKill{TaskID: "../x", Reply: r.reply()}), "refuse invalid task-id")
	if r.m.Len() != 0 {
		t.Error("a refused task is held")
	}
}

func TestARepeatedLaunchGivesTheOldAnswerAndStartsNothing(t *testing.T) {
	r := newRig(t)
	r.launch("t-a")
	r.expect(r.launch("t-a"), "persist 0", "answer")
	r.exit("t-a", launch.Exit{})
	r.expect(r.launch("t-a"), "persist 0", "answer")
}

func TestKillInEveryPhase(t *testing.T) {
	r := newRig(t)
	grace := int64(500)
	r.launch("t-a")
	r.expect(r.step(AskKill{TaskID: "t-a", Reply: r.reply()}), "persist 1", "answer")
	r.expect(r.started("t-a"), "persist 1", "head u1", "kill t-a 3000")
	r.expect(r.step(AskKill{TaskID: "t-a", GraceMs: &grace, Reply: r.reply()}), "persist 1", "kill t-a 500", "answer")
	longer := int64(9000)
	r.expect(r.step(AskKill{TaskID: "t-a", GraceMs: &longer, Reply: r.reply()}), "persist 1", "kill t-a 500", "answer")
	r.exit("t-a", launch.Exit{Signal: 15})
	status := r.m.Get("t-a").Status
	if status.State != wire.StateKilled || status.Message != "killed on request: killed by signal 15 (TERM)" || *status.Signal != 15 || status.ExitCode != nil {
		t.Errorf("%+v", status)
	}
	r.expect(r.step(AskKill{TaskID: "t-a", Reply: r.reply()}), "answer")
}

func TestTerminalStates(t *testing.T) {
	cases := []struct {
		name, state, reason, message string
		exit                         launch.Exit
		kill, started                bool
		boot                         string
	}{
		{"finished", wire.StateFinished, "", "exited with code 0", launch.Exit{}, false, true, ""},
		{"failed", wire.StateFailed, "", "exited with code 255", launch.Exit{Code: 255}, false, true, ""},
		{"signal", wire.StateFailed, "", "killed by signal 6 (ABRT)", launch.Exit{Signal: 6}, false, true, ""},
		{"odd signal", wire.StateFailed, "", "killed by signal 40", launch.Exit{Signal: 40}, false, true, ""},
		{"oom", wire.StateFailed, wire.ReasonMemoryLimit, "out of memory: used 64 MiB of its limit of 64 MiB; killed by signal 9 (KILL)", launch.Exit{Signal: 9, Cgroup: cgroup.Outcome{OomKills: 1, OwnLimit: true, PeakMib: 64, LimitMib: 64}}, false, true, ""},
		{"killed, exit 0", wire.StateKilled, "", "killed on request: exited with code 0", launch.Exit{}, true, true, ""},
		{"cannot start", wire.StateFailed, wire.ReasonLaunchFailed, "cannot start: no space", launch.Exit{Step: 2, Words: "no space"}, false, false, ""},
		{"killed before start", wire.StateKilled, "", "cannot start: no space", launch.Exit{Step: 2, Words: "no space"}, true, false, ""},
		{"shim died", wire.StateFailed, wire.ReasonExecutorTerminated, "its shim was killed by someone, so what was left of it was ended and its exit status is unknown", launch.Exit{Unknown: true}, false, true, ""},
		{"shim died, kill asked", wire.StateKilled, "", "killed on request; its shim was killed too, so its exit status is unknown", launch.Exit{Unknown: true}, true, true, ""},
		{"reboot", wire.StateLost, wire.ReasonAgentRestarted, "lost: the machine was rebooted", launch.Exit{Unknown: true}, false, true, "boot-2"},
		{"reboot before start", wire.StateLost, wire.ReasonAgentRestarted, "lost: the machine was rebooted", launch.Exit{NeverRan: true}, false, false, "boot-2"},
		{"reboot, exit known", wire.StateFailed, "", "exited with code 2", launch.Exit{Code: 2}, false, true, "boot-2"},
	}
	for _, c := range cases {
		r := newRig(t)
		r.launch("t-a")
		if c.started {
			r.started("t-a")
		}
		if c.kill {
			r.step(AskKill{TaskID: "t-a", Reply: r.reply()})
		}
		if c.boot != "" {
			r.env.BootID = c.boot
		}
		r.exit("t-a", c.exit)
		status := r.m.Get("t-a").Status
		reason := ""
		if status.Reason != nil {
			reason = *status.Reason
		}
		if status.State != c.state || reason != c.reason || status.Message != c.message {
			t.Errorf("%s: %s %q %q", c.name, status.State, reason, status.Message)
		}
		before := r.m.Get("t-a").Status
		r.exit("t-a", launch.Exit{Code: 99})
		r.started("t-a")
		if !reflect.DeepEqual(before, r.m.Get("t-a").Status) {
			t.Errorf("%s: a terminal state changed", c.name)
		}
	}
}

func TestARecordSurvivesTheJournalWholeWithUnknownFields(t *testing.T) {
	r := newRig(t)
	r.launch("t-a")
	r.started("t-a")
	r.launch("t-b")
	r.step(AskKill{TaskID: "t-tomb", Reply: r.reply()})
	r.launch("t-c")
	r.exit("t-c", launch.Exit{})
	for _, uuid := range []string{"u2", "u3"} {
		r.step(Ack{TaskID: "t-c", UUID: uuid, Reply: r.reply()})
	}
	r.step(Forget{TaskID: "t-c", Reply: r.reply()})

	replayed := NewMachine()
	for _, payload := range r.journal {
		if err := replayed.Replay(payload); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(replayed.tasks, r.m.tasks) || !replayed.tombs["t-tomb"] {
		t.Errorf("\ngot  %+v\nwant %+v", replayed.tasks["t-a"], r.m.tasks["t-a"])
	}
	if !strings.Contains(string(replayed.Get("t-a").Info), `"later":7`) {
		t.Error("a field of a newer master was dropped")
	}
	compacted := NewMachine()
	r.m.Snapshot(func(payload []byte) {
		if err := compacted.Replay(payload); err != nil {
			t.Fatal(err)
		}
	})
	if !reflect.DeepEqual(compacted.tasks, r.m.tasks) || !compacted.tombs["t-tomb"] {
		t.Error("a snapshot is not the state")
	}
}

func TestA3_HalfALaunchIsNoTask(t *testing.T) {
	r := newRig(t)
	r.launch("t-a")
	entries := r.journal
	for kept, want := range []int{0, 0, 1} {
		m := NewMachine()
		replay := NewReplay(m)
		for _, payload := range entries[:kept] {
			if err := replay.Take(payload); err != nil {
				t.Fatal(err)
			}
		}
		if err := replay.Done(); err != nil || m.Len() != want {
			t.Errorf("%d of its records on disk: %d tasks, %v", kept, m.Len(), err)
		}
	}
}

func TestRecoverAdoptsWhatLivedAndAnnouncesWhatWaited(t *testing.T) {
	r := newRig(t)
	r.launch("t-a")
	r.launch("t-b")
	r.started("t-b")
	r.step(AskKill{TaskID: "t-b", Reply: r.reply()})
	r.launch("t-c")
	r.exit("t-c", launch.Exit{})
	r.expect(r.step(Recover{}), "adopt t-a true", "head u1", "adopt t-b true",
		"kill t-b 3000", "head u2")
	r.env.BootID = "boot-2"
	r.expect(r.step(Recover{}), "adopt t-a false", "head u1", "adopt t-b false", "head u2")
	r.env.BootID = "boot-1"
	// It was accepted, and the agent died before it could start it: now it starts.
	r.expect(r.exit("t-a", launch.Exit{NeverRan: true}), "start t-a")
	r.step(AskKill{TaskID: "t-a", Reply: r.reply()})
	r.exit("t-a", launch.Exit{NeverRan: true})
	if state := r.m.Get("t-a").Status.State; state != wire.StateKilled {
		t.Errorf("killed before it ran: %s", state)
	}
}

func TestATaskThatRanAndEndedUnseenIsToldAsBoth(t *testing.T) {
	r := newRig(t)
	r.launch("t-a")
	r.exit("t-a", launch.Exit{Code: 1, EndedAtMs: 500})
	record := r.m.Get("t-a")
	if len(record.Unacked) != 2 || record.Unacked[0].State != wire.StateRunning || record.Unacked[1].State != wire.StateFailed || *record.StartedAtMs > *record.EndedAtMs {
		t.Errorf("%+v", record)
	}
}

func TestPagesHoldEveryTaskOnce(t *testing.T) {
	r := newRig(t)
	for i := 0; i < 57; i++ {
		r.launch(fmt.Sprintf("t-%03d", i))
	}
	seen := map[string]bool{}
	after := ""
	for pages := 0; ; pages++ {
		tasks, more := r.m.Page(after, 50_000)
		for _, one := range tasks {
			if seen[one.Status.TaskID] {
				t.Fatalf("%s twice", one.Status.TaskID)
			}
			seen[one.Status.TaskID], after = true, one.Status.TaskID
		}
		if !more {
			if pages < 3 {
				t.Errorf("only %d pages", pages)
			}
			break
		}
	}
	if len(seen) != 57 {
		t.Errorf("%d of 57", len(seen))
	}
}

func TestTombsAreBounded(t *testing.T) {
	r := newRig(t)
	for i := 0; i < maxTombs+10; i++ {
		r.step(AskKill{TaskID: fmt.Sprintf("t-%d", i), Reply: r.reply()})
	}
	if len(r.m.tombs) != maxTombs || r.m.tombs["t-0"] || !r.m.tombs["t-10"] {
		t.Errorf("%d tombs", len(r.m.tombs))
	}
}

// A random walk: whatever comes, what is replayed equals what is held, terminal states stay, updates stay in order.
func TestRandomWalkKeepsTheInvariants(t *testing.T) {
	for seed := int64(1); seed <= 40; seed++ {
		r := newRig(t)
		random := rand.New(rand.NewSource(seed))
		terminal := map[string]string{}
		for i := 0; i < 300; i++ {
			id := fmt.Sprintf("t-%d", random.Intn(6))
			switch random.Intn(7) {
			case 0, 1:
				r.launch(id)
			case 2:
				r.started(id)
			case 3:
				r.exit(id, launch.Exit{Code: random.Intn(3), Signal: random.Intn(2) * 9, Unknown: random.Intn(5) == 0, NeverRan: random.Intn(6) == 0})
			case 4:
				r.step(AskKill{TaskID: id, Reply: r.reply()})
			case 5:
				if head := r.m.Head(id); head != nil {
					r.step(Ack{TaskID: id, UUID: *head.UUID, Reply: r.reply()})
				}
			case 6:
				r.step(Forget{TaskID: id, Reply: r.reply()})
				if r.m.Get(id) == nil {
					delete(terminal, id)
				}
			}
			for id, record := range r.m.tasks {
				if was, ended := terminal[id]; ended && was != record.Status.State {
					t.Fatalf("seed %d: %s changed from %s to %s", seed, id, was, record.Status.State)
				}
				if record.Phase == PhaseEnded {
					terminal[id] = record.Status.State
				}
				if n := len(record.Unacked); n > 2 || n == 2 && record.Unacked[0].State != wire.StateRunning {
					t.Fatalf("seed %d: %s has %+v", seed, id, record.Unacked)
				}
			}
		}
		replayed := NewMachine()
		for _, payload := range r.journal {
			if err := replayed.Replay(payload); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(replayed.tasks, r.m.tasks) {
			t.Fatalf("seed %d: the journal tells another state", seed)
		}
	}
}
