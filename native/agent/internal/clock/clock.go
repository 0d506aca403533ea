// Package clock is time as a port: the real one, and one that tests move by hand.
// Deadlines use the monotonic part; wall time is for display only.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time.
type Clock interface {
	// WallMs is ms since 1970, for display.
	WallMs() int64
	// MonoMs only grows, from the boot on, and is for deadlines.
	MonoMs() int64
}

// Real is the system's clock. Its monotonic ms count from the boot of the machine, so that a deadline which is kept on
// disk means the same to the next process of the same boot.
type Real struct {
	start time.Time
	upMs  int64 // at start
}

// NewReal starts a clock.
func NewReal() *Real { return &Real{start: time.Now(), upMs: upMs()} }

// WallMs is ms since 1970.
func (r *Real) WallMs() int64 { return time.Now().UnixNano() / int64(time.Millisecond) }

// MonoMs is ms since the boot, without the time the machine slept.
func (r *Real) MonoMs() int64 { return r.upMs + int64(time.Since(r.start)/time.Millisecond) }

// Fake moves only when told.
type Fake struct {
	mu    sync.Mutex
	nowMs int64
}

// NewFake starts at ms.
func NewFake(ms int64) *Fake { return &Fake{nowMs: ms} }

// WallMs is the fake now.
func (f *Fake) WallMs() int64 { f.mu.Lock(); defer f.mu.Unlock(); return f.nowMs }

// MonoMs is the fake now.
func (f *Fake) MonoMs() int64 { return f.WallMs() }

// Advance moves it.
func (f *Fake) Advance(ms int64) { f.mu.Lock(); f.nowMs += ms; f.mu.Unlock() }
