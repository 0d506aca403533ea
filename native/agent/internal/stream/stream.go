// Package stream sends bytes over a connection within the credit it was given: a log while it grows, a file, a tar. A
// slow reader makes it wait; nothing is buffered. It may import link and wire.
package stream

import (
	"errors"
	"io"
	"sync"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

// ErrClosed: nobody wants more of it.
var ErrClosed = errors.New("the stream was closed")

// frameHeader is what comes before the bytes of a data frame.
const frameHeader = 9

// Stream is one open stream towards the master.
type Stream struct {
	ID   uint32
	conn *link.Conn

	mu     sync.Mutex
	credit int64
	more   chan struct{} // credit came
	stop   chan struct{}
	once   sync.Once
	over   chan struct{}
}

// New makes a stream with its first credit.
func New(id uint32, conn *link.Conn) *Stream {
	return &Stream{
		ID: id, conn: conn, credit: wire.InitialCreditBytes,
		more: make(chan struct{}, 1), stop: make(chan struct{}), over: make(chan struct{}),
	}
}

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

// Run sends what body sends, says the cause that body gives, and returns.
func (s *Stream) Run(body func() (cause string)) {
	defer close(s.over)
	cause := body()
	_ = s.conn.Send(wire.StreamEndEvent{V: wire.Version, Event: "stream-end", Stream: s.ID, Cause: cause}) // ended: nobody waits for it
}

// Stopped tells whether the stream or its connection was closed.
func (s *Stream) Stopped() bool {
	select {
	case <-s.stop:
		return true
	case <-s.conn.Done():
		return true
	default:
		return false
	}
}

// awaitCredit gives how much may be sent now, at least one byte and at most a frame; false when the stream is closed.
func (s *Stream) awaitCredit() (int64, bool) {
	for {
		s.mu.Lock()
		credit := s.credit
		s.mu.Unlock()
		if s.Stopped() {
			return 0, false
		}
		if credit > wire.MaxDataBytes {
			return wire.MaxDataBytes, true
		}
		if credit > 0 {
			return credit, true
		}
		select {
		case <-s.more:
		case <-s.stop:
		case <-s.conn.Done():
		}
	}
}

// sendFrom sends one frame of at most most bytes, read straight into it. Nothing read sends nothing.
func (s *Stream) sendFrom(most int64, read func(p []byte) (int, error)) (int, error) {
	frame := s.conn.DataBuffer()[:frameHeader+most]
	n, err := read(frame[frameHeader:])
	if n == 0 {
		return 0, err
	}
	frame, _ = wire.AppendData(frame[:0], s.ID, frame[frameHeader:frameHeader+n]) // the same place: it only writes the header
	s.mu.Lock()
	s.credit -= int64(n)
	s.mu.Unlock()
	if !s.conn.SendData(frame) {
		return 0, ErrClosed
	}
	return n, nil
}

// Write sends all of p as credit allows: for what is made while it is sent.
func (s *Stream) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		most, open := s.awaitCredit()
		if !open {
			return done, ErrClosed
		}
		if left := int64(len(p) - done); left < most {
			most = left
		}
		n, err := s.sendFrom(most, func(to []byte) (int, error) { return copy(to, p[done:]), nil })
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// Range sends the bytes from offset to until of a file, or as many as there are.
func (s *Stream) Range(file io.ReaderAt, offset, until int64) (cause string) {
	for offset < until {
		most, open := s.awaitCredit()
		if !open {
			return wire.EndClosed
		}
		if left := until - offset; left < most {
			most = left
		}
		n, err := s.sendFrom(most, func(p []byte) (int, error) { return file.ReadAt(p, offset) })
		switch {
		case err == ErrClosed:
			return wire.EndClosed
		case err == io.EOF || (n == 0 && err == nil):
			return wire.EndFinished // it became shorter
		case err != nil:
			return wire.EndFailed
		}
		offset += int64(n)
	}
	return wire.EndFinished
}
