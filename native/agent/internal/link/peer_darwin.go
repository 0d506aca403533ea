package link

import (
	"syscall"
	"unsafe"
)

// Of sys/un.h and sys/ucred.h.
const (
	solLocal      = 0
	localPeerCred = 1
	credVersion   = 0
	maxGroups     = 16
)

type xucred struct {
	version uint32
	uid     uint32
	count   int16
	groups  [maxGroups]uint32
}

func peerOf(socket uintptr) (uid int, err error) {
	var cred xucred
	size := uint32(unsafe.Sizeof(cred))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, socket, solLocal, localPeerCred, uintptr(unsafe.Pointer(&cred)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return -1, errno
	}
	if cred.version != credVersion || size < 8 {
		return -1, syscall.EINVAL
	}
	return int(cred.uid), nil
}
