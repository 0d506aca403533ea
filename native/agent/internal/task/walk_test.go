package task

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"testing"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// world is a machine with all around it: a disk that lags behind, runners that take their time, a master that
// acknowledges when it likes, agents that are killed and computers that are rebooted.
type world struct {
	t      *testing.T
	seed   int64
	random *rand.Rand
	m      *Machine
	env    Env
	boot   int

	mirror  *Machine // what the journal tells, with what is not durable yet
	all     [][]byte // that journal
	durable int
	pending []Persist
	starts  []Start
	news    []launch.News
	others  []Event // Prepared, Collected

	began    map[string]int         // runs of a task that began, by task/run
	alive    map[string]int         // the run that lives, by task
	exits    map[string]launch.Exit // records of shims, by task/run
	condemn  map[string]bool        // killed by us, by task/run
	told     map[string][]wire.Status
	acked    map[string]int
	noMore   map[string]int // a kill was answered when this was the newest run
	overdue  map[string]bool
	launched int
}

func runKey(id string, run int) string { return fmt.Sprintf("%s/%d", id, run) }

func newWorld(t *testing.T, seed int64) *world {
	w := &world{
		t: t, seed: seed, random: rand.New(rand.NewSource(seed)), m: NewMachine(), mirror: NewMachine(), began: map[string]int{}, alive: map[string]int{}, exits: map[string]launch.Exit{},
		condemn: map[string]bool{}, told: map[string][]wire.Status{}, acked: map[string]int{}, noMore: map[string]int{}, overdue: map[string]bool{},
	}
	n := 0
	w.env = Env{
		NowMs: 1_700_000_000_000, MonoMs: 1000, BootID: "boot-0", CanRunAs: func(*string) bool { return true }, Full: func() string { return "" },
		UUID: func() string { n++; return fmt.Sprintf("u%d", n) }, Random: w.random.Int63n,
	}
	return w
}

func (w *world) fatalf(format string, args ...interface{}) {
	w.t.Helper()
	w.t.Fatalf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
}

func (w *world) step(e Event) { w.perform(w.m.Step(w.env, e)) }

func (w *world) perform(effects []Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case Persist:
			w.all = append(w.all, e.Entries...)
			w.reflect(e.Entries)
			w.pending = append(w.pending, e)
		case Start:
			w.starts = append(w.starts, e)
		case Adopt:
			w.adopt(e)
		case Kill:
			if run, lives := w.alive[e.TaskID]; lives && run == e.Run {
				w.condemn[runKey(e.TaskID, e.Run)] = true
			}
		case Head:
			w.tell(e)
		case Answer:
			e.Reply(e.Error)
		case Prepare:
			w.others = append(w.others, Prepared{TaskID: e.Info.TaskID, Problem: []string{"", "", "", "no route to host"}[w.random.Intn(4)]})
		case Collect:
			w.others = append(w.others, Collected{TaskID: e.TaskID})
		}
	}
}

func (w *world) tell(e Head) {
	status := w.m.Head(e.TaskID)
	if e.UUID == "" || status == nil || *status.UUID != e.UUID {
		return
	}
	told := w.told[e.TaskID]
	if n := len(told); n > 0 && *told[n-1].UUID == e.UUID {
		w.acked[e.TaskID] = n - 1 // again, after a restart: its receipt was lost
		return
	}
	if n := len(told); n > 0 && isTerminal(told[n-1].State) {
		w.fatalf("%s: %s was told after %s", e.TaskID, status.State, told[n-1].State)
	}
	w.told[e.TaskID] = append(told, *status)
}

func isTerminal(state string) bool {
	return state != wire.StateStarting && state != wire.StateRunning && state != wire.StateStaging
}

func (w *world) adopt(e Adopt) {
	id, key := e.Info.TaskID, runKey(e.Info.TaskID, e.Run)
	exit, ended := w.exits[key]
	run, lives := w.alive[id]
	switch {
	case w.began[key] == 0:
		w.news = append(w.news, launch.News{TaskID: id, Run: e.Run, Exit: &launch.Exit{NeverRan: true}})
	case ended:
		w.news = append(w.news, launch.News{TaskID: id, Run: e.Run, Exit: &exit})
	case lives && run == e.Run && e.SameBoot:
		w.news = append(w.news, launch.News{TaskID: id, Run: e.Run, Started: true, Pid: 7})
	default:
		w.news = append(w.news, launch.News{TaskID: id, Run: e.Run, Exit: &launch.Exit{Unknown: true}})
	}
}

// commit makes the oldest pending entries durable.
func (w *world) commit(n int) {
	for ; n > 0 && len(w.pending) > 0; n-- {
		first := w.pending[0]
		w.pending = w.pending[1:]
		w.durable += len(first.Entries)
		w.perform(first.Then)
	}
}

// begin carries one start out.
func (w *world) begin() {
	if len(w.starts) == 0 {
		return
	}
	e := w.starts[0]
	w.starts = w.starts[1:]
	id, key := e.Info.TaskID, runKey(e.Info.TaskID, e.Run)
	if most, killed := w.noMore[id]; killed && e.Run > most {
		w.fatalf("%s starts after its kill was answered", key)
	}
	if run, lives := w.alive[id]; lives {
		w.fatalf("%s starts while run %d lives", key, run)
	}
	if w.random.Intn(6) == 0 {
		w.news = append(w.news, launch.News{TaskID: id, Run: e.Run, Exit: &launch.Exit{Step: 2, Words: "no"}})
		return
	}
	if w.began[key]++; w.began[key] > 1 {
		w.fatalf("%s began twice", key)
	}
	w.alive[id] = e.Run
	w.news = append(w.news, launch.News{TaskID: id, Run: e.Run, Started: true, Pid: 7})
}

// die ends one run that lives.
func (w *world) die(id string) {
	run, lives := w.alive[id]
	if !lives {
		return
	}
	key := runKey(id, run)
	exit := launch.Exit{Code: w.random.Intn(3), EndedAtMs: w.env.NowMs}
	if w.condemn[key] {
		exit = launch.Exit{Signal: 15, EndedAtMs: w.env.NowMs}
	}
	delete(w.alive, id)
	w.exits[key] = exit
	w.news = append(w.news, launch.News{TaskID: id, Run: run, Exit: &exit})
}

// crash is kill -9 of the agent: what was not durable is gone, the tasks are not.
func (w *world) crash(reboot bool) {
	w.all, w.pending, w.starts, w.news, w.others = w.all[:w.durable], nil, nil, nil, nil
	if reboot {
		w.boot++
		w.env.BootID, w.env.MonoMs = fmt.Sprintf("boot-%d", w.boot), 10
		w.alive = map[string]int{}
	}
	w.mirror = NewMachine()
	w.reflect(w.all)
	w.m = w.mirror
	w.all, w.durable = nil, 0
	w.m.Snapshot(func(payload []byte) { w.all = append(w.all, payload) }) // as after a compaction
	w.durable = len(w.all)
	w.mirror = NewMachine()
	w.reflect(w.all)
	w.step(Recover{})
}

func (w *world) reflect(entries [][]byte) {
	for _, payload := range entries {
		if err := w.mirror.Replay(payload); err != nil {
			w.fatalf("%v", err)
		}
	}
}

func (w *world) launch() {
	id := fmt.Sprintf("t-%d", w.launched)
	w.launched++
	fields := map[string]interface{}{}
	if err := json.Unmarshal(info(id), &fields); err != nil {
		w.fatalf("%v", err)
	}
	if policy := []string{"", wire.RestartFailure, wire.RestartAlways, wire.RestartAlways}[w.random.Intn(4)]; policy != "" {
		fields["restart"] = map[string]interface{}{"on": policy, "maxInRow": []interface{}{nil, nil, 1, 3}[w.random.Intn(4)]}
	}
	probe := map[string]interface{}{"probe": map[string]interface{}{"kind": "tcp", "port": 80}, "delayMs": 0, "intervalMs": 100, "timeoutMs": 100, "failures": 1, "graceMs": 0}
	if w.random.Intn(2) == 0 {
		fields["health"], fields["readiness"] = probe, probe
	}
	if w.random.Intn(4) == 0 {
		fields["maxCompletionMs"] = 1000 * (1 + w.random.Intn(100))
	}
	if w.random.Intn(4) == 0 {
		fields["artifacts"] = []interface{}{map[string]interface{}{"url": "http://x/y", "sha256": nil, "path": "y", "extract": false, "executable": false}}
	}
	if w.random.Intn(4) == 0 {
		fields["results"] = []string{"*.txt"}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		w.fatalf("%v", err)
	}
	w.step(Launch{Info: raw, Reply: func(refusal *wire.Error) {
		if refusal != nil {
			w.fatalf("%s refused: %s", id, refusal.Detail)
		}
	}})
}

func (w *world) kill(id string) {
	record := w.m.Get(id)
	if record == nil || record.Phase == PhaseCollecting || record.Phase == PhaseEnded {
		return
	}
	run := record.Run
	w.step(AskKill{TaskID: id, Reply: func(*wire.Error) {
		if _, known := w.noMore[id]; !known {
			w.noMore[id] = run
		}
	}})
}

func (w *world) ack(id string) {
	told := w.told[id]
	if n := len(told); n > w.acked[id] {
		w.acked[id] = n
		w.step(Ack{TaskID: id, UUID: *told[n-1].UUID, Reply: func(*wire.Error) {}})
	}
}

func (w *world) deliver() {
	if n := len(w.news); n > 0 {
		// News of one run keep their order, those of different tasks do not.
		i := w.random.Intn(n)
		for k := 0; k < i; k++ {
			if w.news[k].TaskID == w.news[i].TaskID {
				i = k
			}
		}
		one := w.news[i]
		w.news = append(append([]launch.News{}, w.news[:i]...), w.news[i+1:]...)
		w.step(News{one})
	}
	if len(w.others) > 0 && w.random.Intn(2) == 0 {
		one := w.others[0]
		w.others = w.others[1:]
		w.step(one)
	}
}

func (w *world) pass(ms int64) {
	w.env.MonoMs += ms
	w.env.NowMs += ms + int64(w.random.Intn(3)-1)*1_000_000 // a clock that is set changes nothing
	if next, any := w.m.NextMs(); any && next <= w.env.MonoMs {
		w.step(Tick{})
	}
}

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
	if !reflect.DeepEqual(w.mirror.tasks, w.m.tasks) {
		for id, record := range w.m.tasks {
			if got, want := words(w.mirror.tasks[id]), words(record); got != want {
				w.fatalf("the journal tells another state\ngot  %s\nwant %s", got, want)
			}
		}
		w.fatalf("the journal tells other tasks")
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
	seeds := int64(45)
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
