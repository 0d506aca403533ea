// Package container runs tasks in containers of Docker or Podman, with the same verbs as package launch and the same
// news. It may import engine, launch (for the news and the words), cgroup, shim, spool and wire.
//
// A container is found by its name, mesolite-AGENT-TASK (and .RUN from the second run on), and by nothing that could
// get lost: making it under a taken name is refused by the engine, so it is made once. What lacks our label is never
// touched. Its first program is ours (inside_linux.go), which makes sure that the task runs at most once and then
// becomes the task; its output goes through fifos to the pump (pump_linux.go), so the engine's log driver is none.
package container

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/spool"
	"mesolite/agent/internal/wire"
)

// Labels of our containers.
const (
	LabelAgent = "mesolite.agent"
	LabelTask  = "mesolite.task"
	LabelRun   = "mesolite.run"
)

const (
	retryFirst = 250 * time.Millisecond // an engine that does not answer is asked again, later and later
	retryMost  = 5 * time.Second
	startDoubt = 3 * time.Second // how long a start that another agent may have asked for is waited for
)

// Runner runs tasks in containers. Its verbs may be used from any goroutine.
type Runner struct {
	Dir      string // the state folder, absolute
	AgentID  string
	Exe      string // our own program
	Engines  *engine.Finder
	Cgroups  *cgroup.Driver
	Cards    func() []wire.Gpu
	Tell     func(launch.News)        // must not block for long
	Progress func(wire.ProgressEvent) // the same
	Log      func(format string, args ...interface{})

	mu       sync.Mutex
	lives    map[string]*life
	clearing atomic.Int64 // removals under way

	program sync.Mutex // guards the copy of our program
	keeping bool       // somebody looks after the pump; guarded by mu
	closed  bool       // the agent ends; guarded by mu
}

// life is a run that was not acknowledged yet.
type life struct {
	info   wire.TaskInfo
	run    int
	ctx    context.Context // ended by Kill as long as there is no container that runs
	cancel context.CancelFunc

	// guarded by the runner's mu
	client  *engine.Client
	id      string
	pid     int
	stop    string // signal that asks it to end
	runs    bool
	killed  bool
	graceMs int64
	signals chan struct{} // closed and made anew by each Kill

	probing sync.Mutex // one question to the prober at a time

	over chan struct{} // closed when the run is acknowledged or forgotten
}

// mark is the file `container` of a run: which engine has it. It is on disk before the engine hears of it.
type mark struct {
	Engine string `json:"engine"`
	Socket string `json:"socket"`
}

// Name of a run's container.
func (r *Runner) Name(taskID string, run int) string {
	name := "mesolite-" + r.AgentID + "-" + taskID
	if run > 0 {
		name += "." + strconv.Itoa(run)
	}
	return name
}

func (r *Runner) taskDir(taskID string) string { return filepath.Join(r.Dir, "tasks", taskID) }

func (r *Runner) runDir(taskID string, run int) string {
	return filepath.Join(r.taskDir(taskID), "c"+strconv.Itoa(run))
}

// lifeOf gives the life of a run, a new one when there is none.
func (r *Runner) lifeOf(info wire.TaskInfo, run int) *life {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lives == nil {
		r.lives = map[string]*life{}
	}
	l := r.lives[info.TaskID]
	if l == nil || l.run != run {
		l = &life{info: info, run: run, signals: make(chan struct{}), over: make(chan struct{}), stop: "TERM"}
		l.ctx, l.cancel = context.WithCancel(context.Background())
		r.lives[info.TaskID] = l
	}
	if l.info.TaskID == "" || l.info.Container == nil {
		l.info = info // a kill came first
	}
	return l
}

// Start begins a run and returns: a pull may take long, and a starter is for all tasks.
func (r *Runner) Start(info wire.TaskInfo, run int) {
	l := r.lifeOf(info, run)
	go func() {
		if run > 0 {
			r.clear(info.TaskID, run-1)
		}
		r.live(l, false)
	}()
}

// Adopt finds a run of an agent before this one again.
func (r *Runner) Adopt(info wire.TaskInfo, run int, sameBoot bool) {
	l := r.lifeOf(info, run)
	if sameBoot {
		go r.live(l, true)
		return
	}
	// No container outlives a reboot, and what the engine says of its end is a guess.
	go func() {
		if _, err := r.readMark(info.TaskID, run); err != nil {
			r.tell(l, launch.News{Exit: &launch.Exit{NeverRan: true, EndedAtMs: wallMs()}})
			return
		}
		r.tell(l, launch.News{Exit: &launch.Exit{Unknown: true, EndedAtMs: wallMs()}})
	}()
}

// Kill ends a run: what is being pulled or made at once, a container with its stop signal now and KILL after graceMs.
func (r *Runner) Kill(taskID string, run int, graceMs int64) error {
	l := r.lifeOf(wire.TaskInfo{TaskID: taskID}, run)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !l.killed || graceMs < l.graceMs {
		l.graceMs = graceMs
	}
	first := !l.killed
	l.killed = true
	if !l.runs {
		l.cancel()
		return nil
	}
	close(l.signals)
	l.signals = make(chan struct{})
	if first {
		go r.end(l)
	}
	return nil
}

// Acknowledge removes the container of a run, whose end is on disk.
func (r *Runner) Acknowledge(taskID string, run int) {
	r.drop(taskID, &run)
	r.clearing.Add(1)
	go func() {
		defer r.clearing.Add(-1)
		r.clear(taskID, run)
	}()
}

// drop ends what goes on for a run, or for whatever run a task has.
func (r *Runner) drop(taskID string, run *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lives[taskID]; l != nil && (run == nil || l.run == *run) {
		l.cancel()
		close(l.over)
		delete(r.lives, taskID)
	}
}

// Forget removes what is kept of an ended task outside its folder.
func (r *Runner) Forget(taskID string) error {
	r.drop(taskID, nil)
	entries, err := os.ReadDir(r.taskDir(taskID))
	if err != nil {
		return nil // nothing is kept
	}
	for _, entry := range entries {
		run, err := strconv.Atoi(strings.TrimPrefix(entry.Name(), "c"))
		if err != nil || entry.Name()[0] != 'c' {
			continue
		}
		// Read now: the folder is about to go.
		if was, err := r.readMark(taskID, run); err == nil {
			r.clearing.Add(1)
			go func(run int) {
				defer r.clearing.Add(-1)
				r.removeContainer(taskID, run, was)
			}(run)
		}
	}
	return nil
}

// tell passes news of a run on.
func (r *Runner) tell(l *life, n launch.News) {
	n.TaskID, n.Run = l.info.TaskID, l.run
	r.Tell(n)
}

func wallMs() int64 { return time.Now().UnixNano() / int64(time.Millisecond) }

// fail tells that a run could not start.
func (r *Runner) fail(l *life, words string) {
	r.mu.Lock()
	killed := l.killed
	r.mu.Unlock()
	if killed {
		words = "it was ended before it ran"
	}
	r.tell(l, launch.News{Exit: &launch.Exit{Step: shim.StepFork, Words: words, EndedAtMs: wallMs()}})
}

// live is the life of a run, from wherever it stands to its end.
func (r *Runner) live(l *life, adopted bool) {
	if adopted {
		if r.adopt(l) {
			return
		}
	} else if words := r.begin(l); words != "" {
		r.clear(l.info.TaskID, l.run)
		r.fail(l, words)
		return
	}
	r.follow(l)
}

// begin brings a run from nothing to a container that runs. It gives the words of what went wrong.
func (r *Runner) begin(l *life) (words string) {
	kind := ""
	if l.info.Container.Engine != nil {
		kind = *l.info.Container.Engine
	}
	client, err := r.Engines.Client(l.ctx, kind)
	if err != nil {
		return err.Error()
	}
	image, words := r.image(l, client)
	if words != "" {
		return words
	}
	for _, v := range l.info.Container.Volumes {
		// Engines make a folder that is not there, as root: a slip of the pen would look like data that is gone.
		if _, err := os.Stat(v.Source); filepath.IsAbs(v.Source) && errors.Is(err, os.ErrNotExist) {
			return "folder " + v.Source + " does not exist"
		}
	}
	if err := r.prepare(l, client); err != nil {
		return err.Error()
	}
	spec := r.specOf(l.info, l.run, image, client)
	id, err := r.create(l, client, spec)
	if err != nil {
		return engineWords(err)
	}
	r.mu.Lock()
	l.client, l.id, l.stop = client, id, stopSignal(image.Config.StopSignal)
	r.mu.Unlock()
	return r.start(l, client, id)
}

// prepare makes the folders and writes down which engine is used before it hears of the run.
func (r *Runner) prepare(l *life, client *engine.Client) error {
	if err := r.folders(l.info, l.run); err != nil {
		return err
	}
	if err := r.startPump(l.ctx, r.runDir(l.info.TaskID, l.run)); err != nil {
		return err
	}
	data, err := json.Marshal(mark{Engine: client.About.Engine, Socket: client.Socket})
	if err != nil {
		return err
	}
	return spool.WriteFile(filepath.Join(r.runDir(l.info.TaskID, l.run), "container"), data, 0o600)
}

func (r *Runner) readMark(taskID string, run int) (mark, error) {
	var m mark
	data, err := os.ReadFile(filepath.Join(r.runDir(taskID, run), "container"))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(data, &m)
}

// create makes the container. One of ours under its name is that of this very run: an agent before this one made it,
// or died while the engine did. It has not run: the file `run` was made anew with the folder.
func (r *Runner) create(l *life, client *engine.Client, spec *engine.Spec) (id string, err error) {
	name := r.Name(l.info.TaskID, l.run)
	for tries := 0; ; tries++ {
		id, err = client.Create(l.ctx, name, spec)
		// Podman says 500 for a taken name.
		if err == nil || !engine.Answered(err) || tries == 2 {
			return id, err
		}
		found, lookErr := client.Inspect(l.ctx, name)
		if lookErr != nil {
			return "", err
		}
		if !r.isOurs(found, l.info.TaskID) {
			return "", said("a container named " + name + " exists that is not ours, so it is not touched")
		}
		if err := client.Remove(l.ctx, found.ID); err != nil {
			return "", err
		}
	}
}

func (r *Runner) isOurs(c *engine.Container, taskID string) bool {
	return c.Config.Labels[LabelAgent] == r.AgentID && c.Config.Labels[LabelTask] == taskID
}

// start starts what was made. When the engine does not answer, it may still have done it: follow finds out.
func (r *Runner) start(l *life, client *engine.Client, id string) (words string) {
	if l.ctx.Err() != nil {
		return "ended"
	}
	err := client.Start(context.Background(), id)
	if err == nil || !engine.Answered(err) {
		return ""
	}
	return engineWords(err)
}

// said are words of our own.
type said string

func (s said) Error() string { return string(s) }

// engineWords says in people's words what an engine refused, as far as they are known.
func engineWords(err error) string {
	if own, is := err.(said); is {
		return string(own)
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	low := strings.ToLower(text)
	switch {
	case strings.Contains(low, "address already in use") || strings.Contains(low, "port is already allocated"):
		return "a port it publishes is taken on this machine (" + text + ")"
	case strings.Contains(low, "no space left"):
		return "the disk of the engine is full (" + text + ")"
	case strings.Contains(low, "no such file or directory") && strings.Contains(low, "mount") || strings.Contains(low, "bind source path does not exist"):
		return "a folder it mounts does not exist (" + text + ")"
	case strings.Contains(low, "could not select device driver") || strings.Contains(low, "unresolvable cdi devices"):
		return "the engine cannot give GPUs to containers: the container toolkit of the vendor is missing (" + text + ")"
	case !engine.Answered(err):
		return "the engine does not answer: " + text
	}
	return text
}

func stopSignal(image string) string {
	if image == "" {
		return "TERM"
	}
	return strings.TrimPrefix(strings.ToUpper(image), "SIG")
}
