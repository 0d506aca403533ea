//go:build linux

package shim

// noGoroutine stands for runtime.g, and threadLocal for the storage that points to it; both stay zero except for the
// pointer the entry writes. 1 KiB is more than a g has had in any Go so far.
var (
	noGoroutine [1024]byte
	threadLocal [4]uintptr
)

// rawMain is called by the entry with the initial stack: argc, argv, NULL, envp, NULL.
func rawMain(stack *uintptr) {
	argv := offset(asList(stack), 1)
	run(*stack, argv, offset(argv, *stack+1))
}

// Linked keeps what only assembly refers to.
func Linked() (int, func(*uintptr), func()) {
	return len(noGoroutine) + len(threadLocal), rawMain, childMain
}
