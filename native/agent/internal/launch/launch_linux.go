// Package launch turns a task into a running shim, finds shims again after a restart of the agent, and passes their
// news on. It owns the folder tasks/<taskId>. It may import shim, cgroup and wire.
//
// A task is found by its two fifos, never by a pid: the shim alone holds the write end of `alive` and the read end of
// `ctl`, so end of file on the one and ENXIO on the other mean that it is gone, whatever pids were reused since.
package launch

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

// Exit is how a task ended, as its shim recorded it.
type Exit struct {
	Code      int    `json:"code"`
	Signal    int    `json:"signal"`
	Step      int    `json:"step"`
	Errno     int    `json:"errno"`
	EndedAtMs int64  `json:"endedAtMs"`
	UserMs    int64  `json:"userMs"`
	SystemMs  int64  `json:"systemMs"`
	MaxRssKib int64  `json:"maxRssKib"`
	Words     string `json:"-"` // could not start: why, in words
	// Unknown: the shim was killed before it could record anything.
	Unknown bool `json:"-"`
	// NeverRan: there is neither a shim nor a sign that the task ran.
	NeverRan bool           `json:"-"`
	Cgroup   cgroup.Outcome `json:"-"`
}

// News is told by a task's goroutine.
type News struct {
	TaskID     string
	Started    bool
	Pid        int
	StartTicks int64
	Exit       *Exit
}

// Launcher starts and finds tasks.
type Launcher struct {
	Dir     string // the state folder, absolute
	Exe     string // our own program
	Cgroups *cgroup.Driver
	Tell    func(News) // must not block for long

	mu      sync.Mutex // guards the spare fifos
	spares  []string
	made    int
	cleared bool
}

// TaskDir is the folder of a task.
func (l *Launcher) TaskDir(taskID string) string { return filepath.Join(l.Dir, "tasks", taskID) }

// Start runs a task and returns; everything else is told. The caller has its record on disk.
func (l *Launcher) Start(info wire.TaskInfo) {
	words := l.start(info)
	if words != "" {
		l.Cgroups.Remove(info.TaskID)
		l.Tell(News{TaskID: info.TaskID, Exit: &Exit{Step: shim.StepFork, Words: words, EndedAtMs: wallMs()}})
	}
}

func wallMs() int64 { return time.Now().UnixNano() / int64(time.Millisecond) }

func (l *Launcher) start(info wire.TaskInfo) (words string) {
	account, err := findAccount(info.Command.User)
	if err != nil {
		return err.Error()
	}
	if err := l.prepare(info.TaskID, account); err != nil {
		return err.Error()
	}
	group, err := l.Cgroups.Create(info.TaskID, limitsOf(info.Resources))
	if err != nil {
		return err.Error()
	}
	return l.spawn(info, account, group)
}

// A task may have this many processes and threads, or this many for each CPU if that is more: enough for any honest
// one, and a fork bomb does not take the machine with it.
const (
	maxPids       = 4096
	maxPidsPerCPU = 128
)

func limitsOf(r wire.Resources) cgroup.Limits {
	pids := int64(runtime.NumCPU()) * maxPidsPerCPU
	if pids < maxPids {
		pids = maxPids
	}
	return cgroup.Limits{CPUMilli: r.CpusMilli, MemMib: r.MemMib, Pids: pids}
}

// prepare makes the folder with its fifos. A folder left by a start that never ran is used again.
func (l *Launcher) prepare(taskID string, account account) error {
	dir := l.TaskDir(taskID)
	sandbox := filepath.Join(dir, "sandbox")
	open := os.FileMode(0o700)
	if account.change {
		open = 0o711 // the task's user must be able to reach its sandbox
	}
	for _, folder := range []string{dir, sandbox} {
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return plain(err)
		}
	}
	if account.change {
		if err := os.Chmod(dir, open); err != nil {
			return plain(err)
		}
		if err := os.Chown(sandbox, account.uid, account.gid); err != nil {
			return plain(err)
		}
	}
	return l.takeFifos(dir)
}

// plain drops the operation's name: these words are read by people.
func plain(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %s", path.Path, path.Err.Error())
	}
	return err
}

// openAll opens what a shim gets. Plain descriptors: the runtime's poller would only cost system calls, and would make
// the shared fifos and logs non-blocking at its own will.
func openAll(list []fileToOpen) (fds []uintptr, err error) {
	for _, f := range list {
		fd, err := syscall.Open(f.path, f.flags|syscall.O_CLOEXEC, 0o600)
		if err != nil {
			closeAll(fds)
			return nil, fmt.Errorf("%s: %s", f.path, err.Error())
		}
		fds = append(fds, uintptr(fd))
	}
	return fds, nil
}

func closeAll(fds []uintptr) {
	for _, fd := range fds {
		_ = syscall.Close(int(fd)) // the shim has its own copies
	}
}

func (l *Launcher) spawn(info wire.TaskInfo, account account, group cgroup.Group) (words string) {
	dir := l.TaskDir(info.TaskID)
	alive, err := os.OpenFile(filepath.Join(dir, "alive"), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return plain(err).Error()
	}
	fds, err := openAll(filesOf(dir, group))
	if err != nil {
		_ = alive.Close() // never used
		return err.Error()
	}
	pid, err := l.fork(info, account, group, fds)
	closeAll(fds)
	if err != nil {
		_ = alive.Close() // never used
		return describeErrno(err)
	}
	go l.watch(info.TaskID, alive, pid)
	return ""
}

type fileToOpen struct {
	path  string
	flags int
}

// filesOf lists what a shim gets, in the order of its file descriptors.
func filesOf(dir string, group cgroup.Group) []fileToOpen {
	appending := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	list := []fileToOpen{
		{"/dev/null", os.O_RDONLY},
		{filepath.Join(dir, "stdout"), appending},
		{filepath.Join(dir, "stderr"), appending},
		{filepath.Join(dir, "alive"), os.O_WRONLY | syscall.O_NONBLOCK},
		{filepath.Join(dir, "ctl"), os.O_RDWR | syscall.O_NONBLOCK},
		{dir, os.O_RDONLY},
	}
	switch group.Kind {
	case cgroup.KindV2:
		list = append(list, fileToOpen{group.Kill, os.O_WRONLY})
	case cgroup.KindV1:
		list = append(list, fileToOpen{group.Kill, os.O_RDWR})
	}
	for _, join := range group.Joins {
		list = append(list, fileToOpen{join, os.O_RDWR})
	}
	return list
}

func (l *Launcher) fork(info wire.TaskInfo, account account, group cgroup.Group, fds []uintptr) (int, error) {
	command := info.Command
	file, args, flags := command.Value, command.Arguments, shim.FlagSearchPath
	if command.Shell {
		file, args = "/bin/sh", []string{"sh", "-c", command.Value}
	}
	if len(args) == 0 {
		args = []string{file}
	}
	switch group.Kind {
	case cgroup.KindV2:
		flags |= shim.FlagCgroupKill
	case cgroup.KindV1:
		flags |= shim.FlagFreezer
	}
	uid := "-"
	if account.change {
		uid = strconv.Itoa(account.uid)
		flags |= shim.FlagNoNewPrivs
	}
	folder := ""
	if command.WorkingFolder != nil {
		folder = *command.WorkingFolder
	}
	sandbox := filepath.Join(l.TaskDir(info.TaskID), "sandbox")
	argv := append([]string{
		shim.Name, shim.InterfaceVersion, uid, strconv.Itoa(account.gid), account.groups,
		sandbox, folder, strconv.Itoa(flags), strconv.Itoa(len(group.Joins)), file,
	}, args...)
	return syscall.ForkExec(l.Exe, argv, &syscall.ProcAttr{
		Files: fds, Env: environment(info, account, sandbox), Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

func environment(info wire.TaskInfo, account account, sandbox string) []string {
	given := map[string]bool{}
	var list []string
	for _, v := range info.Command.Environment {
		if !given[v.Name] {
			list = append(list, v.Name+"="+v.Value)
		}
		given[v.Name] = true
	}
	for _, v := range [][2]string{
		{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"HOME", account.home}, {"USER", account.name}, {"LOGNAME", account.name}, {"SHELL", "/bin/sh"},
		{"LANG", "C.UTF-8"}, {"MESOS_SANDBOX", sandbox}, {"MESOS_TASK_ID", info.TaskID},
	} {
		if !given[v[0]] && v[1] != "" {
			list = append(list, v[0]+"="+v[1])
		}
	}
	return list
}

// Adopt finds the shim of a task that was started before this agent. What became of it is told. After a reboot
// (sameBoot false) nothing is signalled: the pids belong to others.
func (l *Launcher) Adopt(taskID string, sameBoot bool) {
	if !sameBoot {
		go l.gone(taskID, false)
		return
	}
	alive, err := os.OpenFile(filepath.Join(l.TaskDir(taskID), "alive"), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		go l.gone(taskID, true)
		return
	}
	l.Cgroups.Adopt(taskID)
	go func() {
		// The line that told of the start may have gone to an agent that died before it was on disk. The shim writes
		// its mark first and the line then, and we are listening already: one of the two is seen.
		if run, err := os.ReadFile(filepath.Join(l.TaskDir(taskID), "run")); err == nil {
			mark, _, ended := parseRun(run)
			if pid, start := parseMark(mark); pid > 1 && !ended {
				l.Tell(News{TaskID: taskID, Started: true, Pid: pid, StartTicks: start})
			}
		}
		l.watch(taskID, alive, 0)
	}()
}

// watch reads the shim's lines until it is gone. shimPid is not 0 when the shim is our child and must be reaped.
func (l *Launcher) watch(taskID string, alive *os.File, shimPid int) {
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
			l.Tell(News{TaskID: taskID, Started: true, Pid: pid, StartTicks: start})
		case strings.HasPrefix(line, "X") && !told:
			var exit Exit
			if json.Unmarshal([]byte(line[1:]), &exit) == nil {
				told = true
				l.ended(taskID, exit)
			}
		}
	}
	_ = alive.Close() // only read from
	if shimPid != 0 {
		var status syscall.WaitStatus
		for {
			if _, err := syscall.Wait4(shimPid, &status, 0, nil); err != syscall.EINTR {
				break
			}
		}
	}
	l.giveFifos(l.TaskDir(taskID)) // nobody holds them any more: that is what the end of the file said
	if !told {
		l.gone(taskID, true)
	}
}

// gone finds out what became of a task whose shim is no more.
func (l *Launcher) gone(taskID string, sameBoot bool) {
	dir := l.TaskDir(taskID)
	run, err := os.ReadFile(filepath.Join(dir, "run"))
	if err != nil {
		l.Tell(News{TaskID: taskID, Exit: &Exit{NeverRan: true, EndedAtMs: wallMs()}})
		return
	}
	mark, exit, ended := parseRun(run)
	if ended {
		l.ended(taskID, exit)
		return
	}
	if sameBoot {
		l.killLeft(taskID, mark)
	}
	l.ended(taskID, Exit{Unknown: true, EndedAtMs: wallMs()})
}

func (l *Launcher) ended(taskID string, exit Exit) {
	if exit.Signal != 0 || exit.Code != 0 || exit.Unknown {
		exit.Cgroup = l.Cgroups.Outcome(taskID)
	}
	l.Tell(News{TaskID: taskID, Exit: &exit})
	l.Cgroups.Remove(taskID)
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

// StartTicks is the start time of a process in clock ticks since the boot, or 0.
func StartTicks(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	ticks, _ := strconv.ParseInt(fields[19], 10, 64) // 0 when it is no number
	return ticks
}

// signalExactly kills a process and its group through a pidfd, which cannot go over to another process; on a kernel
// without pidfd the start time was compared just before, and that is the best there is.
func signalExactly(pid int, start int64) {
	const pidfdOpen, pidfdSend = 434, 424
	fd, _, errno := syscall.RawSyscall(pidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // the task leads its group; gone is fine
		return
	}
	defer func() { _ = syscall.Close(int(fd)) }()
	if StartTicks(pid) != start {
		return
	}
	// While the pidfd's process exists unreaped, its group number is its own. It is stopped first, so that it is.
	_, _, _ = syscall.RawSyscall6(pidfdSend, fd, uintptr(syscall.SIGSTOP), 0, 0, 0, 0)
	if StartTicks(pid) == start {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // gone is fine
	}
	_, _, _ = syscall.RawSyscall6(pidfdSend, fd, uintptr(syscall.SIGKILL), 0, 0, 0, 0)
}

// Kill asks the task's shim for TERM now and KILL after graceMs. Without a shim there is nothing to kill.
func (l *Launcher) Kill(taskID string, graceMs int64) error {
	return l.command(taskID, "k"+strconv.FormatInt(graceMs, 10)+"\n")
}

// Acknowledge lets the shim go: its exit status is on our disk.
func (l *Launcher) Acknowledge(taskID string) {
	_ = l.command(taskID, "a\n") // it went by itself: fine
}

func (l *Launcher) command(taskID, line string) error {
	ctl, err := syscall.Open(filepath.Join(l.TaskDir(taskID), "ctl"), os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("reach shim: %w", err)
	}
	_, err = syscall.Write(ctl, []byte(line))
	if closeErr := syscall.Close(ctl); err == nil {
		err = closeErr
	}
	return err
}

// Forget removes everything of an ended task.
func (l *Launcher) Forget(taskID string) error {
	dir := l.TaskDir(taskID)
	// What is nearly always all there is goes without reading folders.
	for _, name := range []string{"stdout", "stderr", "run", "alive", "ctl"} {
		_ = syscall.Unlink(filepath.Join(dir, name)) // what stays is seen below
	}
	if syscall.Rmdir(filepath.Join(dir, "sandbox")) == nil && syscall.Rmdir(dir) == nil {
		return nil
	}
	return os.RemoveAll(dir)
}
