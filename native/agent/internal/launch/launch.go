// Package launch turns a task into a running shim, finds shims again after a restart of the agent, and passes their
// news on. It owns the folder tasks/<taskId>. It may import shim, cgroup, at and wire.
//
// A task is found by its two fifos, never by a pid: the shim alone holds the write end of `alive` and the read end of
// `ctl`, so end of file on the one and ENXIO on the other mean that it is gone, whatever pids were reused since.
package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mesolite/agent/internal/at"
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
	Left      int    `json:"left"` // processes that could not be ended
	Words     string `json:"-"`    // could not start: why, in words
	// Unknown: the shim was killed before it could record anything.
	Unknown bool `json:"-"`
	// NeverRan: there is neither a shim nor a sign that the task ran.
	NeverRan bool           `json:"-"`
	Cgroup   cgroup.Outcome `json:"-"`
}

// News is told by a task's goroutine, or by whatever else runs tasks. Run says of which run it speaks.
type News struct {
	TaskID     string
	Run        int
	Started    bool
	Pid        int
	StartTicks int64
	Exit       *Exit
	Stuck      bool // KILL was sent more than once and had no effect
	// With Started: what it was given. Nil leaves what is known.
	Gpus      []int
	Container *wire.ContainerStatus
}

// Launcher starts and finds tasks.
type Launcher struct {
	Dir     string // the state folder, absolute
	Exe     string // our own program
	Cgroups *cgroup.Driver
	Tell    func(News) // must not block for long
	// Cards are those of the machine; nil: none. OomAdj is what tasks get for oom_score_adj; empty: what we have.
	Cards func() []wire.Gpu
	// CardFiles are the numbers of the device files of each card, by its index.
	CardFiles map[int][]string
	OomAdj    string
	// DownAtMs is when the machine began to go down before this boot; 0: not known, or it did not in order.
	DownAtMs int64
	// LogCap is how many bytes a log of this many MiB (0: as the settings say) may have; nil: no cap.
	LogCap func(logMib int64) int64

	watching atomic.Int64 // shims that are not gone

	removals removals // groups that are just being removed
	starter  starter

	mu      sync.Mutex // guards what follows: what is used again, and what may be
	spares  []string
	made    int
	cleared bool
	folders []spareFolder
	// readying is there while folders are made ready; closed: no more are.
	readying chan struct{}
	closed   bool
	watches  map[string][]*watched // by task
}

// TaskDir is the folder of a task.
func (l *Launcher) TaskDir(taskID string) string { return filepath.Join(l.Dir, "tasks", taskID) }

// Start runs a task and returns; everything else is told. The caller has its record on disk, with the number of this
// run in it: what runs before it left is never looked at again.
func (l *Launcher) Start(info wire.TaskInfo, run int) {
	l.awaitRemoval(info.TaskID)
	if run > 1 {
		_ = os.RemoveAll(l.RunDir(info.TaskID, run-1)) // what stays goes with the task's folder
	}
	words := l.start(info, run)
	if words != "" {
		l.Cgroups.Remove(info.TaskID)
		l.Tell(News{TaskID: info.TaskID, Run: run, Exit: &Exit{Step: shim.StepFork, Words: words, EndedAtMs: wallMs()}})
	}
	l.makeReady()
}

func wallMs() int64 { return time.Now().UnixNano() / int64(time.Millisecond) }

func (l *Launcher) start(info wire.TaskInfo, run int) (words string) {
	account, err := findAccount(info.Command.User)
	if err != nil {
		return err.Error()
	}
	if err := l.prepare(info.TaskID, run, account); err != nil {
		return err.Error()
	}
	group, err := l.Cgroups.Create(info.TaskID, limitsOf(info), deniedOf(info.GpuIndexes, l.CardFiles)...)
	if err != nil {
		return err.Error()
	}
	return l.spawn(info, run, account, group)
}

// prepare makes the folder with its fifos. A folder left by a start that never ran is used again.
func (l *Launcher) prepare(taskID string, run int, account account) error {
	dir := l.TaskDir(taskID)
	if run == 0 && !account.change {
		if taken, whole := l.takeFolder(dir); whole {
			return nil
		} else if taken {
			return l.takeFifos(dir)
		}
	}
	if err := makeHome(dir, account.who()); err != nil {
		return err
	}
	if run > 0 {
		if err := makeFolder(l.RunDir(taskID, run)); err != nil {
			return err
		}
	}
	return l.takeFifos(l.RunDir(taskID, run))
}

// plain drops the operation's name: these words are read by people.
func plain(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %s", path.Path, path.Err.Error())
	}
	return err
}

// fileToOpen is what a shim gets: see cgroup.File.
type fileToOpen = cgroup.File

// opened is what a shim is given. Only those of own are to be closed.
type opened struct {
	fds []uintptr
	own []int
}

// openAll opens what a shim gets. Plain descriptors: the runtime's poller would only cost system calls, and would make
// the shared fifos and logs non-blocking at its own will.
func openAll(list []fileToOpen) (opened, error) {
	o := opened{make([]uintptr, 0, len(list)), make([]int, 0, len(list))}
	for _, f := range list {
		if f.Fd != 0 {
			o.fds = append(o.fds, uintptr(f.Fd))
			continue
		}
		folder := f.Folder
		if folder == 0 {
			folder = at.Root
		}
		fd, err := at.Open(folder, f.Path, f.Flags|syscall.O_CLOEXEC, 0o600)
		if err != nil {
			o.close()
			return opened{}, fmt.Errorf("%s: %s", f.Path, err.Error())
		}
		o.fds, o.own = append(o.fds, uintptr(fd)), append(o.own, fd)
	}
	return o, nil
}

func (o *opened) close() {
	for _, fd := range o.own {
		_ = syscall.Close(fd) // the shim has its own copies
	}
}

func (l *Launcher) spawn(info wire.TaskInfo, run int, account account, group cgroup.Group) (words string) {
	runDir := l.RunDir(info.TaskID, run)
	alive, err := openAlive(filepath.Join(runDir, "alive"))
	if err != nil {
		return plain(err).Error()
	}
	folder, err := syscall.Open(runDir, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		_ = alive.Close() // never used
		return runDir + ": " + err.Error()
	}
	defer func() { _ = syscall.Close(folder) }() // the shim has its own copy
	given, err := openAll(filesOf(folder, run, group))
	if err != nil {
		_ = alive.Close() // never used
		return err.Error()
	}
	pid, err := l.fork(info, account, group, given.fds, shim.FlagCarry)
	given.close()
	if err != nil {
		_ = alive.Close() // never used
		return describeErrno(err)
	}
	l.watching.Add(1)
	go l.watch(l.beginWatch(info.TaskID), run, alive, pid)
	return ""
}

// filesOf lists what a shim gets, in the order of its file descriptors. What is in the folder of its run is looked up
// from there: the way to it is long.
func filesOf(folder, run int, group cgroup.Group) []fileToOpen {
	logs := ""
	if run > 0 {
		logs = "../"
	}
	appending := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	return append([]fileToOpen{
		{Path: "/dev/null", Flags: os.O_RDONLY},
		{Path: logs + "stdout", Flags: appending, Folder: folder},
		{Path: logs + "stderr", Flags: appending, Folder: folder},
		{Path: "alive", Flags: os.O_WRONLY | syscall.O_NONBLOCK, Folder: folder},
		{Path: "ctl", Flags: os.O_RDWR | syscall.O_NONBLOCK, Folder: folder},
		{Fd: folder},
	}, group.Files()...)
}

// fork makes a shim. The pid is 0 when it is no child of ours.
func (l *Launcher) fork(info wire.TaskInfo, account account, group cgroup.Group, fds []uintptr, more int) (int, error) {
	command := info.Command
	file, args, flags := command.Value, command.Arguments, shim.FlagSearchPath|more
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
		sandbox, folder, strconv.Itoa(flags), rlimitsOf(limitsOf(info), l.Cgroups.Worth(), account.change), l.OomAdj,
		strconv.Itoa(len(group.Joins)), strconv.FormatInt(l.logCap(info), 10), file,
	}, args...)
	env := l.environment(info, account, sandbox)
	if more&shim.FlagWithAgent == 0 && l.starter.start(l.Exe, l.Dir, argv, env, fds) {
		return 0, nil
	}
	return forkShim(l.Exe, argv, env, fds)
}

func (l *Launcher) environment(info wire.TaskInfo, account account, sandbox string) []string {
	given := map[string]bool{}
	var list []string
	if l.Cards != nil {
		for _, v := range gpuVariables(info.GpuIndexes, l.Cards()) {
			given[v[0]] = true // also before what the task says: its devices are its own, and no others
			list = append(list, v[0]+"="+v[1])
		}
	}
	for _, v := range info.Command.Environment {
		if !given[v.Name] {
			list = append(list, v.Name+"="+v.Value)
		}
		given[v.Name] = true
	}
	for _, v := range [][2]string{
		{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"HOME", account.home}, {"USER", account.name}, {"LOGNAME", account.name}, {"SHELL", "/bin/sh"},
		{"LANG", language}, {"MESOS_SANDBOX", sandbox}, {"MESOS_TASK_ID", info.TaskID},
	} {
		if !given[v[0]] && v[1] != "" {
			list = append(list, v[0]+"="+v[1])
		}
	}
	return list
}

func (l *Launcher) logCap(info wire.TaskInfo) int64 {
	if l.LogCap == nil {
		return 0
	}
	return l.LogCap(info.LogMib)
}

// CapLogs tells the shim of a run how many bytes each of its logs may have from now on.
func (l *Launcher) CapLogs(taskID string, run int, bytes int64) {
	_ = tell(l.RunDir(taskID, run), "l"+strconv.FormatInt(bytes, 10)+"\n") // it is gone, or from a time without it: the agent cuts
}

// Kill asks the shim of a run for TERM now and KILL after graceMs. Without a shim there is nothing to kill.
func (l *Launcher) Kill(taskID string, run int, graceMs int64) error {
	return tell(l.RunDir(taskID, run), "k"+strconv.FormatInt(graceMs, 10)+"\n")
}

// Acknowledge lets the shim of a run go: its exit status is on our disk.
func (l *Launcher) Acknowledge(taskID string, run int) {
	_ = tell(l.RunDir(taskID, run), "a\n") // it went by itself: fine
}

func tell(runDir, line string) error {
	ctl, err := syscall.Open(filepath.Join(runDir, "ctl"), os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
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
	if l.leave(taskID, dir) || l.giveFolder(dir) {
		return nil
	}
	// What is nearly always all there is goes without reading folders.
	for _, name := range []string{"stdout", "stderr", "stdout.times", "stderr.times", "run", "alive", "ctl"} {
		_ = syscall.Unlink(filepath.Join(dir, name)) // what stays is seen below
	}
	if syscall.Rmdir(filepath.Join(dir, "sandbox")) == nil && syscall.Rmdir(dir) == nil {
		return nil
	}
	return os.RemoveAll(dir)
}
