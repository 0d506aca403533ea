package shim

import (
	"syscall"
	"unsafe"
)

// watch serves commands until the task's first process has ended and nothing keeps us from cleaning up. That process
// is left unreaped: while it is a zombie, its pid and so the number of its group cannot be reused.
func watch() {
	for {
		if wait(untilDeadline()) {
			continue
		}
		readCommands()
		over := mainEnded()
		passed := killing && now(clockMono) >= deadline
		if over && (!killing || passed || !anyLeft()) {
			return
		}
		if passed {
			killAll()
			deadline = now(clockMono) + againMs
			if againMs *= 2; againMs > killMostMs { // what waits in the kernel does not go sooner for being asked often
				againMs = killMostMs
				tellStuck()
			}
		}
	}
}

// tellStuck says once that KILL has no effect.
func tellStuck() {
	if !stuck {
		stuck = true
		n := put(line[:], 0, "D\n")
		write(FdAlive, &line[0], n)
	}
}

func untilDeadline() int64 {
	if deadline == noDeadline {
		return -1
	}
	left := deadline - now(clockMono)
	if left < 0 {
		return 0
	}
	return left
}

// wait sleeps until a child ended, a command came, or ms passed (-1: for ever). Meanwhile it carries what the task
// writes; true: it did nothing else, and nothing else is to be done.
func wait(ms int64) (carried bool) {
	if underGo && (ms < 0 || ms > fallbackTick) {
		ms = fallbackTick
	}
	polls[0] = pollFd{fd: int32(signalFd), events: pollIn}
	polls[1] = pollFd{fd: FdCtl, events: pollIn}
	polls[2] = pollFd{fd: -1}
	if flags&FlagWithAgent != 0 {
		polls[2].fd = FdAlive // shows an error once its reader, the agent, is gone
	}
	count := uintptr(firstSide)
	if carrying {
		ms, count = lookAtSides(ms), firstSide+uintptr(len(sides))
	}
	poll(count, ms)
	if carrying && carryReady() && polls[0].revents|polls[1].revents|polls[2].revents == 0 && deadline == noDeadline && !underGo {
		return true
	}
	if polls[2].revents != 0 {
		flags &^= FlagWithAgent // told once
		ask(0)
	}
	for {
		n, errno := call(syscall.SYS_READ, uintptr(signalFd), addr(&signalBuf[0]), 128, 0, 0)
		if errno != 0 || n == 0 {
			return false
		}
	}
}

func poll(count uintptr, ms int64) {
	var limit syscall.Timespec
	timeout := uintptr(0)
	if ms >= 0 {
		limit = syscall.NsecToTimespec(ms * 1_000_000)
		timeout = uintptr(unsafe.Pointer(&limit))
	}
	_, _ = call(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&polls[0])), count, timeout, 0, 8)
}

// readCommands takes `kGRACE\n` (TERM now, KILL after that many ms; a second one can only shorten it), `lBYTES\n` (the
// cap of each log from now on) and `a\n` (the agent has the exit status on disk).
func readCommands() {
	n, errno := call(syscall.SYS_READ, FdCtl, addr(&ctlBuf[0]), uintptr(len(ctlBuf)), 0, 0)
	if errno != 0 {
		return
	}
	for i := 0; i < int(n) && i < len(ctlBuf); i++ {
		if ctlBuf[i] == 'a' {
			acked = true
		}
		command := ctlBuf[i]
		if command != 'k' && command != 'l' {
			continue
		}
		value := int64(0)
		for i++; i < int(n) && i < len(ctlBuf) && ctlBuf[i] >= '0' && ctlBuf[i] <= '9'; i++ {
			value = value*10 + int64(ctlBuf[i]-'0')
		}
		if command == 'k' {
			ask(value)
		} else {
			capBytes = value
		}
	}
}

func ask(graceMs int64) {
	at := now(clockMono) + graceMs
	if deadline == noDeadline || at < deadline {
		deadline = at
	}
	if killing || mainPid == 0 {
		return
	}
	killing = true
	signalAll(syscall.SIGTERM)
	signalAll(syscall.SIGCONT) // a stopped task must wake to see the TERM
}

// signalAll reaches the group and every direct child: both are ours by parenthood, no pid can be a stranger's.
func signalAll(signal syscall.Signal) {
	group := -mainPid
	_, _ = call(syscall.SYS_KILL, uintptr(group), uintptr(signal), 0, 0, 0)
	children(int(signal))
}

func killAll() {
	killCgroup()
	signalAll(syscall.SIGKILL)
}

// mainEnded tells whether the task's first process ended, and reaps orphans that came to us.
func mainEnded() bool {
	for {
		for i := 0; i < 24; i++ {
			info[i] = 0
		}
		_, errno := call(syscall.SYS_WAITID, idAll, 0, addr(&info[0]), waitExited|waitNoHang|waitNoWait, 0)
		if errno == syscall.EINTR {
			continue
		}
		pid := infoPid()
		if errno != 0 || pid == 0 {
			return errno == syscall.ECHILD
		}
		if pid == mainPid {
			return true
		}
		_, _ = call(syscall.SYS_WAIT4, uintptr(pid), 0, waitNoHang, 0, 0)
	}
}

// infoPid is si_pid of siginfo_t: after three ints, and four bytes more where pointers have eight.
func infoPid() int {
	place := unsafe.Pointer(&info[12])
	if unsafe.Sizeof(uintptr(0)) == 8 {
		place = unsafe.Pointer(&info[16])
	}
	return int(*(*int32)(place))
}

// anyLeft tells whether there is a child besides the ended first process.
func anyLeft() bool {
	return children(0) > 0
}

// empty reaps the first process and then kills and reaps all that is left: as subreaper every orphan of the tree
// becomes our child, so the loop ends when there is none.
func empty() {
	if mainPid != 0 {
		group := -mainPid
		_, _ = call(syscall.SYS_KILL, uintptr(group), uintptr(syscall.SIGKILL), 0, 0, 0)
	}
	_, _ = call(syscall.SYS_WAIT4, uintptr(mainPid), addr((*byte)(unsafe.Pointer(&status))), 0, uintptr(unsafe.Pointer(&usage)), 0)
	mainPid = 0
	until := now(clockMono) + leftCapMs
	pause := int64(killAgainMs / 5)
	for !reaped() {
		if now(clockMono) >= until {
			left = children(0)
			return
		}
		killCgroup() // only now: freezing is dear, and mostly nothing is left
		children(int(syscall.SIGKILL))
		if !reaped() {
			wait(pause)
			if pause *= 2; pause > killAgainMs {
				pause = killAgainMs
			}
		}
	}
}

// reaped takes in every child that has ended, and tells whether none is left.
func reaped() bool {
	for {
		pid, errno := call(syscall.SYS_WAIT4, ^uintptr(0), 0, waitNoHang, 0, 0)
		if errno == syscall.ECHILD {
			return true
		}
		if errno != 0 || pid == 0 {
			return false
		}
	}
}

// children sends signal (0: none, but zombies are reaped) to each direct child except the first process, and counts
// them. Without /proc/.../children there are none to see: then only the group is reached.
func children(signal int) int {
	fd, errno := openFile(&childPath[0])
	if errno != 0 {
		return 0
	}
	count := touchAll(fd, signal)
	closeFd(fd)
	return count
}

// touchAll does it to each number in a file, and adds up.
func touchAll(fd, signal int) (count int) {
	pid := 0
	for {
		n, errno := call(syscall.SYS_READ, uintptr(fd), addr(&buf[0]), uintptr(len(buf)), 0, 0)
		if errno != 0 || n == 0 {
			return count + touch(pid, signal)
		}
		for i := 0; i < int(n) && i < len(buf); i++ {
			if buf[i] >= '0' && buf[i] <= '9' {
				pid = pid*10 + int(buf[i]-'0')
				continue
			}
			count += touch(pid, signal)
			pid = 0
		}
	}
}

func touch(pid, signal int) int {
	if pid <= 1 || pid == mainPid {
		return 0
	}
	if signal != 0 {
		_, _ = call(syscall.SYS_KILL, uintptr(pid), uintptr(signal), 0, 0, 0)
		return 1
	}
	reaped, errno := call(syscall.SYS_WAIT4, uintptr(pid), 0, waitNoHang, 0, 0)
	if errno != 0 || reaped != 0 {
		return 0
	}
	return 1
}

// killCgroup empties the task's cgroup: by cgroup.kill, or frozen first so that no pid can change under us.
func killCgroup() {
	if flags&FlagCgroupKill != 0 {
		buf[0] = '1'
		write(FdCgroup, &buf[0], 1)
	}
	if flags&FlagFreezer == 0 {
		return
	}
	setFreezer("FROZEN")
	for tries := 0; tries < 100 && !frozen(); tries++ {
		polls[0] = pollFd{fd: -1}
		poll(1, 5)
	}
	_, _ = call(syscall.SYS_LSEEK, FdCgroup+1, 0, 0, 0, 0)
	touchAll(FdCgroup+1, int(syscall.SIGKILL))
	if mainPid != 0 { // that leaves it out
		_, _ = call(syscall.SYS_KILL, uintptr(mainPid), uintptr(syscall.SIGKILL), 0, 0, 0)
	}
	setFreezer("THAWED")
}

func setFreezer(state string) {
	n := put(line[:], 0, state)
	_, _ = call(syscall.SYS_LSEEK, FdCgroup, 0, 0, 0, 0)
	write(FdCgroup, &line[0], n)
}

func frozen() bool {
	_, _ = call(syscall.SYS_LSEEK, FdCgroup, 0, 0, 0, 0)
	n, _ := call(syscall.SYS_READ, FdCgroup, addr(&buf[0]), 16, 0, 0)
	return n >= 4 && buf[0] == 'F' && buf[3] == 'Z' // FROZEN, not FREEZING
}
