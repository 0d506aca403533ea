package clock

import (
	"syscall"
	"time"
	"unsafe"
)

// upMs is CLOCK_MONOTONIC: the clock that Go's timers run by.
func upMs() int64 {
	const clockMonotonic = 1
	var t syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0 // every Linux has it
	}
	return t.Nano() / int64(time.Millisecond)
}
