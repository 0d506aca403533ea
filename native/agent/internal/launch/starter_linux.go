package launch

import (
	"sync"
	"syscall"
	"time"

	"mesolite/agent/internal/shim"
)

// starter is the process that makes our shims (see package shim). It is there from the first task on.
type starter struct {
	mu     sync.Mutex
	socket int  // 0: there is none
	cannot bool // this program cannot be one
	gone   chan struct{}
}

const (
	// shownBytes is how much of its words a shim can show as its command line.
	shownBytes = 1024
	// starterWait is how long a starter may take to say that it works.
	starterWait = 2
)

// start has a shim made; false: it is to be started by ourselves.
func (s *starter) start(exe, dir string, argv, env []string, fds []uintptr) bool {
	order := orderOf(argv, env)
	if order == nil || len(fds) > shim.StarterFds {
		return false
	}
	rights := make([]int, len(fds))
	for i, fd := range fds {
		rights[i] = int(fd)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open(exe, dir) {
		return false
	}
	for {
		err := syscall.Sendmsg(s.socket, order, syscall.UnixRights(rights...), nil, syscall.MSG_NOSIGNAL)
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.EPIPE || err == syscall.ECONNRESET { // somebody killed it: the next task has a new one
			_ = syscall.Close(s.socket)
			s.socket = 0
		}
		return err == nil
	}
}

// orderOf is the message for a shim; nil: it is too large for one.
func orderOf(argv, env []string) []byte {
	size := 2
	for _, list := range [][]string{argv, env} {
		for _, word := range list {
			size += len(word) + 1
		}
	}
	if size > shim.StarterBytes || len(argv)+len(env)+1 > shim.StarterWords {
		return nil
	}
	order := append(make([]byte, 0, size), byte(len(argv)), byte(len(argv)>>8))
	for _, list := range [][]string{argv, env} {
		for _, word := range list {
			order = append(append(order, word...), 0)
		}
	}
	return order
}

// open makes a starter where there is none. A program without the shim's entry cannot be one, and is asked once.
func (s *starter) open(exe, dir string) bool {
	if s.socket != 0 || s.cannot {
		return s.socket != 0
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	argv := append([]string{shim.Name, shim.Starter, dir}, make([]string, shownBytes)...)
	end := uintptr(pair[1])
	pid, err := forkShim(exe, argv, nil, []uintptr{end, end, end, end})
	_ = syscall.Close(pair[1]) // the starter has its own
	if err != nil {
		_ = syscall.Close(pair[0]) // never used
		return false
	}
	gone := make(chan struct{})
	go func() {
		reap(pid)
		close(gone)
	}()
	var word [1]byte
	_ = syscall.SetsockoptTimeval(pair[0], syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: starterWait})
	if n, err := syscall.Read(pair[0], word[:]); n != 1 || err != nil {
		s.cannot = true
		_ = syscall.Close(pair[0]) // it ends, if it is there at all
		return false
	}
	s.socket, s.gone = pair[0], gone
	return true
}

// end lets the starter go, and waits until it is gone.
func (s *starter) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cannot = true
	if s.socket == 0 {
		return
	}
	_ = syscall.Close(s.socket) // it sees that
	s.socket = 0
	select {
	case <-s.gone:
	case <-time.After(starterWait * time.Second):
	}
}
