package stream

import (
	"io"
	"time"

	"mesolite/agent/internal/wire"
)

// pollEvery is how often a followed file is looked at: only while somebody follows it.
const pollEvery = 100 * time.Millisecond

// Log is read by offsets that stay, whatever was given back of its beginning.
type Log interface {
	// ReadAt reads from an offset, or from the first one that is left; at is where the bytes begin.
	ReadAt(p []byte, offset int64) (n int, at int64, err error)
	Size() (int64, error)
	Head() int64
	Close()
}

// Fate tells what became of the task of a log. Both channels are closed by its owner.
type Fate struct {
	Ended   chan struct{}
	Removed chan struct{}
}

// NewFate is for a task that lives.
func NewFate() *Fate { return &Fate{Ended: make(chan struct{}), Removed: make(chan struct{})} }

// LogBody sends a log.
type LogBody struct {
	stream *Stream
	log    Log
	fate   *Fate
	follow bool
	offset int64
	until  int64 // without follow: the size at the time of opening
}

// OpenLog finds the start: a negative offset counts from the end.
func OpenLog(s *Stream, log Log, offset int64, follow bool, fate *Fate) (*LogBody, error) {
	size, err := log.Size()
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		offset += size
	}
	if head := log.Head(); offset < head {
		offset = head
	}
	if offset > size {
		offset = size
	}
	return &LogBody{stream: s, log: log, fate: fate, follow: follow, offset: offset, until: size}, nil
}

// Start and size, for the answer.
func (b *LogBody) Start() (offset, size int64) { return b.offset, b.until }

// Send is the body of the stream.
func (b *LogBody) Send() string {
	defer b.log.Close()
	for {
		// The order matters: what the task wrote before it ended is there when we look after we know that it ended.
		ended := b.hasEnded()
		sent, cause := b.drain()
		if cause != "" {
			return cause
		}
		if sent {
			continue
		}
		if !b.follow || ended {
			return wire.EndFinished
		}
		if cause := b.waitMore(); cause != "" {
			return cause
		}
	}
}

func (b *LogBody) hasEnded() bool {
	select {
	case <-b.fate.Ended:
		return true
	default:
		return false
	}
}

func (b *LogBody) waitMore() string {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-b.stream.stop:
		return wire.EndClosed
	case <-b.stream.conn.Done():
		return wire.EndClosed
	case <-b.fate.Removed:
		return wire.EndRemoved
	case <-b.fate.Ended:
		return ""
	case <-timer.C:
		return ""
	}
}

// drain sends one frame if there is anything to send.
func (b *LogBody) drain() (sent bool, cause string) {
	allowed, open := b.stream.awaitCredit()
	if !open {
		return false, wire.EndClosed
	}
	if left := b.until - b.offset; !b.follow && left < allowed {
		allowed = left
	}
	if allowed <= 0 || (b.follow && !b.grown()) {
		return false, ""
	}
	n, err := b.stream.sendFrom(allowed, b.read)
	if err == ErrClosed {
		return false, wire.EndClosed
	}
	if err != nil && err != io.EOF {
		return false, wire.EndFailed
	}
	b.offset += int64(n)
	return n > 0, ""
}

// read says so before it gives bytes that are not the next ones: what was in between was given back to the disk.
func (b *LogBody) read(p []byte) (int, error) {
	n, at, err := b.log.ReadAt(p, b.offset)
	if n > 0 && at != b.offset {
		if left := b.until - at; !b.follow && left < int64(n) {
			if n = int(left); n <= 0 {
				b.move(b.until) // nothing of the rest is left, and that is told too
				return 0, io.EOF
			}
		}
		b.move(at)
	}
	return n, err
}

func (b *LogBody) move(to int64) {
	b.offset = to
	_ = b.stream.conn.Send(wire.StreamMovedEvent{V: wire.Version, Event: "stream-moved", Stream: b.stream.ID, Offset: to}) // ended: seen at once
}

// grown looks before a buffer is taken.
func (b *LogBody) grown() bool {
	size, err := b.log.Size()
	if err != nil {
		return true // the read will say why
	}
	if size < b.offset {
		b.move(size) // the task truncated its own log: go on from there
	}
	return size > b.offset
}
