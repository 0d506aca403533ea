package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/clock"
	"mesolite/agent/internal/container"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/link"
	"mesolite/agent/internal/log"
	"mesolite/agent/internal/logs"
	"mesolite/agent/internal/spool"
	"mesolite/agent/internal/stream"
	"mesolite/agent/internal/sysinfo"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/update"
	"mesolite/agent/internal/wire"
)

const (
	// Tasks are started by this many at a time: each start is mostly waiting for the kernel.
	starters = 4
	// No task is taken with less free disk than this: final states must find room.
	minFreeMib = 16
	inboxSize  = 256
)

// Config is what the command line gives.
type Config struct {
	Dir     string
	Version string
	Options Options
	Log     *log.Logger
	// Ready is called once the socket answers.
	Ready func()
}

// Agent is the daemon. All its fields belong to the goroutine of Run, except where a comment says otherwise.
type Agent struct {
	config      Config
	folder      *folder
	options     Options
	log         *log.Logger
	clock       clock.Clock
	id          string
	incarnation string
	bootID      string

	lease    link.Lease
	machine  *task.Machine
	updates  *update.Schedule
	journal  *spool.Journal
	launcher *launch.Launcher
	// containers runs the tasks that want one. Nobody sets it once the agent serves.
	containers *container.Runner
	logs       *logs.Keeper
	looking    looking
	room       room
	fates      map[string]*stream.Fate
	holder     *session // the connection that said hello
	greeted    bool     // and had its answer: status updates may follow

	inbox     chan event
	sampler   *sampler
	disks     *diskWatch
	facts     *factSource
	artifacts artifacts
	checks    checks
	stopping  *stopping
	// When a signal told us to end; 0: none did.
	signalledAtMs int64
	queue         startQueue
	pace          pace
	done          chan struct{}
}

// event is anything for the loop.
type event interface{}

type (
	durable struct{ then []task.Effect }
	askSnap struct{}
	request struct {
		from *session
		wire.Request
		facts *wire.Facts // for hello
	}
	closed struct{ from *session }
)

// Run is the life of the daemon. It returns nil after an ordered end.
func Run(ctx context.Context, config Config) error {
	// A few MB of heap are plenty; the rest of the resident memory is the program itself. Not while the journal is read:
	// it would be collected all the time.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(64 << 20)
	// What an agent does is short and mostly waiting. With places to spare, each word that goes from one goroutine to the
	// next wakes another thread: two of five switches, and an eighth of the CPU, of a short task.
	runtime.GOMAXPROCS(1 + logs.SparePlaces)
	folder, err := openFolder(config.Dir)
	if err != nil {
		return err
	}
	// The lock is given back by the end of the process, not before: who sees it free sees nothing of us any more.
	a, err := open(folder, config)
	if err != nil {
		return err
	}
	debug.SetGCPercent(quietGC)
	listener, err := link.Listen(config.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	a.machine.EachAlive(func(record *task.Record) {
		a.sampler.track(record, record.ID)
		a.disks.track(record, record.ID)
		a.trackChecks(record.ID)
	})
	keepLater := a.keepLogs()
	a.perform(a.machine.Step(a.env(), task.Recover{}))
	a.launcher.Cgroups.Sweep(func(id string) bool {
		record := a.machine.Get(id)
		return record != nil && (record.Phase == task.PhaseAccepted || record.Phase == task.PhaseRunning)
	})
	if a.machine.Alive() == 0 {
		a.launcher.Cgroups.Close()
	}
	a.sweepContainers(a.containers)
	go a.accept(listener)
	a.log.Line("agent started version=%s id=%s incarnation=%s dir=%s tasks=%d cgroup=%s", config.Version, a.id, a.incarnation, config.Dir, a.machine.Len(), a.launcher.Cgroups.Kind)
	if config.Ready != nil {
		config.Ready()
	}
	go keepLater()
	go a.stayLean()
	a.loop(ctx)
	a.noteDown()
	a.logs.Close()
	err = a.journal.Close()
	a.log.Line("agent ended id=%s", a.id)
	return err
}

func open(folder *folder, config Config) (*Agent, error) {
	a := &Agent{
		config: config, folder: folder, log: config.Log, clock: clock.NewReal(), incarnation: randomHex(8),
		machine: task.NewMachine(), updates: update.NewSchedule(), fates: map[string]*stream.Fate{},
		inbox: make(chan event, inboxSize), done: make(chan struct{}),
	}
	var err error
	if a.options, err = folder.options(config.Options); err != nil {
		return nil, err
	}
	if a.id, err = folder.agentID(); err != nil {
		return nil, err
	}
	if a.lease, err = folder.lease(); err != nil {
		return nil, fmt.Errorf("read lease.json: %w", err)
	}
	root := a.options.Root
	boot, _ := fs.ReadFile(sysinfo.Files(root), "proc/sys/kernel/random/boot_id") // without one every boot looks the same
	a.bootID = trim(boot)
	replay := task.NewReplay(a.machine)
	cut := int64(0)
	a.journal, cut, err = spool.OpenJournal(folder.path("journal"), spool.Options{
		Replay:      replay.Take,
		Live:        replay.Live,
		AskSnapshot: func() { a.post(askSnap{}) },
	})
	if err != nil {
		return nil, err
	}
	if err := replay.Done(); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if cut > 0 {
		a.log.Line("journal cut: the last record was torn")
	}
	groups := cgroup.Detect(root+"/", a.id)
	a.launcher = &launch.Launcher{
		Dir: config.Dir, Exe: ownProgram(), Cgroups: groups, Tell: func(n launch.News) { a.post(task.News{News: n}) },
		OomAdj: protect(), DownAtMs: folder.takeDown(a.bootID), Cards: func() []wire.Gpu { return a.facts.last().Gpus },
	}
	if a.logs, err = a.newKeeper(); err != nil {
		return nil, err
	}
	a.launcher.LogCap = a.logs.CapOf
	if a.launcher.CardFiles = sysinfo.GpuFiles(os.DirFS(root + "/")); len(a.launcher.CardFiles) > 0 {
		groups.GuardDevices()
	}
	a.facts = newFactSource(root, config.Dir, groups)
	groups.SetShare(a.options.Share(a.facts.read()))
	a.containers = a.openContainers()
	a.sampler = newSampler(a)
	a.disks = &diskWatch{
		dirOf: a.launcher.TaskDir, tell: func(f task.Fail) { a.post(f) }, done: a.done, tasks: map[string]*diskTask{},
	}
	if a.artifacts, err = openArtifacts(folder, ownProgram(), a.keeping()); err != nil {
		return nil, err
	}
	a.queue.wake = make(chan struct{}, 1)
	a.pace.wake = make(chan struct{}, 1)
	for i := 0; i < starters; i++ {
		go a.startLoop()
	}
	return a, nil
}

func trim(b []byte) string {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return string(b)
}

// ownProgram is this very file, also after it was replaced by an upgrade.
func ownProgram() string {
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		return "/proc/self/exe"
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// post gives the loop an event; after the end it is dropped.
func (a *Agent) post(e event) {
	select {
	case a.inbox <- e:
	case <-a.done:
	}
}

func (a *Agent) env() task.Env {
	return task.Env{
		NowMs: a.clock.WallMs(), MonoMs: a.clock.MonoMs(), BootID: a.bootID, CanRunAs: launch.CanRunAs, Full: a.whyFull,
		Gpus:  func() []int { return a.options.GpuIndexes(a.facts.last()) },
		Admit: a.admit, UUID: func() string { return randomHex(16) }, Random: rand.Int63n,
	}
}

func (a *Agent) whyFull() string {
	if err := a.journal.Trouble(); err != nil {
		return "the agent cannot write to its disk: " + err.Error()
	}
	return a.room.whyNot(a.config.Dir, a.clock.MonoMs())
}

func (a *Agent) loop(ctx context.Context) {
	defer close(a.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		a.tick()
		a.sendDue()
		resetTimer(timer, a.nextWait())
		select {
		case e := <-a.inbox:
			a.handle(e)
		case <-timer.C:
		case <-ctx.Done():
			a.end()
			ctx = context.Background() // once
		}
		if a.stopping != nil && a.stopping.isOver(a) {
			a.finish()
			return
		}
	}
}

func resetTimer(timer *time.Timer, wait time.Duration) {
	if !timer.Stop() {
		select {
		case <-timer.C:
		default:
		}
	}
	timer.Reset(wait)
}

// nextWait is how long nothing is due.
func (a *Agent) nextWait() time.Duration {
	wait := time.Hour
	until := func(nextMs int64, any bool) {
		if left := time.Duration(nextMs-a.clock.MonoMs()) * time.Millisecond; any && left < wait {
			wait = left
		}
	}
	until(a.machine.NextMs())
	until(a.nextCheckMs())
	if a.holder != nil && a.greeted {
		until(a.updates.NextMs())
	}
	if wait < 0 {
		return 0
	}
	return wait
}

// tick does what is due: a restart, the end of a time that was given, a question to a task.
func (a *Agent) tick() {
	if next, any := a.machine.NextMs(); any && next <= a.clock.MonoMs() {
		a.step(task.Tick{})
	}
	a.askDue()
}

// sendDue sends the status updates whose time has come.
func (a *Agent) sendDue() {
	if a.holder == nil || !a.greeted {
		return
	}
	for _, id := range a.updates.Due(a.clock.MonoMs()) {
		if status := a.machine.Head(id); status != nil {
			_ = a.holder.conn.Send(wire.StatusEvent{V: wire.Version, Event: "status-update", Status: *status}) // ended: sent again at the next hello
		}
	}
}

func (a *Agent) handle(e event) {
	switch e := e.(type) {
	case task.News:
		a.step(e)
		a.sampler.track(a.machine.Get(e.TaskID), e.TaskID)
		a.disks.track(a.machine.Get(e.TaskID), e.TaskID)
		a.trackChecks(e.TaskID)
		a.watchLogs(e.TaskID)
	case task.Prepared, task.Collected, task.Checked, task.Fail:
		a.step(e)
	case errandOver:
		a.errandEnded(e)
	case progressed:
		a.tellProgress(e)
	case probed:
		a.probed(e)
	case durable:
		a.perform(e.then)
	case request:
		a.serve(e)
	case sandboxOpened:
		a.sandboxStream(e)
	case logCap:
		a.capLogs(e)
	case knownLogs:
		a.knowLogs(e)
	case closed:
		a.sessionClosed(e.from)
	case askSnap:
		var records []byte
		a.machine.Snapshot(func(payload []byte) { records = spool.AppendRecord(records, payload) })
		a.journal.Compact(records)
	}
}

func (a *Agent) accept(listener *net.UnixListener) {
	go func() {
		<-a.done
		_ = listener.Close() // ends Accept
	}()
	for {
		socket, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			a.log.Line("accept failed cause=%v", err)
			time.Sleep(100 * time.Millisecond) // out of descriptors: they come back
			continue
		}
		if uid, allowed := link.PeerAllowed(socket); !allowed {
			a.log.Line("connection refused uid=%d", uid)
			_ = socket.Close() // a stranger gets no word
			continue
		}
		s := &session{agent: a, conn: link.NewConn(socket), socket: socket, streams: map[uint32]*stream.Stream{}}
		go s.read()
	}
}
