// Package shim is the small process between the agent and each task. It starts the task, outlives the agent, is the
// only one that signals the task (as its parent, so a pid can never have been reused), kills what is left of it, carries
// its output into the logs within their cap, and writes the exit status. It may import syscall and unsafe only.
//
// It runs without the Go runtime: entry_*.s catches the process before the runtime starts, when argv[0] is Name. A
// runtime costs 1.6 MB a process, this costs 0.2. The price is a dialect: no allocation, no append, no maps,
// interfaces, closures, defer, goroutines or package-level values that need code to make them; only RawSyscall6 and
// static buffers. Where a program was linked without the entry, Fallback runs the same code under the runtime.
package shim

import (
	"syscall"
	"unsafe"
)

const (
	sysCloexec    = 1
	sysClone3     = 435 // the same number everywhere
	sysCloseRange = 436 // this too

	cloneIntoCgroup = 1 << 33

	atFdCwd         = -100
	sigSetMask      = 2
	prSubreaper     = 36
	prSetName       = 15
	prDeathSignal   = 1
	prNoNewPrivs    = 38
	prDropBound     = 24
	prAmbient       = 47
	ambientClear    = 4
	capVersion      = 0x20080522
	maxCap          = 64
	waitExited      = 4
	waitNoHang      = 1
	waitNoWait      = 0x01000000
	idAll           = 0
	pollIn          = 1
	clockReal       = 0
	clockMono       = 1
	leftCapMs       = 30_000
	killAgainMs     = 100
	killMostMs      = 5_000
	ackWaitMs       = 2_000
	fallbackTick    = 20
	noDeadline      = -1
	renameNoReplace = 1
	firstSide       = 3 // in polls: before it are those for signals, commands and the agent
)

type pollFd struct {
	fd      int32
	events  int16
	revents int16
}

// All state is static: one shim is one process.
var (
	mainPid    int
	underGo    bool // the Go runtime is there: SIGCHLD may go to another thread, so poll with a tick
	flags      int
	joins      int
	signalFd   int
	runFd      int
	deadline   int64 // monotonic ms of the KILL, or noDeadline
	againMs    int64 // until the next KILL
	left       int   // processes that did not go
	stuck      bool
	killing    bool
	bornInside bool // the child began its life in its cgroup
	cloneArgs  [11]uint64
	acked      bool
	allMask    [8]byte
	chldMask   [8]byte
	zeroMask   [8]byte
	action     [64]byte
	info       [128]byte
	signalBuf  [128]byte
	buf        [4096]byte
	line       [512]byte
	ctlBuf     [128]byte
	pipeFds    [2]int32
	polls      [firstSide + 2]pollFd
	groups     [64]uint32
	capHeader  [2]uint32
	capData    [6]uint32
	rlimit     [2]uint64
	status     int32
	usage      syscall.Rusage
	childPath  [64]byte
	told       int // bytes of line for the agent: the task runs
	// Of a child that shares our memory.
	childArgv, childEnvp **byte
	childStep            int
	childErrno           syscall.Errno
	childStack           [8192]byte
	// A starter made us: our descriptors are marked, and signals have their default action.
	fromStarter bool
)

func call(number, a, b, c, d, e uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, d, e, 0)
	return r, errno
}

func exitNow(code uintptr) {
	for {
		_, _ = call(syscall.SYS_EXIT_GROUP, code, 0, 0, 0, 0)
	}
}

// run is the whole life of a shim. It does not return.
func run(argc uintptr, argv, envp **byte) {
	if argc > argVersion && same(arg(argv, argVersion), Starter) {
		starter(argc, argv)
	}
	if argc <= ArgCount || !same(arg(argv, argVersion), InterfaceVersion) {
		exitNow(64)
	}
	flags = int(number(arg(argv, argFlags)))
	joins = int(number(arg(argv, argJoins)))
	carrying, capBytes = flags&FlagCarry != 0, number(arg(argv, argLogCap))
	prepare()
	if !claim() {
		exitNow(65)
	}
	step, errno := start(argv, envp)
	if !carrying {
		closeFd(1)
		closeFd(2)
	}
	if step != 0 {
		finish(0, step, int(errno))
	}
	_, _ = call(syscall.SYS_CHDIR, text("/\x00"), 0, 0, 0, 0)
	watch()
	empty()
	if carrying {
		drain()
	}
	finish(int(status), 0, 0)
}

func prepare() {
	for i := 0; i < 8; i++ {
		allMask[i] = 0xff
	}
	chldMask[2] = 1 // SIGCHLD is 17: bit 16
	_, _ = call(syscall.SYS_RT_SIGPROCMASK, sigSetMask, addr(&allMask[0]), 0, 8, 0)
	_, _ = call(syscall.SYS_PRCTL, prSubreaper, 1, 0, 0, 0)
	_, _ = call(syscall.SYS_PRCTL, prSetName, text("mesolite-shim\x00"), 0, 0, 0)
	first := uintptr(firstJoin() + joins)
	for fd := uintptr(FdAlive); fd < first && !fromStarter; fd++ {
		_, _ = call(syscall.SYS_FCNTL, fd, syscall.F_SETFD, sysCloexec, 0, 0)
	}
	// What the agent's starter left open is nobody's here. A kernel before 5.9 cannot; the agent marks its own.
	_, _ = call(sysCloseRange, first, ^uintptr(0)>>33, 0, 0, 0)
	none := ^uintptr(0)
	fd, _ := call(syscall.SYS_SIGNALFD4, none, addr(&chldMask[0]), 8, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	signalFd = int(fd)
	deadline, againMs = noDeadline, killAgainMs
	n := put(childPath[:], 0, "/proc/self/task/")
	n = putInt(childPath[:], n, int64(self()))
	put(childPath[:], n, "/children\x00")
}

// claim makes sure that one task is run once: whoever creates `run`, or gives a file that name, may run it.
func claim() bool {
	only := syscall.O_EXCL
	if flags&FlagWithAgent != 0 {
		only = 0
	}
	if only != 0 {
		_, errno := call(sysRenameat2, FdFolder, text(NextName+"\x00"), FdFolder, text("run\x00"), renameNoReplace)
		if errno == syscall.EEXIST {
			return false
		}
		if errno == 0 {
			only = 0 // it is ours
		}
	}
	fd, errno := openAt(FdFolder, "run\x00", syscall.O_WRONLY|syscall.O_CREAT|only|syscall.O_CLOEXEC)
	runFd = fd
	return errno == 0
}

// child is the task's process until it becomes its own program.
func child(argv, envp **byte) (int, syscall.Errno) {
	_, _ = call(syscall.SYS_SETSID, 0, 0, 0, 0, 0)
	for i := 0; i < joins && !bornInside; i++ {
		buf[0] = '0'
		if errno := write(firstJoin()+i, &buf[0], 1); errno != 0 {
			return StepCgroup, errno
		}
	}
	if carrying {
		if errno := takePipes(); errno != 0 {
			return StepFork, errno
		}
	}
	oomAdj(arg(argv, argOom))
	if _, errno := call(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(arg(argv, argSandbox))), 0, 0, 0, 0); errno != 0 {
		return StepSandbox, errno
	}
	if errno := setLimits(arg(argv, argLimits)); errno != 0 {
		return StepLimits, errno
	}
	if errno := becomeUser(argv); errno != 0 {
		return StepUser, errno
	}
	folder := arg(argv, argFolder)
	if at(folder, 0) != 0 {
		if _, errno := call(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(folder)), 0, 0, 0, 0); errno != 0 {
			return StepFolder, errno
		}
	}
	if flags&FlagNoNewPrivs != 0 {
		if _, errno := call(syscall.SYS_PRCTL, prNoNewPrivs, 1, 0, 0, 0); errno != 0 {
			return StepUser, errno
		}
	}
	_, _ = call(syscall.SYS_UMASK, 0o22, 0, 0, 0, 0)
	if !fromStarter {
		defaultSignals()
	}
	_, _ = call(syscall.SYS_RT_SIGPROCMASK, sigSetMask, addr(&zeroMask[0]), 0, 8, 0)
	return StepExec, execute(argv, envp)
}

// defaultSignals sets them all back: what nohup and the agent ignore is among these.
func defaultSignals() {
	for signal := uintptr(1); signal <= 31; signal++ {
		_, _ = call(syscall.SYS_RT_SIGACTION, signal, addr(&action[0]), 0, 8, 0) // zeroes: the default action
	}
}

// execute is execve, or execvp without the shell fallback. It returns only on failure.
func execute(argv, envp **byte) syscall.Errno {
	file, args := arg(argv, argFile), offset(argv, ArgCount)
	if flags&FlagSearchPath == 0 || has(file, '/') {
		_, errno := call(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(args)), uintptr(unsafe.Pointer(envp)), 0, 0)
		return errno
	}
	found := syscall.ENOENT
	path := pathOf(envp)
	for i := uintptr(0); ; i++ {
		n := 0
		for at(path, i) != 0 && at(path, i) != ':' {
			if n < len(buf)-300 {
				buf[n] = at(path, i)
				n++
			}
			i++
		}
		if n > 0 {
			buf[n] = '/'
			n++
			for k := uintptr(0); at(file, k) != 0 && n < len(buf)-1; k++ {
				buf[n] = at(file, k)
				n++
			}
			buf[n] = 0
			_, errno := call(syscall.SYS_EXECVE, addr(&buf[0]), uintptr(unsafe.Pointer(args)), uintptr(unsafe.Pointer(envp)), 0, 0)
			if errno != syscall.ENOENT && errno != syscall.ENOTDIR && found != syscall.EACCES {
				found = errno
			}
			if errno != syscall.ENOENT && errno != syscall.ENOTDIR && errno != syscall.EACCES {
				return errno
			}
		}
		if at(path, i) == 0 {
			return found
		}
	}
}

func pathOf(envp **byte) *byte {
	for i := uintptr(0); arg(envp, i) != nil; i++ {
		v := arg(envp, i)
		if at(v, 0) == 'P' && at(v, 1) == 'A' && at(v, 2) == 'T' && at(v, 3) == 'H' && at(v, 4) == '=' {
			return (*byte)(unsafe.Add(unsafe.Pointer(v), 5))
		}
	}
	return &zeroMask[0] // no PATH: an empty one
}
