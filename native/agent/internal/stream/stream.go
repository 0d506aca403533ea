// Package stream sends a task's log file over a connection: in order, never more than the credit, following the file
// until the task has ended. A slow reader makes it wait; nothing is buffered. It may import link and wire.
package stream

import (
	"io"
	"os"
	"sync"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

// pollEvery is how often a followed file is looked at: only while somebody follows it.
const pollEvery = 100 * time.Millisecond

// Fate tells what became of the task of a log. Both channels are closed by its owner.
type Fate struct {
	Ended   chan struct{}
	Removed chan struct{}
}

// NewFate is for a task that lives.
func NewFate() *Fate { return &Fate{Ended: make(chan struct{}), Removed: make(chan struct{})} }

// Stream is one open log.
type Stream struct {
	ID     uint32
	conn   *link.Conn
	file   *os.File
	fate   *Fate
	follow bool
	offset int64
	until  int64 // without follow: the size at the time of opening

	mu     sync.Mutex
	credit int64
	more   chan struct{} // credit came
	stop   chan struct{}
	once   sync.Once
	over   chan struct{}
}

// Open finds the start: a negative offset counts from the end.
func Open(id uint32, conn *link.Conn, path string, offset int64, follow bool, fate *Fate) (*Stream, error) {
	file, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // the first error tells more
		return nil, err
	}
	size := info.Size()
	if offset < 0 {
		offset += size
	}
	if offset < 0 {
		offset = 0
	}
	if offset > size {
		offset = size
	}
	return &Stream{
		ID: id, conn: conn, file: file, fate: fate, follow: follow, offset: offset, until: size,
		credit: wire.InitialCreditBytes, more: make(chan struct{}, 1), stop: make(chan struct{}), over: make(chan struct{}),
	}, nil
}

// Start and size, for the answer.
func (s *Stream) Start() (offset, size int64) { return s.offset, s.until }

// Grant adds credit.
func (s *Stream) Grant(bytes int64) {
	if bytes <= 0 {
		return
	}
	s.mu.Lock()
	s.credit += bytes
	if s.credit > 1<<40 {
		s.credit = 1 << 40
	}
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// Close ends the stream; Run then returns.
func (s *Stream) Close() { s.once.Do(func() { close(s.stop) }) }

// IsOver tells whether Run has returned.
func (s *Stream) IsOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// Run sends until the end, says the cause, and returns.
func (s *Stream) Run() {
	defer close(s.over)
	cause := s.run()
	_ = s.file.Close() // only read from
	_ = s.conn.Send(wire.StreamEndEvent{V: wire.Version, Event: "stream-end", Stream: s.ID, Cause: cause})
}

func (s *Stream) run() string {
	for {
		// The order matters: what the task wrote before it ended is there when we look after we know that it ended.
		ended := s.hasEnded()
		sent, cause := s.drain()
		if cause != "" {
			return cause
		}
		if sent {
			continue
		}
		if !s.follow || ended {
			return wire.EndFinished
		}
		if cause := s.waitMore(); cause != "" {
			return cause
		}
	}
}

func (s *Stream) hasEnded() bool {
	select {
	case <-s.fate.Ended:
		return true
	default:
		return false
	}
}

func (s *Stream) waitMore() string {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-s.stop:
		return wire.EndClosed
	case <-s.conn.Done():
		return wire.EndClosed
	case <-s.fate.Removed:
		return wire.EndRemoved
	case <-s.fate.Ended:
		return ""
	case <-timer.C:
		return ""
	}
}

// drain sends one frame if there is anything to send.
func (s *Stream) drain() (sent bool, cause string) {
	allowed, cause := s.awaitCredit()
	if cause != "" {
		return false, cause
	}
	if allowed > wire.MaxDataBytes {
		allowed = wire.MaxDataBytes
	}
	if left := s.until - s.offset; !s.follow && left < allowed {
		allowed = left
	}
	if allowed <= 0 {
		return false, ""
	}
	if s.follow && !s.grown() {
		return false, ""
	}
	const header = 9
	frame := s.conn.DataBuffer()[:header+allowed]
	n, err := s.file.ReadAt(frame[header:], s.offset)
	if err != nil && err != io.EOF {
		return false, wire.EndFailed
	}
	if n == 0 {
		return false, ""
	}
	frame, _ = wire.AppendData(frame[:0], s.ID, frame[header:header+n]) // the same place: it only writes the header
	s.mu.Lock()
	s.credit -= int64(n)
	s.mu.Unlock()
	s.offset += int64(n)
	if !s.conn.SendData(frame) {
		return false, wire.EndClosed
	}
	return true, ""
}

// grown looks before a buffer is taken.
func (s *Stream) grown() bool {
	info, err := s.file.Stat()
	if err != nil {
		return true // the read will say why
	}
	if info.Size() < s.offset {
		s.offset = info.Size() // the task truncated its own log: go on from there
	}
	return info.Size() > s.offset
}

func (s *Stream) awaitCredit() (int64, string) {
	for {
		s.mu.Lock()
		credit := s.credit
		s.mu.Unlock()
		select {
		case <-s.stop:
			return 0, wire.EndClosed
		case <-s.conn.Done():
			return 0, wire.EndClosed
		default:
		}
		if credit > 0 {
			return credit, ""
		}
		select {
		case <-s.more:
		case <-s.stop:
		case <-s.conn.Done():
		}
	}
}
