package shim

import (
	"runtime"
	"syscall"
	"unsafe"
)

func asList(p *uintptr) **byte { return (**byte)(unsafe.Pointer(p)) }

// Fallback runs a shim under the Go runtime, for programs linked without our entry (tests, `go run`, other
// architectures). Call it first thing in main when os.Args[0] is Name. It does not return.
func Fallback(args, env []string) {
	runtime.LockOSThread()
	underGo = true
	run(uintptr(len(args)), cList(args), cList(env))
}

func cList(list []string) **byte {
	out := make([]*byte, len(list)+1)
	for i, s := range list {
		out[i], _ = syscall.BytePtrFromString(s) // from the kernel: there is no NUL inside
	}
	return &out[0]
}
