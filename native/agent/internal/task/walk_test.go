package task

import (
	"fmt"
	"reflect"
	"testing"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

func (w *world) anything() {
	most := 12
	if w.seed%3 == 0 {
		most = 2
	}
	id := fmt.Sprintf("t-%d", w.random.Intn(w.launched+1))
	switch n := w.random.Intn(100); {
	case n < 4 && w.launched < most:
		w.launch()
	case n < 25:
		w.commit(1 + w.random.Intn(4))
	case n < 35:
		w.begin()
	case n < 60:
		w.deliver()
	case n < 70:
		w.die(id)
	case n < 72 && w.random.Intn(4) == 0:
		w.kill(id)
	case n < 80:
		w.pass(int64(w.random.Intn(400)))
	case n < 84:
		w.pass(int64(w.random.Intn(70_000)))
	case n < 90:
		if record := w.m.Get(id); record != nil {
			kind := []string{KindHealth, KindReadiness}[w.random.Intn(2)]
			w.step(Checked{TaskID: id, Run: record.Run - w.random.Intn(2), Kind: kind, Good: w.random.Intn(4) > 0, Words: "exit 1"})
		}
	case n < 95:
		if w.seed%3 > 0 { // else the master is away until the end
			w.ack(id)
		}
	case n < 96:
		w.late(id)
	case n < 97:
		if record := w.m.Get(id); record != nil {
			w.step(Fail{TaskID: id, Run: record.Run, Reason: wire.ReasonDiskLimit, Words: "too much"})
		}
	case n < 99:
		w.crash(false)
	default:
		if w.random.Intn(4) == 0 {
			if w.launched < most && w.random.Intn(2) == 0 {
				w.launch() // the power goes in the middle of it
			}
			w.crash(true)
		}
	}
}

// late brings news of a run that is over: nobody may care.
func (w *world) late(id string) {
	record := w.m.Get(id)
	if record == nil || record.Run == 0 {
		return
	}
	before := words(record)
	w.step(News{launch.News{TaskID: id, Run: record.Run - 1, Exit: &launch.Exit{Code: 9}}})
	w.step(News{launch.News{TaskID: id, Run: record.Run - 1, Started: true, Pid: 9}})
	if after := words(w.m.Get(id)); after != before {
		w.fatalf("%s took news of an older run\nfrom %s\nto   %s", id, before, after)
	}
}

func (w *world) check() {
	if !reflect.DeepEqual(w.mirror.all(), w.m.all()) {
		w.fatalf("the journal tells other tasks")
	}
	for _, id := range w.m.all() {
		if !reflect.DeepEqual(w.mirror.Look(id), w.m.Look(id)) {
			w.fatalf("the journal tells another state\ngot  %s\nwant %s", words(w.mirror.Look(id)), words(w.m.Look(id)))
		}
	}
	for id, record := range w.m.tasks {
		if n := len(record.Unacked); n > maxUnacked {
			w.fatalf("%s has %d updates that wait", id, n)
		}
		for i, status := range record.Unacked {
			if isTerminal(status.State) != (record.Phase == PhaseEnded && i == len(record.Unacked)-1) {
				w.fatalf("%s: %s is update %d of %d in phase %s", id, status.State, i+1, len(record.Unacked), record.Phase)
			}
		}
		if most, killed := w.noMore[id]; killed && record.Phase == PhaseEnded && record.Status.State != wire.StateKilled {
			w.fatalf("%s was killed in run %d and is %s: %s", id, most, record.Status.State, record.Status.Message)
		}
		if due, planned := w.m.due.at[id]; record.Phase == PhaseWaiting && (!planned || due > record.NextMonoMs) {
			w.fatalf("%s waits for a start that nobody thinks of", id)
		}
		if record.KillAsked && record.Phase == PhaseWaiting {
			w.fatalf("%s waits to start although it was killed", id)
		}
	}
}

func words(record *Record) string {
	if record == nil {
		return "nothing"
	}
	return string(encode(entry{ID: record.ID, Info: record.Info, State: record}))
}

// settle lets everything come to its end.
func (w *world) settle() {
	for i := 0; i < w.launched; i++ {
		w.kill(fmt.Sprintf("t-%d", i))
	}
	for rounds := 0; rounds < 2000; rounds++ {
		w.commit(10)
		w.begin()
		w.deliver()
		w.pass(50)
		for i := 0; i < w.launched; i++ {
			id := fmt.Sprintf("t-%d", i)
			if run, lives := w.alive[id]; lives && w.condemn[runKey(id, run)] {
				w.die(id)
			}
			w.ack(id)
		}
	}
	for i := 0; i < w.launched; i++ {
		id := fmt.Sprintf("t-%d", i)
		record := w.m.Get(id)
		if record == nil {
			continue // its launch was lost with an agent before it was answered
		}
		told := w.told[id]
		if record.Phase != PhaseEnded || len(record.Unacked) > 0 || len(told) == 0 || told[len(told)-1].State != record.Status.State {
			w.fatalf("%s did not settle: %s, %d updates wait, %d told", id, record.Phase, len(record.Unacked), len(told))
		}
	}
	if _, any := w.m.NextMs(); any {
		w.fatalf("something is still due: %v", w.m.due.at)
	}
}

// Whatever comes in whatever order: an end is for ever, one run at most is alive, each run happens once, a kill wins,
// updates come in order and are bounded, the journal tells the state that is held, and everything comes to an end.
func TestA1RandomWalksOfRestartsCrashesAndRebootsKeepTheInvariants(t *testing.T) {
	seeds := int64(30)
	if testing.Short() {
		seeds = 10
	}
	for seed := int64(1); seed <= seeds; seed++ {
		w := newWorld(t, seed)
		for i := 0; i < 1000; i++ {
			w.anything()
			if i%8 == 0 || seed < 6 {
				w.check()
			}
		}
		w.settle()
		w.check()
	}
}
