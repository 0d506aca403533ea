package shim

import (
	"syscall"
	"unsafe"
)

// finish writes the exit record, tells the agent, and ends. The record is made durable here unless the agent says
// that it has it on disk: with an agent, one group commit serves many tasks; without one, nobody else would.
func finish(status, step, errno int) {
	n := record(status, step, errno)
	_, _ = call(syscall.SYS_LSEEK, uintptr(runFd), RecordAt, 0, 0, 0)
	write(runFd, &line[1], n-1)
	// `X` and the record in one write, below PIPE_BUF: it is whole or not there.
	if write(FdAlive, &line[0], n) != 0 || !awaitAck() {
		_, _ = call(syscall.SYS_FSYNC, uintptr(runFd), 0, 0, 0, 0)
		_, _ = call(syscall.SYS_FSYNC, FdFolder, 0, 0, 0, 0)
	}
	exitNow(0)
}

// awaitAck waits for `a` on ctl while the agent is there: the fifo shows an error once its reader is gone.
func awaitAck() bool {
	until := now(clockMono) + ackWaitMs
	for !acked {
		left := until - now(clockMono)
		if left <= 0 {
			return false
		}
		polls[0] = pollFd{fd: FdAlive}
		polls[1] = pollFd{fd: FdCtl, events: pollIn}
		poll(2, left)
		if polls[0].revents != 0 {
			return false
		}
		readCommands()
	}
	return true
}

// record leaves `X{...}\n` in line.
func record(status, step, errno int) int {
	code, signal := int64(status>>8&0xff), int64(status&0x7f)
	n := put(line[:], 0, `X{"v":1,"code":`)
	n = putInt(line[:], n, code)
	n = put(line[:], n, `,"signal":`)
	n = putInt(line[:], n, signal)
	n = put(line[:], n, `,"step":`)
	n = putInt(line[:], n, int64(step))
	n = put(line[:], n, `,"errno":`)
	n = putInt(line[:], n, int64(errno))
	n = put(line[:], n, `,"endedAtMs":`)
	n = putInt(line[:], n, now(clockReal))
	n = put(line[:], n, `,"userMs":`)
	n = putInt(line[:], n, int64(usage.Utime.Sec)*1000+int64(usage.Utime.Usec)/1000)
	n = put(line[:], n, `,"systemMs":`)
	n = putInt(line[:], n, int64(usage.Stime.Sec)*1000+int64(usage.Stime.Usec)/1000)
	n = put(line[:], n, `,"maxRssKib":`)
	n = putInt(line[:], n, int64(usage.Maxrss))
	if left > 0 {
		n = put(line[:], n, `,"left":`)
		n = putInt(line[:], n, int64(left))
	}
	return put(line[:], n, "}\n")
}

// startTime is field 22 of /proc/PID/stat, in clock ticks since the boot; 0 when it cannot be read.
func startTime(pid int) int64 {
	n := put(buf[:], 0, "/proc/")
	n = putInt(buf[:], n, int64(pid))
	put(buf[:], n, "/stat\x00")
	fd, errno := openFile(&buf[0])
	if errno != 0 {
		return 0
	}
	size, errno := call(syscall.SYS_READ, uintptr(fd), addr(&buf[0]), uintptr(len(buf)), 0, 0)
	closeFd(fd)
	if errno != 0 || int(size) > len(buf) {
		return 0
	}
	i := int(size) - 1
	for i > 0 && buf[i] != ')' { // the name may hold anything, also `)`
		i--
	}
	for field := 2; field < 22 && i < int(size)-1; i++ {
		if buf[i] == ' ' {
			field++
		}
	}
	ticks := int64(0)
	for ; i < int(size) && buf[i] >= '0' && buf[i] <= '9'; i++ {
		ticks = ticks*10 + int64(buf[i]-'0')
	}
	return ticks
}

func now(clock uintptr) int64 {
	var t syscall.Timespec
	_, _ = call(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	return int64(t.Sec)*1000 + int64(t.Nsec)/1_000_000
}

func self() int {
	pid, _ := call(syscall.SYS_GETPID, 0, 0, 0, 0, 0)
	return int(pid)
}

func openAt(folder int, name string, mode int) (int, syscall.Errno) {
	fd, errno := call(syscall.SYS_OPENAT, uintptr(folder), text(name), uintptr(mode), 0o600, 0)
	return int(fd), errno
}

func openFile(path *byte) (int, syscall.Errno) {
	folder := atFdCwd
	fd, errno := call(syscall.SYS_OPENAT, uintptr(folder), uintptr(unsafe.Pointer(path)), syscall.O_RDONLY|syscall.O_CLOEXEC, 0, 0)
	return int(fd), errno
}

func closeFd(fd int) {
	_, _ = call(syscall.SYS_CLOSE, uintptr(fd), 0, 0, 0, 0)
}

func write(fd int, from *byte, n int) syscall.Errno {
	_, errno := call(syscall.SYS_WRITE, uintptr(fd), addr(from), uintptr(n), 0, 0)
	return errno
}

func addr(b *byte) uintptr { return uintptr(unsafe.Pointer(b)) }

// text is the address of a constant that ends in NUL.
func text(s string) uintptr { return *(*uintptr)(unsafe.Pointer(&s)) }

func arg(list **byte, i uintptr) *byte { return *offset(list, i) }

func offset(list **byte, i uintptr) **byte {
	return (**byte)(unsafe.Add(unsafe.Pointer(list), i*unsafe.Sizeof(uintptr(0))))
}

func at(s *byte, i uintptr) byte { return *(*byte)(unsafe.Add(unsafe.Pointer(s), i)) }

func has(s *byte, c byte) bool {
	for i := uintptr(0); at(s, i) != 0; i++ {
		if at(s, i) == c {
			return true
		}
	}
	return false
}

func same(s *byte, want string) bool {
	for i := 0; i < len(want); i++ {
		if at(s, uintptr(i)) != want[i] {
			return false
		}
	}
	return at(s, uintptr(len(want))) == 0
}

func number(s *byte) int64 {
	n := int64(0)
	for i := uintptr(0); at(s, i) >= '0' && at(s, i) <= '9'; i++ {
		n = n*10 + int64(at(s, i)-'0')
	}
	return n
}

func put(to []byte, n int, s string) int {
	for i := 0; i < len(s) && n < len(to); i++ {
		to[n] = s[i]
		n++
	}
	return n
}

func putInt(to []byte, n int, v int64) int {
	if v < 0 {
		n = put(to, n, "-")
		v = -v
	}
	scale := int64(1)
	for v/scale >= 10 {
		scale *= 10
	}
	for ; scale > 0 && n < len(to); scale /= 10 {
		to[n] = byte('0' + v/scale%10)
		n++
	}
	return n
}
