//go:build amd64 || arm64

package shim

const canShare = true

// shareChild makes a child by clone or clone3. The child goes on in childMain, on the stack that the call names, and
// never returns; the parent gets what the kernel says.
func shareChild(trap, first, second uintptr) (r uintptr)
