//go:build !amd64 && !arm64

package shim

const canShare = false

func shareChild(_, _, _ uintptr) (r uintptr) { return ^uintptr(0) }
