package shim

import (
	"syscall"
	"unsafe"
)

// start makes the child that becomes the task and waits until it is its own program, or gives the step that failed.
func start(argv, envp **byte) (step int, errno syscall.Errno) {
	if carrying {
		if errno = openPipes(arg(argv, argUID), arg(argv, argGID)); errno != 0 {
			return StepFork, errno
		}
	}
	if canShare && !underGo {
		step, errno = startSharing(argv, envp)
	} else {
		step, errno = startApart(argv, envp)
	}
	if step != 0 && mainPid != 0 {
		_, _ = call(syscall.SYS_WAIT4, uintptr(mainPid), addr((*byte)(unsafe.Pointer(&status))), 0, 0, 0)
		status = 0
	}
	if step == 0 {
		write(FdAlive, &line[0], told)
	}
	return step, errno
}

// startApart is fork: the child has a copy of our memory.
func startApart(argv, envp **byte) (step int, errno syscall.Errno) {
	_, errno = call(syscall.SYS_PIPE2, addr((*byte)(unsafe.Pointer(&pipeFds[0]))), syscall.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return StepFork, errno
	}
	pid, errno := fork()
	if errno != 0 {
		return StepFork, errno
	}
	if pid == 0 {
		step, errno = child(argv, envp)
		line[0], line[1] = byte(step), byte(errno)
		write(int(pipeFds[1]), &line[0], 2)
		exitNow(127)
	}
	mainPid = int(pid)
	closeFd(int(pipeFds[1]))
	if carrying {
		givePipes()
	}
	told = mark()
	n, _ := call(syscall.SYS_READ, uintptr(pipeFds[0]), addr(&buf[0]), 2, 0, 0)
	closeFd(int(pipeFds[0]))
	if n == 2 {
		return int(buf[0]), syscall.Errno(buf[1])
	}
	return 0, 0
}

// startSharing is vfork: the child has our memory and a stack of its own, and we stand still until it is its own
// program. To copy what we have mapped would cost more than all else here. It leaves the mark itself, so that the task
// never runs without one.
func startSharing(argv, envp **byte) (step int, errno syscall.Errno) {
	childArgv, childEnvp = argv, envp
	pid, errno := forkSharing()
	if errno != 0 {
		return StepFork, errno
	}
	mainPid = int(pid)
	if carrying {
		givePipes()
	}
	if told == 0 { // it was ended before it came to it, or an emulator gave it a copy of our memory
		_, _ = call(syscall.SYS_LSEEK, uintptr(runFd), 0, 0, 0, 0)
		told = mark()
	}
	return childStep, childErrno
}

// childMain is called on the stack of a child that shares our memory.
func childMain() {
	mainPid = self()
	told = mark()
	childStep, childErrno = child(childArgv, childEnvp)
	exitNow(127)
}

func forkSharing() (uintptr, syscall.Errno) {
	const size = uintptr(len(childStack))
	stack := (addr(&childStack[0]) + 15) &^ 15
	if flags&FlagCgroupKill != 0 {
		inGroup(syscall.CLONE_VM | syscall.CLONE_VFORK)
		cloneArgs[5], cloneArgs[6] = uint64(stack), uint64(size-16)
		pid, errno := result(shareChild(sysClone3, uintptr(unsafe.Pointer(&cloneArgs[0])), unsafe.Sizeof(cloneArgs)))
		if errno == 0 {
			return pid, 0
		}
		bornInside = false // see fork
	}
	return result(shareChild(syscall.SYS_CLONE, syscall.CLONE_VM|syscall.CLONE_VFORK|uintptr(syscall.SIGCHLD), stack+size-16))
}

// result splits what the kernel gave: the last page of numbers are errors.
func result(r uintptr) (uintptr, syscall.Errno) {
	if r > ^uintptr(4095) {
		return 0, syscall.Errno(-r)
	}
	return r, 0
}

func firstJoin() int {
	if flags&(FlagCgroupKill|FlagFreezer) != 0 {
		return FdCgroup + extraFds
	}
	return FdCgroup
}

// fork makes the child, on v2 already inside its group: joining later costs milliseconds, since it waits for every
// CPU of the machine.
func fork() (uintptr, syscall.Errno) {
	if flags&FlagCgroupKill != 0 {
		inGroup(0)
		pid, errno := call(sysClone3, uintptr(unsafe.Pointer(&cloneArgs[0])), unsafe.Sizeof(cloneArgs), 0, 0, 0)
		if errno == 0 {
			return pid, 0
		}
		bornInside = false // a kernel before 5.7, or one that forbids it: the child joins by itself
	}
	return call(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0)
}

func inGroup(more uint64) {
	cloneArgs[0] = cloneIntoCgroup | more
	cloneArgs[4] = uint64(syscall.SIGCHLD)
	cloneArgs[10] = FdCgroup + 1
	bornInside = true
}

// mark writes `S pid start` to the file `run` and leaves it in line: the identity of the task is its boot id (the
// agent's to know), pid and start time. Room for the exit record is taken with it, so that a disk which the task
// fills cannot lose its status.
func mark() int {
	n := put(line[:], 0, "S ")
	n = putInt(line[:], n, int64(mainPid))
	n = put(line[:], n, " ")
	n = putInt(line[:], n, startTime(mainPid))
	for i := n; i < RecordSize; i++ {
		line[i] = ' '
	}
	line[RecordAt-1] = '\n'
	write(runFd, &line[0], RecordSize)
	line[n] = '\n'
	return n + 1
}
