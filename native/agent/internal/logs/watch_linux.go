package logs

import (
	"encoding/binary"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	inModify  = 0x2
	inOneshot = 0x80000000
	inIgnored = 0x8000
	inFlags   = syscall.O_CLOEXEC | syscall.O_NONBLOCK

	// shimsHold: the shim of a task keeps its logs under their cap.
	shimsHold = true
	// SparePlaces is how many more goroutines the watcher needs to be able to run at a time: none, it may be late.
	SparePlaces = 0

	schedReset = 0x40000000
	schedRR    = 2
)

// eyes are how the watcher learns that a quiet log grows.
type eyes struct {
	notify int
	bell   int
	wds    map[int32]*Log
	buf    [4096]byte
	blind  bool // no inotify: everything is looked at by time
}

func newWatcher(k *Keeper) (*watcher, error) {
	bell, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, inFlags, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("eventfd", errno)
	}
	w := &watcher{keeper: k, eyes: eyes{bell: int(bell), wds: map[int32]*Log{}}, hot: map[*Log]bool{}}
	var err error
	if w.notify, err = syscall.InotifyInit1(inFlags); err != nil {
		w.notify, w.blind = -1, true
		k.options.Line("logs are looked at by time: no inotify cause=%v", err)
	}
	return w, nil
}

// ring wakes the watcher.
func (w *watcher) ring() {
	one := [8]byte{}
	binary.LittleEndian.PutUint64(one[:], 1)
	_, _ = syscall.Write(w.bell, one[:]) // full: it is awake
}

// close leaves the bell open: somebody may just be ringing it. The thread ends with the watcher's goroutine.
func (e *eyes) close() {
	if e.notify >= 0 {
		_ = syscall.Close(e.notify)
	}
}

// hurry puts this thread before the tasks: a late look is disk beyond the cap. Where it may not, it is only late more
// often.
func hurry() {
	priority := int32(1)
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, schedRR|schedReset, uintptr(unsafe.Pointer(&priority)))
	if errno != 0 {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), -15) // not ours to have
	}
}

// sleep waits for the bell, for a log that begins to grow, or until the pause is over (negative: none is needed).
func (w *watcher) sleep(pause time.Duration) {
	type pollFd struct {
		fd      int32
		events  int16
		revents int16
	}
	fds := [2]pollFd{{fd: int32(w.bell), events: 1}, {fd: int32(w.notify), events: 1}}
	var timeout *syscall.Timespec
	if pause >= 0 {
		t := syscall.NsecToTimespec(int64(pause))
		timeout = &t
	}
	_, _, _ = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 2, uintptr(unsafe.Pointer(timeout)), 0, 0, 0) // interrupted: looked once more
	if fds[0].revents != 0 {
		_, _ = syscall.Read(w.bell, w.buf[:8])
	}
	if fds[1].revents != 0 {
		w.takeEvents()
	}
}

func (w *watcher) takeEvents() {
	for {
		n, err := syscall.Read(w.notify, w.buf[:])
		if err != nil || n < syscall.SizeofInotifyEvent {
			return
		}
		for at := 0; at+syscall.SizeofInotifyEvent <= n; {
			wd := int32(binary.LittleEndian.Uint32(w.buf[at:]))
			mask := binary.LittleEndian.Uint32(w.buf[at+4:])
			at += syscall.SizeofInotifyEvent + int(binary.LittleEndian.Uint32(w.buf[at+12:]))
			switch log, known := w.wds[wd]; {
			case wd < 0: // the queue ran over
				w.keeper.eachLive(w.heat)
			case known && mask&inModify != 0:
				w.heat(log)
			case known && mask&inIgnored != 0:
				delete(w.wds, wd)
				log.watch.wd = -1
			}
		}
	}
}

func (w *watcher) forget(log *Log) {
	delete(w.hot, log)
	if wd := log.watch.wd; wd >= 0 && !w.blind {
		delete(w.wds, wd)
		_, _ = syscall.InotifyRmWatch(w.notify, uint32(wd)) // fired already: gone
	}
	log.watch.wd = -1
}

// arm leaves a log to inotify, unless it grew just then.
func (w *watcher) arm(log *Log) bool {
	wd, err := syscall.InotifyAddWatch(w.notify, log.path, inModify|inOneshot)
	if err == syscall.ENOENT {
		delete(w.hot, log)
		return true
	}
	if err != nil {
		return false // no watches left: by time
	}
	log.watch.wd = int32(wd)
	w.wds[int32(wd)] = log
	if size, _, err := log.size(); err == nil && size != log.watch.size {
		w.heat(log)
		return false
	}
	delete(w.hot, log)
	return true
}
