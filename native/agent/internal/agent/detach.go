package agent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/boot"
	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

const (
	// ReadyFd is where a daemon that was started detached says `ok`, or why not.
	ReadyFd = 3
	// ReadyEnv tells the daemon that ReadyFd is there.
	ReadyEnv = "MESOLITE_READY"
	// startLimit is how long a start may take.
	startLimit = 20 * time.Second
	// entryLimit leaves an upgrade time to see that a start by the entry does not work.
	entryLimit = 5 * time.Second
	dialLimit  = 2 * time.Second
)

// Answers tells whether a daemon answers in this folder. A connection alone proves nothing: a child of a daemon that
// was killed may hold its socket for a moment.
func Answers(dir string) bool {
	conn, err := link.Dial(dir, dialLimit)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(dialLimit)); err != nil {
		return false
	}
	frame, err := wire.AppendJSON(nil, []byte(`{"v":1,"id":1,"call":"local.status","params":{}}`))
	if err != nil {
		return false
	}
	if _, err := conn.Write(frame); err != nil {
		return false
	}
	_, err = wire.NewReader(conn).Next()
	return err == nil
}

// AwaitGone waits until no daemon holds the folder: only then it writes nothing more there.
func AwaitGone(dir string, limit time.Duration) error {
	until := time.Now().Add(limit)
	for {
		lock, err := os.Open(filepath.Join(dir, "lock"))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look at the lock: %w", err)
		}
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		_ = lock.Close() // gives it back
		if err == nil {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("the agent in %s did not end within %s", dir, limit)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// startByEntry has the service manager start the daemon, when there is an entry of such a kind.
func startByEntry(dir string) bool {
	started, _ := boot.This().Start(dir) // it refuses: then we start it ourselves
	for until := time.Now().Add(entryLimit); started && time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if Answers(dir) {
			return true
		}
	}
	return false
}

// StartDetached starts a daemon that does not end with this login, and returns once its socket answers. With args it is
// started in a session of its own and nothing more: the entry has none.
func StartDetached(dir string, args []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	if len(args) == 0 && startByEntry(dir) {
		return nil
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = log.Close() }()
	ready, tell, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = ready.Close() }()
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	KeepToOurselves()
	argv := append([]string{exe, "daemon", "--foreground", "--dir", dir}, args...)
	pid, err := syscall.ForkExec(exe, argv, &syscall.ProcAttr{
		Dir:   "/",
		Env:   append(os.Environ(), ReadyEnv+"=1"),
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd(), tell.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	_ = tell.Close() // the daemon has its own
	if err != nil {
		return fmt.Errorf("start daemon: %w", err)
	}
	return awaitReady(dir, ready, pid)
}

func awaitReady(dir string, ready *os.File, pid int) error {
	if err := ready.SetReadDeadline(time.Now().Add(startLimit)); err != nil {
		return err
	}
	words, err := io.ReadAll(io.LimitReader(ready, 4096))
	text := strings.TrimSpace(string(words))
	switch {
	case text == "ok":
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the daemon (pid %d) did not get ready within %s", pid, startLimit)
	case text == "" && Answers(dir):
		return nil
	case text == "":
		return fmt.Errorf("the daemon ended at once; see %s", filepath.Join(dir, "log"))
	}
	return errors.New(text)
}
