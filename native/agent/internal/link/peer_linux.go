package link

import (
	"net"
	"os"
	"syscall"
)

// PeerAllowed tells whether the process at the other end has our user id, or is root.
func PeerAllowed(conn *net.UnixConn) (uid int, allowed bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, false
	}
	var cred *syscall.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err != nil || credErr != nil {
		return -1, false
	}
	return int(cred.Uid), cred.Uid == 0 || int(cred.Uid) == os.Geteuid()
}
