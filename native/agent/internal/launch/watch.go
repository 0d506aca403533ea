package launch

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// Adopt finds the shim of a task that was started before this agent. What became of it is told. After a reboot
// (sameBoot false) nothing is signalled: the pids belong to others.
func (l *Launcher) Adopt(info wire.TaskInfo, run int, sameBoot bool) {
	taskID := info.TaskID
	if !sameBoot {
		go l.gone(taskID, run, false)
		return
	}
	alive, err := openAlive(filepath.Join(l.RunDir(taskID, run), "alive"))
	if err != nil {
		go l.gone(taskID, run, true)
		return
	}
	l.Cgroups.Adopt(taskID)
	l.watching.Add(1)
	w := l.beginWatch(taskID)
	go func() {
		// The line that told of the start may have gone to an agent that died before it was on disk. The shim writes
		// its mark first and the line then, and we are listening already: one of the two is seen.
		if data, err := os.ReadFile(filepath.Join(l.RunDir(taskID, run), "run")); err == nil {
			mark, _, ended := parseRun(data)
			if pid, start := parseMark(mark); pid > 1 && !ended {
				l.Tell(News{TaskID: taskID, Run: run, Started: true, Pid: pid, StartTicks: start})
			}
		}
		l.watch(w, run, alive, 0)
	}()
}

// watch reads the shim's lines until it is gone. shimPid is not 0 when the shim is our child and must be reaped.
func (l *Launcher) watch(w *watched, run int, alive *os.File, shimPid int) {
	taskID := w.task
	defer l.watching.Add(-1)
	lines := bufio.NewReaderSize(alive, 512)
	told := false
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		switch {
		case strings.HasPrefix(line, "S "):
			pid, start := parseMark(line)
			l.Tell(News{TaskID: taskID, Run: run, Started: true, Pid: pid, StartTicks: start})
		case line == "D\n":
			l.Tell(News{TaskID: taskID, Run: run, Stuck: true})
		case strings.HasPrefix(line, "X") && !told:
			var exit Exit
			if json.Unmarshal([]byte(line[1:]), &exit) == nil {
				told = true
				l.ended(taskID, run, exit)
			}
		}
	}
	_ = alive.Close() // only read from
	if shimPid != 0 {
		reap(shimPid)
	}
	l.endWatch(w, run) // nobody holds its fifos any more: that is what the end of the file said
	if !told {
		l.gone(taskID, run, true)
	}
}

func reap(pid int) {
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			return
		}
	}
}

// Close ends what only we need. The tasks run on.
func (l *Launcher) Close() {
	l.endReady()
	l.starter.end()
}

// AwaitShims waits until the shims of ended tasks are gone too, so that nothing of ours is left to be seen.
func (l *Launcher) AwaitShims(limit time.Duration) {
	for until := time.Now().Add(limit); l.watching.Load() > 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
}

// gone finds out what became of a run whose shim is no more. What the machine ended while it went down is lost by the
// reboot, however it looks: a service that ends well on TERM would never come back.
func (l *Launcher) gone(taskID string, run int, sameBoot bool) {
	data, err := os.ReadFile(filepath.Join(l.RunDir(taskID, run), "run"))
	if err != nil {
		l.Tell(News{TaskID: taskID, Run: run, Exit: &Exit{NeverRan: true, EndedAtMs: wallMs()}})
		return
	}
	mark, exit, ended := parseRun(data)
	if ended && (sameBoot || l.DownAtMs == 0 || exit.EndedAtMs < l.DownAtMs) {
		l.ended(taskID, run, exit)
		return
	}
	if sameBoot {
		l.killLeft(taskID, mark)
	}
	l.ended(taskID, run, Exit{Unknown: true, EndedAtMs: wallMs()})
}

func (l *Launcher) ended(taskID string, run int, exit Exit) {
	exit.Cgroup = l.Cgroups.Outcome(taskID)
	removed := l.beginRemoval(taskID)
	l.Tell(News{TaskID: taskID, Run: run, Exit: &exit})
	l.Cgroups.Remove(taskID)
	removed()
}

// killLeft ends what a killed shim left behind, if it is certain that it is the task: same boot (the
// caller's check) and same start time of the pid.
func (l *Launcher) killLeft(taskID, mark string) {
	l.Cgroups.KillAll(taskID)
	pid, start := parseMark(mark)
	if pid <= 1 || start == 0 || StartTicks(pid) != start {
		return
	}
	signalExactly(pid, start)
}

// parseRun reads the file that a shim keeps: its mark, and the exit record if it is there and whole.
func parseRun(data []byte) (mark string, exit Exit, ended bool) {
	if len(data) <= shim.RecordAt {
		return string(data), exit, false
	}
	ended = json.Unmarshal(data[shim.RecordAt:], &exit) == nil
	return string(data[:shim.RecordAt]), exit, ended
}

func parseMark(mark string) (pid int, start int64) {
	fields := strings.Fields(mark)
	if len(fields) != 3 {
		return 0, 0
	}
	pid, _ = strconv.Atoi(fields[1])               // 0 when torn: then nothing is done with it
	start, _ = strconv.ParseInt(fields[2], 10, 64) // the same
	return pid, start
}
