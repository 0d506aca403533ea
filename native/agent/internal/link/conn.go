package link

import (
	"errors"
	"net"
	"sync"
	"time"

	"mesolite/agent/internal/wire"
)

const (
	// maxQueuedBytes of messages that the peer does not take; past it the connection is ended.
	maxQueuedBytes = 8 << 20
	// maxQueuedData frames wait in the queue; the streams wait behind them. Small, so that messages are not late.
	maxQueuedData = 4
	// togetherBytes of messages are written at a time, or one that is longer.
	togetherBytes = 16 << 10
	// lingerLimit is how long an ended conversation waits for the other end to close as well.
	lingerLimit = time.Second
)

// ErrEnded is given for what is sent on an ended connection.
var ErrEnded = errors.New("connection ended")

type queued struct {
	frame []byte
	data  bool
}

// Conn is one connection. Sending is safe from anywhere; order is kept.
type Conn struct {
	socket net.Conn
	mu     sync.Mutex
	change sync.Cond
	queue  []queued
	bytes  int
	data   int
	ended  bool // nothing more is taken
	flush  bool // end once the queue is empty
	cause  string
	done   chan struct{}
	pool   sync.Pool
}

// NewConn starts the writer of a socket.
func NewConn(socket net.Conn) *Conn {
	c := &Conn{socket: socket, done: make(chan struct{})}
	c.change.L = &c.mu
	c.pool.New = func() interface{} { b := make([]byte, 0, wire.MaxDataBytes+16); return &b }
	go c.writeLoop()
	return c
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Cause is why it ended.
func (c *Conn) Cause() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// Send queues one message. A peer that does not read loses the connection, never our memory.
func (c *Conn) Send(message interface{}) error {
	body, err := wire.Encode(message)
	if err != nil {
		return err
	}
	frame, err := wire.AppendJSON(make([]byte, 0, len(body)+8), body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.flush {
		return ErrEnded
	}
	c.queue = append(c.queue, queued{frame: frame})
	c.bytes += len(frame)
	if c.bytes > maxQueuedBytes {
		c.endLocked("the master does not read")
	}
	c.change.Broadcast()
	return nil
}

// Idle tells whether everything was handed to the kernel: what can be left out (samples) is left out otherwise.
func (c *Conn) Idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) == 0
}

// DataBuffer gives an empty buffer for SendData.
func (c *Conn) DataBuffer() []byte { return (*c.pool.Get().(*[]byte))[:0] }

// SendData queues an encoded data frame (from DataBuffer); it waits while others are queued. False: the connection
// has ended.
func (c *Conn) SendData(frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.data >= maxQueuedData && !c.ended && !c.flush {
		c.change.Wait()
	}
	if c.ended || c.flush {
		return false
	}
	c.queue = append(c.queue, queued{frame: frame, data: true})
	c.data++
	c.change.Broadcast()
	return true
}

// End closes the connection now.
func (c *Conn) End(cause string) {
	c.mu.Lock()
	c.endLocked(cause)
	c.mu.Unlock()
}

// EndAfterFlush takes nothing more, and closes our direction once what is queued was written. The rest closes when the
// other end does, or after lingerLimit: a peer that is just writing would otherwise meet a closed socket, and drop our
// last words unread.
func (c *Conn) EndAfterFlush(cause string) {
	c.mu.Lock()
	if !c.flush {
		c.flush, c.cause = true, cause
	}
	c.change.Broadcast()
	c.mu.Unlock()
}

func (c *Conn) endLocked(cause string) {
	if c.ended {
		return
	}
	c.ended = true
	if c.cause == "" {
		c.cause = cause
	}
	_ = c.socket.Close() // wakes the reader and the writer; there is nothing to do about a failure
	close(c.done)
	c.change.Broadcast()
}

func (c *Conn) lingerLocked() {
	half, can := c.socket.(interface{ CloseWrite() error })
	if c.ended || !can || half.CloseWrite() != nil {
		c.endLocked(c.cause)
		return
	}
	time.AfterFunc(lingerLimit, func() { c.End("") }) // the cause is known
}

func (c *Conn) writeLoop() {
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && !c.ended && !c.flush {
			c.change.Wait()
		}
		if c.ended || len(c.queue) == 0 {
			c.lingerLocked()
			c.mu.Unlock()
			return
		}
		next := c.takeLocked()
		c.mu.Unlock()
		_, err := c.socket.Write(next.frame)
		c.mu.Lock()
		if next.data {
			c.data--
			frame := next.frame
			c.pool.Put(&frame)
		} else {
			c.bytes -= len(next.frame)
		}
		if err != nil {
			c.endLocked("write: " + err.Error())
		}
		c.change.Broadcast()
		c.mu.Unlock()
	}
}

// takeLocked takes what is written next: messages that wait one after the other are written as one.
func (c *Conn) takeLocked() queued {
	next, taken := c.queue[0], 1
	for ; !next.data && taken < len(c.queue) && !c.queue[taken].data && len(next.frame) < togetherBytes; taken++ {
		next.frame = append(next.frame, c.queue[taken].frame...)
	}
	for i := 0; i < taken; i++ {
		c.queue[i] = queued{}
	}
	if c.queue = c.queue[taken:]; len(c.queue) == 0 {
		c.queue = nil
	}
	return next
}
