package task

import (
	"encoding/json"
	"fmt"
	"math/rand"
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
			w.others = append(w.others, Collected(e))
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

// crash is kill -9 of the agent: what was not durable is gone, the tasks are not. A power cut may leave the first
// records of what was being written.
func (w *world) crash(reboot bool) {
	if reboot && len(w.all) > w.durable {
		w.durable += w.random.Intn(len(w.all) - w.durable + 1)
	}
	w.all, w.pending, w.starts, w.news, w.others = w.all[:w.durable], nil, nil, nil, nil
	if reboot {
		w.boot++
		w.env.BootID, w.env.MonoMs = fmt.Sprintf("boot-%d", w.boot), 10
		w.alive = map[string]int{}
	}
	w.mirror = NewMachine()
	w.reflect(w.all)
	w.m = w.mirror
	for _, id := range w.m.all() {
		if w.m.Look(id).Status.TaskID != id {
			w.fatalf("%s is half a task", id)
		}
	}
	w.all, w.durable = nil, 0
	w.m.Snapshot(func(payload []byte) { w.all = append(w.all, payload) }) // as after a compaction
	w.durable = len(w.all)
	w.mirror = NewMachine()
	w.reflect(w.all)
	w.step(Recover{})
}

func (w *world) reflect(entries [][]byte) {
	replay := NewReplay(w.mirror)
	for _, payload := range entries {
		if err := replay.Take(payload); err != nil {
			w.fatalf("%v", err)
		}
	}
	if err := replay.Done(); err != nil {
		w.fatalf("%v", err)
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
