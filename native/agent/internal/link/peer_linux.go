package link

import "syscall"

func peerOf(socket uintptr) (uid int, err error) {
	cred, err := syscall.GetsockoptUcred(int(socket), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
