package agent

import (
	"sort"
	"sync"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/sysinfo"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// firstAfter is how soon a new subscriber gets its first sample when no rates are known yet.
const firstAfter = 100 * time.Millisecond

// sampler runs in a goroutine of its own while somebody subscribes: reading /proc must not hold the loop.
type sampler struct {
	agent *Agent
	read  *sysinfo.Sampler
	meter *sysinfo.TaskMeter

	list []sysinfo.TaskPid // reused by the sampling goroutine

	mu    sync.Mutex     // guards tasks and disks
	tasks map[string]int // pids
	disks []wire.Disk
	stop  chan struct{}
	over  chan struct{}
}

func newSampler(a *Agent) *sampler {
	return &sampler{
		agent: a, tasks: map[string]int{},
		read:  sysinfo.NewSampler(sysinfo.Files(a.options.Root), sysinfo.StatfsUnder(a.options.Root)),
		meter: &sysinfo.TaskMeter{Cgroups: a.launcher.Cgroups, Proc: a.options.Root + "/proc"},
	}
}

func (s *sampler) setDisks(disks []wire.Disk) {
	s.mu.Lock()
	s.disks = disks
	s.mu.Unlock()
}

// track is called by the loop when a task starts or ends.
func (s *sampler) track(record *task.Record, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if record != nil && record.Phase == task.PhaseRunning && record.Pid > 0 {
		s.tasks[id] = record.Pid
		return
	}
	delete(s.tasks, id)
}

// running lists the tasks that run, in order of their ids.
func (s *sampler) running() []sysinfo.TaskPid {
	s.mu.Lock()
	s.list = s.list[:0]
	for id, pid := range s.tasks {
		s.list = append(s.list, sysinfo.TaskPid{ID: id, Pid: pid})
	}
	s.mu.Unlock()
	sort.Slice(s.list, func(a, b int) bool { return s.list[a].ID < s.list[b].ID })
	return s.list
}

func (s *sampler) subscribe(conn *link.Conn, everyMs int64) {
	s.unsubscribe()
	stop, over := make(chan struct{}), make(chan struct{})
	s.stop, s.over = stop, over
	s.mu.Lock()
	s.read.SetDisks(s.disks)
	s.mu.Unlock()
	go func() {
		defer close(over)
		s.run(conn, time.Duration(everyMs)*time.Millisecond, stop)
	}()
}

// unsubscribe waits for the goroutine: there is never a second one.
func (s *sampler) unsubscribe() {
	if s.stop != nil {
		close(s.stop)
		<-s.over
		s.stop, s.over = nil, nil
	}
}

func (s *sampler) close() { s.unsubscribe() }

func (s *sampler) run(conn *link.Conn, every time.Duration, stop chan struct{}) {
	defer s.read.Close()
	if now := s.agent.clock.MonoMs(); !s.read.Primed(now) {
		s.read.Prime(now)
	}
	timer := time.NewTimer(firstAfter)
	defer timer.Stop()
	next := time.Now().Add(firstAfter)
	for {
		select {
		case <-timer.C:
		case <-stop:
			return
		case <-conn.Done():
			return
		}
		if conn.Idle() { // a reader that lags gets fewer samples, and sees it by seq
			s.send(conn)
		}
		next = next.Add(every)
		if now := time.Now(); next.Before(now) {
			next = now.Add(every) // the machine slept
		}
		timer.Reset(time.Until(next))
	}
}

func (s *sampler) send(conn *link.Conn) {
	clock := s.agent.clock
	sample := s.read.Take(clock.MonoMs(), clock.WallMs())
	sample.Tasks = s.meter.Measure(s.running(), clock.MonoMs(), sample.Tasks)
	_ = conn.Send(wire.SampleEvent{V: wire.Version, Event: "sample", Sample: *sample}) // ended: nobody wants it
}
