package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// spinLimit: an engine that waits for less than this twice is not asked in a circle.
const spinLimit = 50 * time.Millisecond

var errGone = errors.New("its container is gone")

// adopt takes up a run that an agent before this one began. It tells how it stands if there is nothing to follow.
func (r *Runner) adopt(l *life) (told bool) {
	was, err := r.readMark(l.info.TaskID, l.run)
	if err != nil {
		// No engine has heard of it.
		r.tell(l, launch.News{Exit: &launch.Exit{NeverRan: true, EndedAtMs: wallMs()}})
		return true
	}
	client, found, err := r.find(l, was)
	switch {
	case err == errGone && !r.mayHaveRun(l):
		r.tell(l, launch.News{Exit: &launch.Exit{NeverRan: true, EndedAtMs: wallMs()}})
		return true
	case err == errGone:
		r.lost(l)
		return true
	case err != nil:
		return true // forgotten: nobody asks any more
	}
	r.mu.Lock()
	l.client, l.id, l.stop = client, found.ID, stopSignal(found.Config.StopSignal)
	r.mu.Unlock()
	if r.startPump(context.Background(), r.runDir(l.info.TaskID, l.run)) != nil {
		r.Log("pump does not answer task=%s", l.info.TaskID) // it is tried again by the keeper
	}
	if found.State.NeverStarted() {
		if words := r.startAgain(l, client, found); words != "" {
			r.clear(l.info.TaskID, l.run)
			r.fail(l, words)
			return true
		}
	}
	return false
}

var errForgotten = errors.New("the run was forgotten")

// find waits for the engine that had a run, however long it takes: what is not known is not dead, and cannot be killed.
func (r *Runner) find(l *life, was mark) (*engine.Client, *engine.Container, error) {
	for wait := retryFirst; ; {
		client, err := r.Engines.At(context.Background(), was.Socket)
		if err == nil {
			var found *engine.Container
			found, err = client.Inspect(context.Background(), r.Name(l.info.TaskID, l.run))
			switch {
			case err == nil && !r.isOurs(found, l.info.TaskID):
				return nil, nil, errGone // someone gave its name to another one
			case err == nil:
				return client, found, nil
			case engine.IsStatus(err, 404):
				return nil, nil, errGone
			}
		}
		if !l.pause(&wait) {
			return nil, nil, errForgotten
		}
	}
}

// pause waits, longer each time; false when the run was acknowledged or forgotten meanwhile.
func (l *life) pause(wait *time.Duration) bool {
	timer := time.NewTimer(*wait)
	defer timer.Stop()
	if *wait *= 2; *wait > retryMost {
		*wait = retryMost
	}
	select {
	case <-timer.C:
		return true
	case <-l.over:
		return false
	}
}

// startAgain starts what was made. The agent before this one may have asked for that just before its end, so it is
// waited a little for the engine to do it; our first program sees to it that a second start does not run it twice.
func (r *Runner) startAgain(l *life, client *engine.Client, found *engine.Container) (words string) {
	for until := time.Now().Add(startDoubt); time.Now().Before(until); {
		wait := retryFirst
		if l.ctx.Err() != nil || !l.pause(&wait) {
			return "ended"
		}
		again, err := client.Inspect(context.Background(), found.ID)
		if err == nil && !again.State.NeverStarted() {
			return ""
		}
		if r.mayHaveRun(l) {
			return ""
		}
	}
	return r.start(l, client, found.ID)
}

// mayHaveRun tells whether the first program of the container has begun.
func (r *Runner) mayHaveRun(l *life) bool {
	info, err := os.Lstat(filepath.Join(r.runDir(l.info.TaskID, l.run), "run"))
	return err == nil && info.Size() > 0
}

// follow tells of the start and waits for the end. An engine that dies and comes back only makes it wait.
func (r *Runner) follow(l *life) {
	told, again := false, false // again: the engine waited for nothing the last time too
	for wait := retryFirst; ; {
		found, err := l.client.Inspect(context.Background(), l.id)
		switch {
		case engine.IsStatus(err, 404):
			r.lost(l)
			return
		case err != nil:
			if !l.pause(&wait) {
				return
			}
			r.reopen(l)
			continue
		case found.State.NeverStarted():
			// The engine did not answer to the start, and did not do it.
			if words := r.startAgain(l, l.client, found); words != "" {
				r.clear(l.info.TaskID, l.run)
				r.fail(l, words)
				return
			}
			continue
		}
		wait = retryFirst
		if words := r.cannotStart(l); words != "" && found.State.Ended() && found.State.ExitCode == codeCannotStart {
			r.drain(l)
			r.tell(l, launch.News{Exit: &launch.Exit{Step: shim.StepExec, Words: words, EndedAtMs: wallMs()}})
			return
		}
		if !told {
			told = true
			r.began(l, found)
		}
		if found.State.Ended() || (!found.State.Running && found.State.Status != "paused") {
			r.over(l, found)
			return
		}
		asked := time.Now()
		_ = l.client.Wait(context.Background(), l.id) // what it means is seen at the next look
		short := time.Since(asked) < spinLimit
		if pause := retryFirst; short && again && !l.pause(&pause) {
			return
		}
		again = short
	}
}

// reopen starts the service of Podman again when that is what died.
func (r *Runner) reopen(l *life) {
	ctx, cancel := context.WithTimeout(context.Background(), retryMost)
	defer cancel()
	client, err := r.Engines.At(ctx, l.client.Socket)
	if err != nil {
		return
	}
	r.mu.Lock()
	l.client = client
	r.mu.Unlock()
}

// began tells that a run is there, and lets a kill that came meanwhile take effect.
func (r *Runner) began(l *life, found *engine.Container) {
	pid := found.State.Pid
	if pid > 0 && !found.State.Ended() {
		r.Cgroups.Lend(l.info.TaskID, pid, found.ID)
	}
	r.tell(l, launch.News{
		Started: true, Pid: pid, StartTicks: launch.StartTicks(pid), Gpus: l.info.GpuIndexes,
		Container: &wire.ContainerStatus{Engine: l.client.About.Engine, ID: found.ID, ImageID: found.Image},
	})
	r.mu.Lock()
	l.runs, l.pid = true, pid
	killed := l.killed
	r.mu.Unlock()
	if killed {
		go r.end(l)
	}
}

// end asks the container to end, and makes it when its grace is over.
func (r *Runner) end(l *life) {
	for wait := retryFirst; !r.signal(l, l.stop); {
		if !l.pause(&wait) {
			return
		}
	}
	for asked := time.Now(); ; {
		r.mu.Lock()
		left := time.Duration(l.graceMs)*time.Millisecond - time.Since(asked)
		shorter := l.signals
		r.mu.Unlock()
		if left <= 0 {
			break
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-shorter:
		case <-l.over:
			timer.Stop()
			return
		}
		timer.Stop()
	}
	for wait := retryFirst; !r.signal(l, "KILL"); {
		if !l.pause(&wait) {
			return
		}
	}
}

// signal sends a signal to a container after it was seen to be ours. False: the engine does not answer.
func (r *Runner) signal(l *life, signal string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r.mu.Lock()
	client, id := l.client, l.id
	r.mu.Unlock()
	found, err := client.Inspect(ctx, id)
	if err != nil {
		return engine.IsStatus(err, 404)
	}
	if !r.isOurs(found, l.info.TaskID) || found.State.Ended() {
		return true
	}
	err = client.Kill(ctx, id, signal)
	if err != nil {
		r.Log("signal refused task=%s signal=%s cause=%v", l.info.TaskID, signal, err)
	}
	return err == nil || engine.Answered(err)
}

// lost: somebody removed the container.
func (r *Runner) lost(l *life) {
	r.drain(l)
	r.Cgroups.Return(l.info.TaskID)
	if !r.mayHaveRun(l) {
		r.fail(l, "its container was removed by someone before it ran")
		return
	}
	r.tell(l, launch.News{Exit: &launch.Exit{Unknown: true, Words: "its container was removed by someone, so its exit status is unknown", EndedAtMs: wallMs()}})
}

// over tells how a container ended, once all it said is in the logs.
func (r *Runner) over(l *life, found *engine.Container) {
	r.Cgroups.Return(l.info.TaskID)
	r.drain(l)
	exit := launch.Exit{Code: found.State.ExitCode, EndedAtMs: endedAtMs(found.State)}
	r.mu.Lock()
	killed, stop := l.killed, l.stop
	r.mu.Unlock()
	if signal := exit.Code - 128; killed && (signal == 9 || signal == signalNumber(stop)) {
		exit.Code, exit.Signal = 0, signal
	}
	limit := launch.LimitsOf(l.info).MemMib
	if found.State.OOMKilled || exit.Code == 128+9 && limit > 0 && cgroup.OomInLog(found.ID) {
		exit.Cgroup = cgroup.Outcome{OomKills: 1, OwnLimit: limit > 0, PeakMib: limit, LimitMib: limit} // it was reached
		if exit.Code == 128+9 {
			exit.Code, exit.Signal = 0, 9
		}
	}
	r.tell(l, launch.News{Exit: &exit})
}

var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "WINCH": 28,
}

func signalNumber(name string) int { return signalNumbers[name] }

func endedAtMs(s engine.State) int64 {
	at, err := time.Parse(time.RFC3339Nano, s.FinishedAt)
	if err != nil || at.Year() < 2000 {
		return wallMs()
	}
	return at.UnixNano() / int64(time.Millisecond)
}

// maxRunBytes of the file `run` are read: the container can write to it.
const maxRunBytes = 1024

// cannotStart gives the words of our first program when it could not become the task.
func (r *Runner) cannotStart(l *life) string {
	fd, err := syscall.Open(filepath.Join(r.runDir(l.info.TaskID, l.run), "run"), syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = syscall.Close(fd) }()
	data := make([]byte, maxRunBytes)
	n, _ := syscall.Read(fd, data) // nothing is nothing
	if n < 2 || string(data[:2]) != "E " {
		return ""
	}
	text, _, _ := strings.Cut(string(data[2:n]), "\n")
	return strings.ToValidUTF8(text, "?")
}
