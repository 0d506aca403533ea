package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// as does something with the file rights of a user. The kernel then checks every folder and file on the way as it
// would for the task itself, so that a link or a hard link to somebody else's file is worth nothing.
func as(who *Who, do func() error) error {
	if who == nil {
		return do()
	}
	done := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with this goroutine, and nobody else ever runs with its rights.
		runtime.LockOSThread()
		if err := become(who); err != nil {
			done <- err
			return
		}
		done <- do()
	}()
	return <-done
}

// become changes this thread alone: the plain calls, not those of the runtime, which change all threads.
func become(who *Who) error {
	groups := make([]uint32, 0, len(who.Groups)+1)
	for _, group := range who.Groups {
		groups = append(groups, uint32(group))
	}
	groups = append(groups, uint32(who.GID))
	if _, _, errno := syscall.RawSyscall(sysSetgroups, uintptr(len(groups)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
		return os.NewSyscallError("setgroups", errno)
	}
	// These two tell the old id, never a failure: a second call tells what it is now.
	none := ^uintptr(0)
	_, _, _ = syscall.RawSyscall(sysSetfsgid, uintptr(who.GID), 0, 0)
	_, _, _ = syscall.RawSyscall(sysSetfsuid, uintptr(who.UID), 0, 0)
	gid, _, _ := syscall.RawSyscall(sysSetfsgid, none, 0, 0)
	uid, _, _ := syscall.RawSyscall(sysSetfsuid, none, 0, 0)
	if uint32(gid) != uint32(who.GID) || uint32(uid) != uint32(who.UID) {
		return fmt.Errorf("cannot look as user %d", who.UID)
	}
	return nil
}
