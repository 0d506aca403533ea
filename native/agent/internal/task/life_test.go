package task

import (
	"encoding/json"
	"strings"
	"testing"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// plus gives the task of info() with more fields.
func plus(t *testing.T, id string, fields ...string) json.RawMessage {
	t.Helper()
	text := strings.TrimSuffix(string(info(id)), "}")
	return json.RawMessage(text + "," + strings.Join(fields, ",") + "}")
}

const (
	onFailure = `"restart":{"on":"failure","maxInRow":null}`
	probeOf   = `{"probe":{"kind":"tcp","port":80},"delayMs":0,"intervalMs":100,"timeoutMs":100,"failures":1,"graceMs":0}`
	artifact  = `"artifacts":[{"url":"http://x/y","sha256":null,"path":"y","extract":false,"executable":false}]`
)

func (r *rig) add(id string, fields ...string) *Record {
	r.t.Helper()
	r.step(Launch{Info: plus(r.t, id, fields...), Reply: r.reply()})
	if r.refusal != nil {
		r.t.Fatalf("%s: %s", id, r.refusal.Detail)
	}
	return r.m.Get(id)
}

// pass lets time go by, and does what is due.
func (r *rig) pass(ms int64) []string {
	r.t.Helper()
	r.env.MonoMs += ms
	r.env.NowMs += ms
	return r.step(Tick{})
}

// crash takes the agent away; what the journal knows is given to the next.
func (r *rig) crash() []string {
	r.t.Helper()
	r.m = NewMachine()
	for _, payload := range r.journal {
		if err := r.m.Replay(payload); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.step(Recover{})
}

func (r *rig) run(id string, run int, exit launch.Exit) []string {
	r.step(News{launch.News{TaskID: id, Run: run, Started: true, Pid: 77}})
	return r.step(News{launch.News{TaskID: id, Run: run, Exit: &exit}})
}

func TestP5RestartAfterFailureWaitsAndDoublesAndBeginsAgainAfterAGoodMinute(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure)
	r.expect(r.run("t-a", 0, launch.Exit{Code: 3}), "persist 1", "release t-a", "head u1")
	status := r.m.Get("t-a").Status
	if status.State != wire.StateStarting || *status.Restarts != 0 || *status.NextStartAtMs != r.env.NowMs+240 || *status.ExitCode != 3 || status.Message != "exited with code 3" {
		t.Errorf("%+v", status)
	}
	r.expect(r.pass(239))
	r.expect(r.pass(1), "persist 1", "start t-a/1")
	for run, wait := range []int64{480, 960, 1920, 3840, 7680, 15360, 30720, 57600, 57600} {
		r.run("t-a", run+1, launch.Exit{Signal: 9})
		if next, any := r.m.NextMs(); !any || next-r.env.MonoMs != wait {
			t.Errorf("after run %d: %d ms, not %d", run+1, next-r.env.MonoMs, wait)
		}
		if got := r.pass(wait); len(got) != 2 {
			t.Fatalf("after run %d: %q", run+1, got)
		}
	}
	r.step(News{launch.News{TaskID: "t-a", Run: 10, Started: true}})
	r.pass(GoodMs)
	r.step(News{launch.News{TaskID: "t-a", Run: 10, Exit: &launch.Exit{Code: 1}}})
	if next, _ := r.m.NextMs(); next-r.env.MonoMs != 240 {
		t.Errorf("after a good minute: %d ms", next-r.env.MonoMs)
	}
	// The jitter only shortens, by a quarter at most.
	for _, pick := range []int64{0, 105, 210} {
		env := Env{Random: func(below int64) int64 {
			if below != 211 {
				t.Errorf("below %d", below)
			}
			return pick
		}}
		if wait := backOff(env, 0); wait < 187 || wait > 240 {
			t.Errorf("%d ms", wait)
		}
		if wait := backOff(env, 100); wait < 45_000 || wait > 57_600 {
			t.Errorf("%d ms", wait)
		}
	}
}

func TestWhetherAnEndIsFollowedByAnotherRun(t *testing.T) {
	failed, done, cannot := launch.Exit{Code: 1}, launch.Exit{}, launch.Exit{Step: 2, Words: "no"}
	cases := []struct {
		policy string
		exit   launch.Exit
		kill   bool
		state  string
	}{
		{"", failed, false, wire.StateFailed},
		{"never", failed, false, wire.StateFailed},
		{"failure", failed, false, wire.StateStarting},
		{"failure", done, false, wire.StateFinished},
		{"failure", cannot, false, wire.StateStarting},
		{"failure", launch.Exit{Unknown: true}, false, wire.StateStarting},
		{"failure", failed, true, wire.StateKilled},
		{"always", done, false, wire.StateStarting},
		{"always", done, true, wire.StateKilled},
		{"always", failed, true, wire.StateKilled},
	}
	for i, c := range cases {
		r := newRig(t)
		fields := []string{`"x":1`}
		if c.policy != "" {
			fields = append(fields, `"restart":{"on":"`+c.policy+`","maxInRow":null}`)
		}
		r.add("t-a", fields...)
		if c.exit.Step == 0 {
			r.started("t-a")
		}
		if c.kill {
			r.step(AskKill{TaskID: "t-a", Reply: r.reply()})
		}
		r.exit("t-a", c.exit)
		if state := r.m.Get("t-a").Status.State; state != c.state {
			t.Errorf("%d %s: %s, not %s", i, c.policy, state, c.state)
		}
	}
}

func TestATaskIsGivenUpAfterMaxInRow(t *testing.T) {
	r := newRig(t)
	r.add("t-a", `"restart":{"on":"failure","maxInRow":2}`)
	for run := 0; run < 2; run++ {
		r.run("t-a", run, launch.Exit{Code: 1})
		r.pass(60_000)
	}
	r.run("t-a", 2, launch.Exit{Code: 1})
	status := r.m.Get("t-a").Status
	if status.State != wire.StateFailed || status.Message != "exited with code 1; given up after 2 restarts" || *status.Restarts != 2 {
		t.Errorf("%+v", status)
	}
	if _, any := r.m.NextMs(); any {
		t.Error("something is due for a task that ended")
	}
}

func TestAKillBetweenTwoRunsEndsTheTaskAtOnce(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure)
	r.run("t-a", 0, launch.Exit{Code: 1})
	r.expect(r.step(AskKill{TaskID: "t-a", Reply: r.reply()}), "persist 1", "head u1", "Ended {TaskID:t-a}", "persist 0", "answer")
	if status := r.m.Get("t-a").Status; status.State != wire.StateKilled || status.Message != "killed on request between two runs" {
		t.Errorf("%+v", status)
	}
	r.expect(r.pass(100_000))
}

func TestTheNextAgentGoesOnWithTheBackOffWhereItWas(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure)
	r.run("t-a", 0, launch.Exit{Code: 1})
	r.env.MonoMs += 100
	r.expect(r.crash(), "head u1")
	r.expect(r.pass(139))
	r.expect(r.pass(1), "persist 1", "start t-a/1")
	// The start was on disk, but nobody carried it out: the same run, not another.
	r.expect(r.crash(), "head u1", "adopt t-a/1 true")
	r.expect(r.step(News{launch.News{TaskID: "t-a", Run: 0, Exit: &launch.Exit{Code: 1}}}))
	r.expect(r.step(News{launch.News{TaskID: "t-a", Run: 1, Exit: &launch.Exit{NeverRan: true}}}), "start t-a/1")
}

func TestARebootIsNotTheTasksOwnEnd(t *testing.T) {
	r := newRig(t)
	r.add("t-a", `"restart":{"on":"failure","maxInRow":1}`)
	r.started("t-a")
	r.add("t-b", onFailure)
	r.run("t-b", 0, launch.Exit{Code: 1})
	r.add("t-c", onFailure)
	r.started("t-c")
	r.step(AskKill{TaskID: "t-c", Reply: r.reply()})
	r.add("t-d", onFailure)
	r.started("t-d")
	r.env.BootID, r.env.MonoMs = "boot-2", 50
	r.expect(r.crash(), "head u1", "adopt t-a false", "head u2", "persist 1", "head u4", "adopt t-c false", "head u5", "adopt t-d false")
	r.expect(r.step(Tick{}), "persist 1", "start t-b/1") // it waited: at once
	unknown := func(id string) []string {
		return r.step(News{launch.News{TaskID: id, Exit: &launch.Exit{Unknown: true}}})
	}
	r.expect(unknown("t-a"), "persist 1", "release t-a", "head u1")
	status := r.m.Get("t-a").Status
	if status.State != wire.StateStarting || *status.Reason != wire.ReasonAgentRestarted || status.Message != "the machine was rebooted" {
		t.Errorf("%+v", status)
	}
	r.expect(r.step(Tick{}), "persist 1", "start t-a/1")
	if r.m.Get("t-a").InRow != 0 {
		t.Error("a reboot counts for maxInRow")
	}
	unknown("t-c")
	if status := r.m.Get("t-c").Status; status.State != wire.StateKilled {
		t.Errorf("killed before the reboot: %+v", status)
	}
	// Its exit was on disk before the reboot: that is its own end.
	r.step(News{launch.News{TaskID: "t-d", Exit: &launch.Exit{Code: 5}}})
	if status := r.m.Get("t-d").Status; status.State != wire.StateStarting || *status.ExitCode != 5 || *status.NextStartAtMs != r.env.NowMs+240 {
		t.Errorf("%+v", status)
	}
	r.expect(r.pass(240), "persist 1", "start t-d/1")
}

func TestTheTimeToBeDoneCountsRestartsAgentsAndReboots(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure, `"maxCompletionMs":1000000`)
	r.env.MonoMs += 500_000 // before the start nothing is counted
	r.run("t-a", 0, launch.Exit{Code: 1})
	r.pass(240)
	r.step(News{launch.News{TaskID: "t-a", Run: 1, Started: true}})
	for i := 0; i < 8; i++ {
		r.expect(r.pass(62_500), "persist 1") // what was counted goes to the disk
	}
	r.crash()
	r.pass(60_000)
	r.env.BootID, r.env.MonoMs = "boot-2", 20
	r.crash()
	if _, any := r.m.NextMs(); any {
		t.Error("times of another boot are taken for times of this one")
	}
	r.step(News{launch.News{TaskID: "t-a", Run: 1, Exit: &launch.Exit{Unknown: true}}})
	r.step(Tick{})
	r.step(News{launch.News{TaskID: "t-a", Run: 2, Started: true}})
	if counted := r.m.Get("t-a").Life.CountedMs; counted != 500_240 {
		t.Errorf("%d ms counted: the last 60 s were not on disk yet, the rest was", counted)
	}
	for r.m.Get("t-a").Doom == nil {
		r.pass(1000)
	}
	r.expect(r.done, "persist 1", "kill t-a/2 3000")
	if up := r.env.MonoMs - 20; up != 500_000 {
		t.Errorf("ended %d ms after the reboot", up)
	}
	r.step(Checked{TaskID: "t-a", Run: 2, Kind: KindHealth, Good: true})
	r.step(News{launch.News{TaskID: "t-a", Run: 2, Exit: &launch.Exit{}}})
	status := r.m.Get("t-a").Status
	if status.State != wire.StateFailed || *status.Reason != wire.ReasonMaxCompletionTime || status.Message != "not done within 1000 s; exited with code 0" {
		t.Errorf("%+v", status)
	}
	// Between two runs it ends without another word.
	r.add("t-b", onFailure, `"maxCompletionMs":300`)
	r.run("t-b", 0, launch.Exit{Code: 1})
	r.pass(240)
	r.run("t-b", 1, launch.Exit{Code: 1})
	r.pass(60)
	if status := r.m.Get("t-b").Status; status.State != wire.StateFailed || *status.Reason != wire.ReasonMaxCompletionTime || status.Message != "not done within 300 ms" {
		t.Errorf("%+v", status)
	}
	// A kill that was asked for explains the end before the time does.
	r.add("t-c", `"maxCompletionMs":300`)
	r.started("t-c")
	r.pass(300)
	r.step(AskKill{TaskID: "t-c", Reply: r.reply()})
	r.exit("t-c", launch.Exit{Signal: 15})
	if status := r.m.Get("t-c").Status; status.State != wire.StateKilled {
		t.Errorf("%+v", status)
	}
}

func TestSpansInWords(t *testing.T) {
	for ms, want := range map[int64]string{7_200_000: "2 h", 90_000: "90 s", 120_000: "2 min", 1500: "1500 ms"} {
		if got := span(ms); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestChecksAreToldWhenTheyChangeAndUnhealthyEndsTheRun(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure, `"health":`+probeOf, `"readiness":`+probeOf)
	tell := func(run int, kind string, good bool) []string {
		return r.step(Checked{TaskID: "t-a", Run: run, Kind: kind, Good: good, Words: "exit 1 twice in a row"})
	}
	r.expect(tell(0, KindHealth, true)) // before it runs
	r.started("t-a")
	r.expect(tell(0, KindReadiness, false), "persist 1", "head u1")
	r.expect(tell(0, KindReadiness, false))
	r.expect(tell(0, KindReadiness, true), "persist 1", "head u1")
	r.expect(tell(0, KindHealth, true), "persist 1", "head u1")
	r.expect(tell(1, KindHealth, false))
	r.pass(GoodMs)
	r.expect(tell(0, KindHealth, false), "persist 1", "head u1", "kill t-a 3000")
	status := r.m.Get("t-a").Status
	if status.State != wire.StateRunning || *status.Healthy || !*status.Ready || *status.Reason != wire.ReasonHealthCheck || status.Message != "unhealthy: exit 1 twice in a row" {
		t.Errorf("%+v", status)
	}
	r.expect(tell(0, KindHealth, true)) // too late
	r.expect(r.crash(), "head u1", "adopt t-a true", "kill t-a 3000")
	r.exit("t-a", launch.Exit{Signal: 15})
	status = r.m.Get("t-a").Status
	if status.State != wire.StateStarting || status.Message != "unhealthy: exit 1 twice in a row; killed by signal 15 (TERM)" || *status.Reason != wire.ReasonHealthCheck || status.Healthy != nil {
		t.Errorf("%+v", status)
	}
	r.pass(240)
	r.step(News{launch.News{TaskID: "t-a", Run: 1, Started: true}})
	r.pass(GoodMs) // it runs, but nobody found it healthy
	r.step(News{launch.News{TaskID: "t-a", Run: 1, Exit: &launch.Exit{Code: 1}}})
	if next, _ := r.m.NextMs(); next-r.env.MonoMs != 480 {
		t.Errorf("a minute without health begins the back-off again: %d ms", next-r.env.MonoMs)
	}
}

func TestARunThatFailsForAReasonOfTheMachineSaysSo(t *testing.T) {
	r := newRig(t)
	r.add("t-a", `"x":1`)
	r.started("t-a")
	r.expect(r.step(Fail{TaskID: "t-a", Run: 1, Reason: wire.ReasonDiskLimit, Words: "x"}))
	r.expect(r.step(Fail{TaskID: "t-a", Reason: wire.ReasonDiskLimit, Words: "its sandbox holds 12 MiB of 10"}), "persist 1", "kill t-a 3000")
	r.exit("t-a", launch.Exit{Code: 0})
	if status := r.m.Get("t-a").Status; status.State != wire.StateFailed || *status.Reason != wire.ReasonDiskLimit || status.Message != "its sandbox holds 12 MiB of 10; exited with code 0" {
		t.Errorf("%+v", status)
	}
}

func TestTheMemoryOfARunIsTold(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure)
	r.run("t-a", 0, launch.Exit{Signal: 9, Cgroup: cgroup.Outcome{OomKills: 1, OwnLimit: true, PeakMib: 64, LimitMib: 64}})
	if status := r.m.Get("t-a").Status; status.State != wire.StateStarting || *status.PeakMemMib != 64 || *status.LimitMemMib != 64 || *status.Reason != wire.ReasonMemoryLimit {
		t.Errorf("%+v", status)
	}
}

func TestArtifactsComeBeforeTheStartAndResultsBeforeTheEnd(t *testing.T) {
	r := newRig(t)
	r.expect(r.step(Launch{Info: plus(t, "t-a", artifact, `"results":["*"]`), Reply: r.reply()}), "persist 2", "answer", "prepare t-a")
	r.expect(r.crash(), "prepare t-a")
	r.expect(r.step(Prepared{TaskID: "t-a"}), "persist 1", "start t-a")
	r.expect(r.step(Prepared{TaskID: "t-a"}))
	r.started("t-a")
	r.expect(r.exit("t-a", launch.Exit{}), "persist 1", "release t-a", "Collect {TaskID:t-a}")
	if record := r.m.Get("t-a"); record.Status.State != wire.StateRunning || r.m.Alive() != 1 {
		t.Errorf("%+v", record.Status)
	}
	r.expect(r.step(AskKill{TaskID: "t-a", Reply: r.reply()}), "answer")
	r.expect(r.crash(), "head u1", "Collect {TaskID:t-a}")
	r.expect(r.step(Collected{TaskID: "t-a"}), "persist 1", "head u1", "Ended {TaskID:t-a}")
	r.expect(r.step(Collected{TaskID: "t-a"}))
	if state := r.m.Get("t-a").Status.State; state != wire.StateFinished {
		t.Error(state)
	}
	// What cannot be fetched is tried again as the policy says, and a kill does not wait for it.
	r.add("t-b", artifact, onFailure)
	r.expect(r.step(Prepared{TaskID: "t-b", Problem: "no route to host"}), "persist 1", "head u3")
	if status := r.m.Get("t-b").Status; status.State != wire.StateStarting || status.Message != "cannot start: no route to host" || *status.Reason != wire.ReasonLaunchFailed {
		t.Errorf("%+v", status)
	}
	r.expect(r.pass(240), "persist 1", "prepare t-b")
	r.expect(r.step(AskKill{TaskID: "t-b", Reply: r.reply()}), "Abandon {TaskID:t-b}", "persist 1", "head u3", "Ended {TaskID:t-b}", "persist 0", "answer")
	r.expect(r.step(Prepared{TaskID: "t-b"}))
}

func TestAtMost32UpdatesWaitAndTheFirstAndTheLastStay(t *testing.T) {
	r := newRig(t)
	r.add("t-a", onFailure)
	for run := 0; run < 100; run++ {
		r.run("t-a", run, launch.Exit{Code: 1 + run})
		r.pass(60_000)
	}
	r.step(AskKill{TaskID: "t-a", Reply: r.reply()})
	r.step(News{launch.News{TaskID: "t-a", Run: 100, Exit: &launch.Exit{Signal: 15}}})
	unacked := r.m.Get("t-a").Unacked
	if len(unacked) != 32 || *unacked[0].UUID != "u1" || unacked[31].State != wire.StateKilled || *unacked[29].Restarts != 99 {
		t.Errorf("%d updates, %+v", len(unacked), unacked[0])
	}
	if size := len(r.journal[len(r.journal)-1]); size > 16_000 {
		t.Errorf("an entry of the journal has %d bytes", size)
	}
}
