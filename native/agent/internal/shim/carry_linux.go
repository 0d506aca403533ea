package shim

import (
	"syscall"
	"unsafe"
)

// What a task writes comes through two pipes, and its shim carries it into the logs: never beyond their cap. While the
// agent gives the beginning of a log back to the disk, the pipe is full and the kernel makes the writer wait. Nothing
// that only watches a file can hold a cap: on a busy or a virtual machine even a thread of the highest priority comes
// tens of milliseconds late, and each of them is a megabyte or two. It also holds where there are no control groups,
// and while the agent is down: then the shim gives the beginning back itself.

const (
	carryBytes = 64 * 1024 // what a pipe holds
	blockBytes = 4096
	leastRoom  = 4 * blockBytes // less is not worth a system call
	// How often the room of a full log is looked for, and a full disk tried again.
	roomTickMs = 1
	diskTickMs = 200
	// An agent that gives nothing back for so long stands still itself.
	patienceMs = 1000
	// At its end a task's last bytes are waited for so long when they find no room.
	drainMs   = 2000
	drainMost = 64

	seekData      = 3
	punchKeepSize = 3 // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
	lockExclusive = 2 | 4
	lockNone      = 8
)

// side is one of the two pipes and the log it goes to.
type side struct {
	from    int   // the end we read; -1: all has come
	into    int   // the end the task writes, until it has it
	to      int   // the log
	start   int64 // what is before it takes no room
	sinceMs int64 // since when it has no room
	alone   bool  // nobody else makes room for it
	tickMs  int64 // not 0: it waits, and is tried again after this
	at      int   // what the log did not take yet
	held    int
}

var (
	carrying bool
	capBytes int64 // of each log
	sides    [2]side
	outBufs  [2][carryBytes]byte
	stat     syscall.Stat_t
	aliveFd  [1]pollFd
)

// openPipes makes the pipes. They belong to the task's user, so that it can open /dev/stdout.
func openPipes(uid, gid *byte) syscall.Errno {
	for i := 0; i < len(sides); i++ {
		s := &sides[i]
		_, errno := call(syscall.SYS_PIPE2, addr((*byte)(unsafe.Pointer(&pipeFds[0]))), syscall.O_CLOEXEC, 0, 0, 0)
		if errno != 0 {
			return errno
		}
		s.from, s.into, s.to = int(pipeFds[0]), int(pipeFds[1]), 1+i
		_, _ = call(syscall.SYS_FCNTL, uintptr(s.from), syscall.F_SETFL, syscall.O_NONBLOCK, 0, 0)
		if at(uid, 0) != '-' {
			_, _ = call(sysFchown, uintptr(s.into), uintptr(number(uid)), uintptr(number(gid)), 0, 0) // it writes all the same
		}
	}
	return 0
}

// takePipes is for the task: they become its output.
func takePipes() syscall.Errno {
	for i := 0; i < len(sides); i++ {
		if _, errno := call(syscall.SYS_DUP3, uintptr(sides[i].into), uintptr(1+i), 0, 0, 0); errno != 0 {
			return errno
		}
	}
	return 0
}

func givePipes() {
	for i := 0; i < len(sides); i++ {
		closeFd(sides[i].into)
	}
}

// lookAtSides adds the pipes to what is waited for, and gives how long that may be.
func lookAtSides(ms int64) int64 {
	for i := 0; i < len(sides); i++ {
		s := &sides[i]
		polls[firstSide+i] = pollFd{fd: -1}
		switch {
		case s.from < 0:
		case s.tickMs == 0:
			polls[firstSide+i] = pollFd{fd: int32(s.from), events: pollIn}
		case ms < 0 || ms > s.tickMs:
			ms = s.tickMs
		}
	}
	return ms
}

// carryReady carries what has come; true when there was something.
func carryReady() bool {
	any := false
	for i := 0; i < len(sides); i++ {
		if s := &sides[i]; s.from >= 0 && (s.tickMs > 0 || polls[firstSide+i].revents != 0) {
			carry(i)
			any = true
		}
	}
	return any
}

// carry moves one buffer at most, and tells whether it moved anything. What finds no room stays where it is.
func carry(i int) bool {
	s := &sides[i]
	s.tickMs = 0
	if s.held == 0 {
		most := room(s)
		if most <= 0 {
			s.tickMs = roomTickMs
			return false
		}
		if most > carryBytes {
			most = carryBytes
		}
		n, errno := call(syscall.SYS_READ, uintptr(s.from), addr(&outBufs[i][0]), uintptr(most), 0, 0)
		if errno == syscall.EAGAIN || errno == syscall.EINTR {
			return false
		}
		if errno != 0 || n == 0 {
			closeFd(s.from)
			s.from = -1
			return false
		}
		s.at, s.held = 0, int(n)
	}
	// Where no hole can be made, the agent copies the end of the log and begins it again: not while we write.
	if _, errno := call(syscall.SYS_FLOCK, uintptr(s.to), lockExclusive, 0, 0, 0); errno == syscall.EWOULDBLOCK && waits(s) {
		s.tickMs = roomTickMs
		return false
	}
	n, errno := call(syscall.SYS_WRITE, uintptr(s.to), addr(&outBufs[i][s.at]), uintptr(s.held), 0, 0)
	_, _ = call(syscall.SYS_FLOCK, uintptr(s.to), lockNone, 0, 0, 0)
	s.sinceMs = 0
	if errno != 0 {
		s.tickMs = diskTickMs // full, or broken: the task waits, as it would for a slow terminal, and nothing is lost
		return false
	}
	s.at += int(n)
	s.held -= int(n)
	return true
}

// room is how many bytes the log may take now.
func room(s *side) int64 {
	if capBytes == 0 {
		return carryBytes
	}
	_, errno := call(sysFstat, uintptr(s.to), uintptr(unsafe.Pointer(&stat)), 0, 0, 0)
	if errno != 0 {
		return carryBytes
	}
	size := stat.Size
	if size < s.start {
		s.start = 0 // it was begun again
	}
	if capBytes-(size-s.start) < leastRoom {
		start := firstData(s.to, s.start, size)
		s.alone = s.alone && start == s.start
		s.start = start
	}
	if free := capBytes - (size - s.start); free >= leastRoom {
		s.sinceMs = 0
		return free
	}
	if waits(s) {
		return 0
	}
	s.sinceMs = 0
	to := (size - capBytes/2) &^ (blockBytes - 1)
	if punch(s.to, s.start&^(blockBytes-1), to) == 0 {
		s.start = to
		return capBytes - (size - to)
	}
	return carryBytes // no holes here: the agent sets it right when it is back
}

// waits tells whether the agent is to be waited for.
func waits(s *side) bool {
	t := now(clockMono)
	if s.sinceMs == 0 {
		s.sinceMs = t
	}
	if s.alone = s.alone || t-s.sinceMs >= patienceMs; s.alone {
		return false
	}
	aliveFd[0] = pollFd{fd: FdAlive} // shows an error once its reader is gone
	var zero syscall.Timespec
	_, _ = call(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&aliveFd[0])), 1, uintptr(unsafe.Pointer(&zero)), 0, 8)
	return aliveFd[0].revents == 0
}

// drain carries what is left once nobody is left to write: a pipe full at most, so what comes after drainMost pieces is
// not of this task.
func drain() {
	until := now(clockMono) + drainMs
	for i := 0; i < len(sides); i++ {
		s := &sides[i]
		for pieces := 0; s.from >= 0 && pieces < drainMost; {
			switch {
			case carry(i):
				pieces++
			case s.from < 0 || s.tickMs == 0: // all has come
				pieces = drainMost
			case now(clockMono) >= until: // no room
				pieces = drainMost
			default:
				nap(s.tickMs)
			}
		}
	}
}

func nap(ms int64) {
	limit := syscall.NsecToTimespec(ms * 1_000_000)
	_, _ = call(syscall.SYS_PPOLL, 0, 0, uintptr(unsafe.Pointer(&limit)), 0, 8)
}
