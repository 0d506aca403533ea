package container

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"mesolite/agent/internal/engine"
)

const (
	// clearFor is how long an engine that does not answer is asked to remove a container; the sweep of the next start
	// finds what stayed.
	clearFor  = time.Minute
	pumpLimit = 10 * time.Second
	pumpAgain = 200 * time.Millisecond
	pumpLook  = 2 * time.Millisecond
	pumpCheck = 2 * time.Second
	// closeLimit is how long an ending agent waits for the removal of the last containers.
	closeLimit = 10 * time.Second
)

// clear removes the container of a run and the folder of the run.
func (r *Runner) clear(taskID string, run int) {
	folder := r.runDir(taskID, run)
	if was, err := r.readMark(taskID, run); err == nil && !r.removeContainer(taskID, run, was) {
		return // its mark says where it is
	}
	if _, err := os.Lstat(filepath.Join(folder, "io", "out")); err == nil {
		r.drainFolder(folder)
	}
	_ = os.RemoveAll(folder) // what stays goes with the task's folder
}

// removeContainer removes the container of a run if it is there and ours; false when the engine did not answer.
func (r *Runner) removeContainer(taskID string, run int, was mark) bool {
	ctx, cancel := context.WithTimeout(context.Background(), clearFor)
	defer cancel()
	for wait := retryFirst; ; wait *= 2 {
		err := r.removeOnce(ctx, r.Name(taskID, run), taskID, was)
		if err == nil {
			return true
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			r.Log("container stays task=%s cause=%v", taskID, err)
			return false
		}
	}
}

func (r *Runner) removeOnce(ctx context.Context, name, taskID string, was mark) error {
	client, err := r.Engines.At(ctx, was.Socket)
	if err != nil {
		return err
	}
	found, err := client.Inspect(ctx, name)
	if engine.IsStatus(err, 404) {
		return nil
	}
	if err != nil {
		return err
	}
	if !r.isOurs(found, taskID) {
		return nil
	}
	return client.Remove(ctx, found.ID)
}

// Sweep removes containers of ours that no task of ours stands for: an agent that was killed, or an engine that did
// not answer, left them.
func (r *Runner) Sweep(keep func(taskID string, run string) bool) {
	if _, err := os.Stat(pumpFolder(r.Dir)); err != nil {
		return // this agent never had a container
	}
	ctx, cancel := context.WithTimeout(context.Background(), clearFor)
	defer cancel()
	for _, client := range r.Engines.All(ctx) {
		list, err := client.List(ctx, LabelAgent+"="+r.AgentID)
		if err != nil {
			r.Log("engine cannot list containers engine=%s cause=%v", client.About.Engine, err)
			continue
		}
		for _, c := range list {
			task, run := c.Labels[LabelTask], c.Labels[LabelRun]
			if c.Labels[LabelAgent] != r.AgentID || keep(task, run) || r.isHeld(task, run) {
				continue
			}
			if err := client.Remove(ctx, c.ID); err != nil {
				r.Log("container stays id=%.12s cause=%v", c.ID, err)
				continue
			}
			r.Log("container of nobody removed task=%s id=%.12s", c.Labels[LabelTask], c.ID)
		}
	}
}

// isHeld tells whether a run began, or was found again, since this agent started.
func (r *Runner) isHeld(taskID, run string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lives[taskID]
	return l != nil && strconv.Itoa(l.run) == run
}

// drain waits until all that a container said is in the logs.
func (r *Runner) drain(l *life) { r.drainFolder(r.runDir(l.info.TaskID, l.run)) }

func (r *Runner) drainFolder(folder string) {
	err := r.askPump(context.Background(), "- "+folder+"\n", func() bool {
		for _, side := range sides {
			if _, err := os.Lstat(filepath.Join(folder, "io", side[0])); err == nil {
				return false
			}
		}
		return true
	})
	if err != nil {
		r.Log("the end of a log may be missing folder=%s cause=%v", filepath.Base(filepath.Dir(folder)), err)
	}
}

// startPump makes sure that the pump carries the fifos of a run.
func (r *Runner) startPump(ctx context.Context, folder string) error {
	_ = os.Remove(filepath.Join(folder, pumpedFile)) // of a pump that may be gone
	r.keepPump()
	return r.askPump(ctx, "+ "+folder+"\n", func() bool {
		if _, err := os.Lstat(filepath.Join(folder, pumpedFile)); err == nil {
			return true
		}
		_, err := os.Lstat(filepath.Join(folder, "io", "out"))
		return err != nil // an agent before us had all of it carried
	})
}

var errPump = errors.New("the pump of the logs does not answer")

// askPump says a line to the pump until it was answered, and starts one when there is none.
func (r *Runner) askPump(ctx context.Context, line string, answered func() bool) error {
	var said time.Time
	for until := time.Now().Add(pumpLimit); !answered(); {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(until) {
			return errPump
		}
		if time.Since(said) >= pumpAgain {
			if sayPump(r.Dir, line) {
				said = time.Now()
			} else if err := r.spawnPump(); err != nil {
				return err
			}
		}
		time.Sleep(pumpLook)
	}
	return nil
}

// sayPump writes a line; false: there is no pump.
func sayPump(dir, line string) bool {
	fd, err := syscall.Open(pumpCtl(dir), syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	_, err = syscall.Write(fd, []byte(line)) // lines are shorter than what a fifo takes as one
	_ = syscall.Close(fd)
	return err == nil || err == syscall.EAGAIN
}

// spawnPump starts a pump and waits until it listens. Two at once are no harm: the second goes at once.
func (r *Runner) spawnPump() error {
	if err := os.Mkdir(pumpFolder(r.Dir), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	cmd := exec.Command(r.Exe, Pump, "--dir", r.Dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it goes when nothing is left to carry
		close(ended)
	}()
	for until := time.Now().Add(pumpLimit); time.Now().Before(until); time.Sleep(pumpLook) {
		if sayPump(r.Dir, "\n") {
			return nil
		}
		select {
		case <-ended:
			return nil // another one is there, or it failed: the caller looks again
		default:
		}
	}
	return errPump
}

// keepPump looks after the pump as long as there are runs: when somebody killed it, a new one carries on. What was
// said meanwhile waits in the fifos.
func (r *Runner) keepPump() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keeping {
		return
	}
	r.keeping = true
	go func() {
		for {
			time.Sleep(pumpCheck)
			r.mu.Lock()
			var folders []string
			for _, l := range r.lives {
				if l.runs {
					folders = append(folders, r.runDir(l.info.TaskID, l.run))
				}
			}
			if len(r.lives) == 0 || r.closed {
				r.keeping = false
				r.mu.Unlock()
				return
			}
			r.mu.Unlock()
			if sayPump(r.Dir, "\n") {
				continue
			}
			for _, folder := range folders {
				if err := r.startPump(context.Background(), folder); err != nil {
					r.Log("pump cannot be started cause=%v", err)
				}
			}
		}
	}()
}

// Close lets go of what is not needed without containers, when the agent ends.
func (r *Runner) Close(alive bool) {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	if alive {
		return // the pump carries on, and so do the containers
	}
	for until := time.Now().Add(closeLimit); r.clearing.Load() > 0 && time.Now().Before(until); {
		time.Sleep(pumpLook) // what is left then is swept by the next agent here
	}
	r.Engines.Close()
	for until := time.Now().Add(pumpLook * 500); sayPump(r.Dir, "q\n") && time.Now().Before(until); {
		time.Sleep(pumpLook)
	}
}
