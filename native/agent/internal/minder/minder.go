// Package minder is the shim of systems other than Linux: an ordinary Go program that keeps the promises of package
// shim (the same arguments, fifos, lines and record) with what every unix has: a session for each task, signals to its
// process group, and a parent that does not reap the first process before the group is empty. What leaves the group by
// setsid is out of its reach, and the facts say so (kill: group). It may import shim and kern.
//
// The task's environment comes in a file, not as our own: a variable such as DYLD_INSERT_LIBRARIES must not reach a
// process that still has the agent's rights.
package minder

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"mesolite/agent/internal/shim"
)

// FdEnvironment is a file with the task's environment, NUL after each variable.
const FdEnvironment = shim.FdFolder + 1

const (
	stepName = "mesolite-step"

	exitArguments = 64
	exitClaimed   = 65

	leftCap      = 30 * time.Second
	killAgain    = 100 * time.Millisecond
	killMost     = 5 * time.Second
	lookPause    = 20 * time.Millisecond
	agentPause   = 500 * time.Millisecond
	ackWait      = 2 * time.Second
	ackLook      = 100 * time.Millisecond
	waitForPid   = 1 // P_PID of waitid
	commandBytes = 128
)

// Wants tells whether a program of this name is one of ours.
func Wants(name string) bool { return name == shim.Name || name == stepName }

// Run is the whole life of a minder, or of the step to the task's own program. It does not return.
func Run(argv []string) {
	swallowSignals()
	if argv[0] == stepName {
		os.Exit(step(argv))
	}
	os.Exit(mind(argv))
}

// swallowSignals: what ends a group or a terminal is not for us. Signals that are caught have their default action
// again after an exec, also those that were ignored before; so the task begins with none ignored.
func swallowSignals() {
	list := []os.Signal{}
	for number := 1; number <= 31; number++ {
		switch s := syscall.Signal(number); s {
		case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGURG: // the last one is the Go runtime's own
		case syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV:
		default:
			list = append(list, s)
		}
	}
	signal.Notify(make(chan os.Signal, 1), list...)
}

type command struct {
	ack   bool
	grace time.Duration
}

type minder struct {
	args     shim.Args
	argv     []string
	run      *os.File
	pid      int
	commands chan command
	acked    bool
	killing  bool
	deadline time.Time
	again    time.Duration
	stuck    bool
}

func mind(argv []string) int {
	args, ok := shim.ParseArgs(argv)
	if !ok {
		return exitArguments
	}
	for fd := shim.FdAlive; fd <= FdEnvironment; fd++ {
		syscall.CloseOnExec(fd)
	}
	if syscall.Fchdir(shim.FdFolder) != nil {
		return exitClaimed
	}
	m := &minder{args: args, argv: argv, commands: make(chan command), again: killAgain}
	if !m.claim() {
		return exitClaimed
	}
	failed, errno := m.start()
	letGoOfLogs()
	go m.listen()
	if failed != 0 {
		m.finish(ending{step: failed, errno: errno})
		return 0
	}
	m.watch()
	m.finish(m.empty())
	return 0
}

// claim makes sure that one task is run once: whoever creates `run` may run it.
func (m *minder) claim() bool {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if m.args.Flags&shim.FlagWithAgent != 0 {
		flags &^= os.O_EXCL
	}
	file, err := os.OpenFile("run", flags, 0o600)
	m.run = file
	return err == nil
}

// start makes the task's process and waits until it has become its own program, or gives the step that failed.
func (m *minder) start() (failed, errno int) {
	exe, err := os.Executable()
	if err != nil {
		return shim.StepFork, int(syscall.ENOENT)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return shim.StepFork, number(err)
	}
	defer func() { _ = read.Close() }()
	m.pid, err = syscall.ForkExec(exe, append([]string{stepName}, m.argv[1:]...), &syscall.ProcAttr{
		Env: []string{}, Files: []uintptr{0, 1, 2, write.Fd(), FdEnvironment}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	_ = write.Close() // the other one has its own
	if err != nil {
		return shim.StepFork, number(err)
	}
	told := m.mark()
	var words [2]byte
	if n, _ := read.Read(words[:]); n == len(words) { // its end: it became the task
		var status syscall.WaitStatus
		_, _ = wait4(m.pid, &status, nil)
		m.pid = 0
		return int(words[0]), int(words[1])
	}
	m.tell(told)
	return 0, 0
}

// mark writes `S pid start` to the file `run`, with room for the exit record after it.
func (m *minder) mark() string {
	told := fmt.Sprintf("S %d %d", m.pid, startTime(m.pid))
	room := []byte(fmt.Sprintf("%-*s", shim.RecordSize, told))
	room[shim.RecordAt-1] = '\n'
	_, _ = m.run.WriteAt(room, 0) // a disk that is full: the agent hears it from the fifo
	return told + "\n"
}

func (m *minder) tell(line string) bool {
	_, err := syscall.Write(shim.FdAlive, []byte(line))
	return err == nil
}

// letGoOfLogs: only the task writes there.
func letGoOfLogs() {
	for fd := 1; fd <= 2; fd++ {
		_ = syscall.Close(fd)
		_, _ = syscall.Open(os.DevNull, os.O_WRONLY, 0) // takes the lowest number: this one
	}
}

// listen reads `kGRACE\n` (TERM now, KILL after that many ms; a second one can only shorten it) and `a\n` (the agent has
// the exit status on disk).
func (m *minder) listen() {
	_ = syscall.SetNonblock(shim.FdCtl, false) // a thread may wait here
	buf := make([]byte, commandBytes)
	for {
		n, err := syscall.Read(shim.FdCtl, buf)
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.EAGAIN {
			time.Sleep(lookPause)
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		for i := 0; i < n; i++ {
			switch buf[i] {
			case 'a':
				m.commands <- command{ack: true}
			case 'k':
				grace := int64(0)
				for i++; i < n && buf[i] >= '0' && buf[i] <= '9'; i++ {
					grace = grace*10 + int64(buf[i]-'0')
				}
				m.commands <- command{grace: time.Duration(grace) * time.Millisecond}
			}
		}
	}
}

// watch serves commands until the task's first process has ended and nothing keeps us from cleaning up. That process
// is left unreaped: while it is a zombie, its pid and so the number of its group cannot be reused.
func (m *minder) watch() {
	ended := make(chan struct{})
	go func() {
		awaitEnd(m.pid)
		close(ended)
	}()
	isOver := false
	for {
		pause := agentPause
		if m.killing {
			pause = lookPause
		}
		timer := time.NewTimer(pause)
		var tick <-chan time.Time
		if m.killing || m.args.Flags&shim.FlagWithAgent != 0 {
			tick = timer.C
		}
		select {
		case <-ended:
			ended, isOver = nil, true
		case c := <-m.commands:
			m.obey(c)
		case <-tick:
			if m.args.Flags&shim.FlagWithAgent != 0 && agentGone() {
				m.obey(command{})
			}
		}
		timer.Stop()
		passed := m.killing && !time.Now().Before(m.deadline)
		if isOver && (!m.killing || passed || othersIn(m.pid) == 0) {
			return
		}
		if passed {
			m.killOnceMore()
		}
	}
}

func (m *minder) obey(c command) {
	if c.ack {
		m.acked = true
		return
	}
	at := time.Now().Add(c.grace)
	if !m.killing || at.Before(m.deadline) {
		m.deadline = at
	}
	if !m.killing {
		m.killing = true
		m.signal(syscall.SIGTERM)
		m.signal(syscall.SIGCONT) // a stopped task must wake to see the TERM
	}
}

func (m *minder) killOnceMore() {
	m.signal(syscall.SIGKILL)
	m.deadline = time.Now().Add(m.again)
	if m.again *= 2; m.again > killMost {
		m.again = killMost
		if !m.stuck {
			m.stuck = true
			m.tell("D\n")
		}
	}
}

// signal reaches the task's group; only as long as its first process is not reaped.
func (m *minder) signal(s syscall.Signal) { _ = syscall.Kill(-m.pid, s) }

type ending struct {
	status      syscall.WaitStatus
	usage       syscall.Rusage
	step, errno int
	left        int
}

// empty kills what is left of the group and then reaps its first process.
func (m *minder) empty() ending {
	var end ending
	m.signal(syscall.SIGKILL)
	until, pause := time.Now().Add(leftCap), lookPause/4
	for end.left = othersIn(m.pid); end.left > 0 && time.Now().Before(until); end.left = othersIn(m.pid) {
		time.Sleep(pause)
		if pause *= 2; pause > killAgain {
			pause = killAgain
		}
		m.signal(syscall.SIGKILL)
	}
	_, _ = wait4(m.pid, &end.status, &end.usage)
	return end
}

// finish writes the exit record and tells the agent. The record is made durable here unless the agent says that it has
// it on disk.
func (m *minder) finish(end ending) {
	line := recordOf(end)
	_, _ = m.run.WriteAt([]byte(line[1:]), shim.RecordAt) // the fifo tells it too
	if m.tell(line) && m.awaitAck() {
		return
	}
	_ = m.run.Sync()
	_ = os.NewFile(shim.FdFolder, ".").Sync()
}

func recordOf(end ending) string {
	code, died := 0, 0
	if end.status.Signaled() {
		died = int(end.status.Signal())
	} else {
		code = end.status.ExitStatus()
	}
	if end.step != 0 {
		code = 0
	}
	left := ""
	if end.left > 0 {
		left = `,"left":` + strconv.Itoa(end.left)
	}
	return fmt.Sprintf(`X{"v":1,"code":%d,"signal":%d,"step":%d,"errno":%d,"endedAtMs":%d,"userMs":%d,"systemMs":%d,"maxRssKib":%d%s}`+"\n",
		code, died, end.step, end.errno, time.Now().UnixNano()/int64(time.Millisecond),
		end.usage.Utime.Nano()/int64(time.Millisecond), end.usage.Stime.Nano()/int64(time.Millisecond), int64(end.usage.Maxrss)/rssPerKib, left)
}

func (m *minder) awaitAck() bool {
	until := time.Now().Add(ackWait)
	for !m.acked {
		if time.Now().After(until) || agentGone() {
			return false
		}
		select {
		case c := <-m.commands:
			m.acked = m.acked || c.ack
		case <-time.After(ackLook):
		}
	}
	return true
}

// agentGone: nobody has the fifo open for reading.
func agentGone() bool {
	fd, err := syscall.Open("alive", os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err == nil {
		_ = syscall.Close(fd)
		return false
	}
	return err == syscall.ENXIO || err == syscall.ENOENT
}

// awaitEnd waits for a child to end, and does not reap it.
func awaitEnd(pid int) {
	var info [16]uint64 // siginfo_t, and more
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, waitForPid, uintptr(pid), uintptr(unsafe.Pointer(&info[0])), syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}

func wait4(pid int, status *syscall.WaitStatus, usage *syscall.Rusage) (int, error) {
	for {
		got, err := syscall.Wait4(pid, status, 0, usage)
		if err != syscall.EINTR {
			return got, err
		}
	}
}

func number(err error) int {
	if errno, ok := err.(syscall.Errno); ok {
		return int(errno)
	}
	return int(syscall.EIO)
}
