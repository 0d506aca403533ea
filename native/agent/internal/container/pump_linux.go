package container

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The pump is one process for all containers of an agent. It outlives the agent and carries the bytes from the fifos
// that containers write to into tasks/<id>/stdout and stderr. So logs are byte-exact whatever the engine and its log
// driver, and nothing of them is kept twice. It goes by itself when no container is left.
//
// Lines on its fifo: `+ FOLDER` carry from this folder of a run; the answer is a file `pumped` in it. `- FOLDER` the
// container is gone: carry what is left, then remove the fifos, which is the answer. `q` go if there is nothing to
// carry. A line that was lost is said again by the agent.

// Pump is the argument that makes our program the pump.
const Pump = "pump"

const (
	pumpBuffer = 64 * 1024
	pumpIdle   = 2 * time.Second
	pumpTick   = 200 // ms: how often a full disk is tried again
	maxEvents  = 64
)

// places of the pump below the state folder.
func pumpFolder(dir string) string { return filepath.Join(dir, "containers") }
func pumpCtl(dir string) string    { return filepath.Join(dir, "containers", "pump.ctl") }
func pumpLock(dir string) string   { return filepath.Join(dir, "containers", "pump.lock") }

// source is one fifo and the log it goes to.
type source struct {
	fd   int
	to   int
	left []byte // what the disk did not take yet
}

type pump struct {
	dir    string
	epoll  int
	ctl    int
	line   []byte
	buf    []byte
	quit   bool
	bySide map[string]*source // folder + "/out"
	byFd   map[int32]*source
}

// RunPump is the whole life of the pump. A second one ends at once.
func RunPump(dir string) error {
	lock, err := os.OpenFile(pumpLock(dir), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // one is there
	}
	p := &pump{dir: dir, buf: make([]byte, pumpBuffer), bySide: map[string]*source{}, byFd: map[int32]*source{}}
	if p.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err := makeFifo(pumpCtl(dir), 0o600); err != nil {
		return err
	}
	p.ctl, err = syscall.Open(pumpCtl(dir), syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := p.watch(p.ctl); err != nil {
		return err
	}
	return p.loop()
}

// DropInherited closes what whoever started us left open: a pump lives long, and would hold it for as long.
func DropInherited() {
	entries, _ := os.ReadDir("/proc/self/fd") // unreadable: it stays
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd < 3 {
			continue
		}
		flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		if errno == 0 && flags&syscall.FD_CLOEXEC == 0 { // our own all have it
			_ = syscall.Close(fd)
		}
	}
}

func makeFifo(path string, mode uint32) error {
	err := syscall.Mkfifo(path, mode)
	if err == nil || errors.Is(err, syscall.EEXIST) {
		err = syscall.Chmod(path, mode) // whatever the umask
	}
	return err
}

func (p *pump) watch(fd int) error {
	return syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

func (p *pump) loop() error {
	events := make([]syscall.EpollEvent, maxEvents)
	idle := time.Now()
	for {
		wait := int(pumpIdle / time.Millisecond)
		for _, s := range p.byFd {
			if len(s.left) > 0 {
				wait = pumpTick
			}
		}
		n, err := syscall.EpollWait(p.epoll, events, wait)
		if err != nil && err != syscall.EINTR {
			return err
		}
		if len(p.bySide) > 0 || n > 0 {
			idle = time.Now()
		} else if time.Since(idle) >= pumpIdle {
			return nil
		}
		if n == 0 && p.isForsaken() {
			return nil
		}
		stuck := false
		for _, s := range p.byFd {
			stuck = !s.flush() || stuck
		}
		if stuck {
			time.Sleep(pumpTick * time.Millisecond) // its fifo stays readable: without this we would spin
		}
		for i := 0; i < n; i++ {
			if int(events[i].Fd) == p.ctl {
				p.hear()
			} else if s, ok := p.byFd[events[i].Fd]; ok {
				s.carry(p.buf)
			}
		}
		if p.quit && len(p.bySide) == 0 {
			return nil
		}
	}
}

// isForsaken drops what was removed under our hands, and tells whether our own folder was: nobody will say `-` then.
func (p *pump) isForsaken() bool {
	for path, s := range p.bySide {
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			for s.carry(p.buf) {
			}
			p.drop(path)
		}
	}
	_, err := os.Lstat(pumpLock(p.dir))
	return errors.Is(err, os.ErrNotExist)
}

// hear reads the lines that came.
func (p *pump) hear() {
	n, err := syscall.Read(p.ctl, p.buf)
	if err != nil || n <= 0 {
		return
	}
	p.line = append(p.line, p.buf[:n]...)
	for {
		end := bytes.IndexByte(p.line, '\n')
		if end < 0 {
			return
		}
		line := string(p.line[:end])
		p.line = append([]byte(nil), p.line[end+1:]...)
		if line == "q" {
			p.quit = true
		}
		if len(line) > 2 && line[1] == ' ' && filepath.IsAbs(line[2:]) && strings.HasPrefix(line[2:], p.dir) {
			switch line[0] {
			case '+':
				p.add(line[2:])
			case '-':
				p.end(line[2:])
			}
		}
	}
}

var sides = [][2]string{{"out", "stdout"}, {"err", "stderr"}}

// add opens the fifos of a run. What is no fifo is not opened: nothing in a container can make it something else, but
// the cost of looking is nothing.
func (p *pump) add(folder string) {
	for _, side := range sides {
		path := filepath.Join(folder, "io", side[0])
		if _, known := p.bySide[path]; known {
			continue
		}
		fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue // the agent sees that nobody reads, and says it again
		}
		var stat syscall.Stat_t
		if syscall.Fstat(fd, &stat) != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFIFO {
			_ = syscall.Close(fd)
			continue
		}
		log := filepath.Join(filepath.Dir(folder), side[1])
		to, err := syscall.Open(log, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_APPEND|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			_ = syscall.Close(fd)
			continue
		}
		s := &source{fd: fd, to: to}
		p.bySide[path], p.byFd[int32(fd)] = s, s
		if p.watch(fd) != nil {
			p.drop(path)
		}
	}
	if p.bySide[filepath.Join(folder, "io", "out")] != nil && p.bySide[filepath.Join(folder, "io", "err")] != nil {
		_ = os.WriteFile(filepath.Join(folder, pumpedFile), nil, 0o600) // unwritten: the agent asks again
	}
}

// pumpedFile in the folder of a run says that the pump has it.
const pumpedFile = "pumped"

// end carries what is left of a run whose container is gone, and answers by removing the fifos.
func (p *pump) end(folder string) {
	p.add(folder) // a pump that is new here reads the rest too, if there is any
	for _, side := range sides {
		path := filepath.Join(folder, "io", side[0])
		if s, known := p.bySide[path]; known {
			for s.carry(p.buf) {
			}
			p.drop(path)
		}
		_ = os.Remove(path) // the answer
	}
}

func (p *pump) drop(path string) {
	s := p.bySide[path]
	delete(p.bySide, path)
	delete(p.byFd, int32(s.fd))
	_ = syscall.Close(s.fd) // also takes it out of the epoll
	_ = syscall.Close(s.to)
}

// carry moves what is there, one buffer at most; false when there was nothing, or the disk does not take it.
func (s *source) carry(buf []byte) bool {
	if !s.flush() {
		return false
	}
	n, err := syscall.Read(s.fd, buf)
	if err != nil || n <= 0 {
		return false
	}
	s.left = buf[:n]
	if !s.flush() {
		s.left = append([]byte(nil), s.left...) // the buffer goes to the next
		return false
	}
	return true
}

// flush writes what is left; false: the disk did not take all of it. The container then waits, as it would for a
// slow terminal, and loses nothing.
func (s *source) flush() bool {
	for len(s.left) > 0 {
		n, err := syscall.Write(s.to, s.left)
		if n > 0 {
			s.left = s.left[n:]
		}
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return false
		}
	}
	s.left = nil
	return true
}
