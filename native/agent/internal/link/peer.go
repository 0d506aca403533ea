package link

import (
	"net"
	"os"
)

// PeerAllowed tells whether the process at the other end has our user id, or is root.
func PeerAllowed(conn *net.UnixConn) (uid int, allowed bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, false
	}
	var peerErr error
	err = raw.Control(func(fd uintptr) { uid, peerErr = peerOf(fd) })
	if err != nil || peerErr != nil {
		return -1, false
	}
	return uid, uid == 0 || uid == os.Geteuid()
}
