package clock

import (
	"time"
	_ "unsafe" // for go:linkname
)

// upMs is the clock that Go's timers run by: on darwin it counts from the boot, without the time the machine slept.
func upMs() int64 { return nanotime() / int64(time.Millisecond) }

//go:linkname nanotime runtime.nanotime
func nanotime() int64
