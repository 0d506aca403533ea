package link

import (
	"net"
	"os"
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

// PeerAllowed tells whether the process at the other end has our user id, or is root.
func PeerAllowed(conn *net.UnixConn) (uid int, allowed bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, false
	}
	var cred xucred
	size := uint32(unsafe.Sizeof(cred))
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, solLocal, localPeerCred, uintptr(unsafe.Pointer(&cred)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil || errno != 0 || cred.version != credVersion || size < 8 {
		return -1, false
	}
	return int(cred.uid), cred.uid == 0 || int(cred.uid) == os.Geteuid()
}
