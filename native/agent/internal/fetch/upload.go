package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"mesolite/agent/internal/wire"
)

// creditStep is how much is taken in before more is granted: fewer events, and the window never empties.
const creditStep = 64 << 10

// chunks are used again: an upload is a stream of thousands.
var chunks = sync.Pool{New: func() interface{} { b := make([]byte, 0, wire.MaxDataBytes); return &b }}

// Upload is one artifact on its way from the master. Its own goroutine writes it; what waits in between is never more
// than the credit.
type Upload struct {
	ID   uint32
	hash string
	size int64
	part *Partial // nil: it was there already
	tell func(message interface{})

	mu      sync.Mutex
	change  sync.Cond
	queue   [][]byte
	allowed int64 // what the master may still send
	closed  bool
	end     func(*wire.Error) // of artifact.done
	over    bool
	refusal *wire.Error // why it failed
}

// NewUpload takes a part over (nil when the artifact is complete already). Run must follow.
func NewUpload(id uint32, params wire.ArtifactPutParams, part *Partial, tell func(interface{})) *Upload {
	u := &Upload{ID: id, hash: params.SHA256, size: params.SizeBytes, part: part, tell: tell, allowed: wire.InitialCreditBytes}
	u.change.L = &u.mu
	return u
}

// Offset is where the master goes on.
func (u *Upload) Offset() int64 {
	if u.part == nil {
		return u.size
	}
	return u.part.Size
}

// Push takes bytes that came. False: more than was granted, so the other end does not keep the rules.
func (u *Upload) Push(data []byte) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over || u.closed {
		return true // it failed or was closed meanwhile: what is on its way is nobody's fault
	}
	if u.allowed -= int64(len(data)); u.allowed < 0 {
		return false
	}
	u.queue = append(u.queue, append((*chunks.Get().(*[]byte))[:0], data...))
	u.change.Signal()
	return true
}

// Done says that all was sent; the answer comes when it is checked and on disk.
func (u *Upload) Done(reply func(*wire.Error)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.refusal != nil:
		go reply(u.refusal)
	case u.over || u.closed:
		go reply(wire.Refuse(wire.CodeConflict, "upload-over", "this upload has ended"))
	case u.end != nil:
		go reply(wire.Refuse(wire.CodeConflict, "upload-over", "it was said already that all was sent"))
	default:
		u.end = reply
		u.change.Signal()
	}
}

// Close ends it; what came stays for the next try.
func (u *Upload) Close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	u.change.Signal()
}

// IsOver tells whether Run has returned.
func (u *Upload) IsOver() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.over
}

// Run writes until the end, and answers. Over is called before the answer: who has it may begin anew.
func (u *Upload) Run(over func()) {
	refusal, cause := u.run()
	over()
	u.mu.Lock()
	u.over, u.queue, u.refusal = true, nil, refusal
	reply := u.end
	u.mu.Unlock()
	switch {
	case reply != nil && cause != wire.EndClosed:
		reply(refusal)
	case reply != nil:
		reply(wire.Refuse(wire.CodeConflict, "upload-over", "this upload was closed"))
	}
	if reply == nil || cause == wire.EndClosed {
		u.tell(wire.StreamEndEvent{V: wire.Version, Event: "stream-end", Stream: u.ID, Cause: cause})
	}
}

func (u *Upload) run() (refusal *wire.Error, cause string) {
	if u.part == nil {
		for {
			chunk, state := u.next()
			if state != more {
				return nil, causeOf(state)
			}
			u.grant(int64(len(chunk))) // not needed, but the master is not held up
		}
	}
	sum, err := u.earlier()
	if err != nil {
		u.part.Drop()
		return wire.Refuse(wire.CodeInternal, "artifact", "the part cannot be read: %v", err), wire.EndFailed
	}
	at, granted := u.part.Size, int64(0)
	for {
		chunk, state := u.next()
		switch state {
		case stopped:
			u.part.Leave()
			return nil, wire.EndClosed
		case finished:
			return u.finish(sum, at), wire.EndFinished
		}
		if refusal := u.write(chunk, at); refusal != nil {
			return refusal, wire.EndFailed
		}
		_, _ = sum.Write(chunk) // never fails
		at += int64(len(chunk))
		granted += int64(len(chunk))
		chunks.Put(&chunk)
		if granted >= creditStep && at < u.size {
			u.grant(granted)
			granted = 0
		}
	}
}

func (u *Upload) grant(bytes int64) {
	u.mu.Lock()
	u.allowed += bytes
	u.mu.Unlock()
	u.tell(wire.StreamCreditEvent{V: wire.Version, Event: "stream-credit", Stream: u.ID, Bytes: bytes})
}

// earlier hashes what is there.
func (u *Upload) earlier() (hash.Hash, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, u.part.File)
	if err == nil && n != u.part.Size {
		err = errors.New("its size changed")
	}
	return sum, err
}

type state int

const (
	more state = iota
	finished
	stopped
)

func causeOf(s state) string {
	if s == stopped {
		return wire.EndClosed
	}
	return wire.EndFinished
}

func (u *Upload) next() ([]byte, state) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for {
		switch {
		case u.closed:
			return nil, stopped
		case len(u.queue) > 0:
			chunk := u.queue[0]
			u.queue[0] = nil
			u.queue = u.queue[1:]
			return chunk, more
		case u.end != nil:
			return nil, finished
		}
		u.change.Wait()
	}
}

func (u *Upload) write(chunk []byte, at int64) *wire.Error {
	if at+int64(len(chunk)) > u.size {
		u.part.Drop()
		return wire.Refuse(wire.CodeInvalid, "artifact-size", "more came than the %d bytes that were announced", u.size)
	}
	if _, err := u.part.File.Write(chunk); err != nil {
		u.part.Leave()
		return wire.Refuse(wire.CodeExhausted, "artifact-disk", "%v", onDisk(err))
	}
	return nil
}

func (u *Upload) finish(sum hash.Hash, at int64) *wire.Error {
	if at != u.size {
		u.part.Leave()
		return wire.Refuse(wire.CodeInvalid, "artifact-size", "%d bytes came of %d", at, u.size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != u.hash {
		u.part.Drop()
		return wire.Refuse(wire.CodeInvalid, "artifact-hash", "the SHA-256 of what came is %s", got)
	}
	if err := u.part.Commit(); err != nil {
		return wire.Refuse(wire.CodeExhausted, "artifact-disk", "%v", fmt.Errorf("keep the artifact: %w", onDisk(err)))
	}
	return nil
}
