package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// SocketName is the socket in the state folder.
const SocketName = "sock"

// Addresses of unix sockets hold 107 bytes. Longer ones are reached through the folder's descriptor in /proc, or,
// where /proc is not there, from inside the folder.
const maxSocketPath = 100

// withSocketPath calls use with a path that is short enough.
func withSocketPath(dir string, use func(path string) error) error {
	path := filepath.Join(dir, SocketName)
	if len(path) <= maxSocketPath {
		return use(path)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	short := fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
	if _, err := os.Stat(short); err == nil {
		return use(short + "/" + SocketName)
	}
	back, err := os.Getwd()
	if err != nil {
		back = "/"
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	defer func() { _ = os.Chdir(back) }()
	return use(SocketName)
}

// Listen binds the socket. The caller holds the lock of the state folder, so a socket that is there is a dead one.
func Listen(dir string) (*net.UnixListener, error) {
	var listener *net.UnixListener
	err := withSocketPath(dir, func(path string) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		old := syscall.Umask(0o177)
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		syscall.Umask(old)
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false) // by then another daemon may own the name
		listener = l
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listen in %s: %w", dir, err)
	}
	return listener, nil
}

// Dial connects to the daemon of a state folder.
func Dial(dir string, limit time.Duration) (*net.UnixConn, error) {
	var conn net.Conn
	err := withSocketPath(dir, func(path string) error {
		c, err := net.DialTimeout("unix", path, limit)
		conn = c
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}
