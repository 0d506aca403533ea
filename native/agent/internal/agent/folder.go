// Package agent is the daemon: it puts the pure machines (task, update, link's lease) and the adapters (journal,
// launcher, connections, samples) together in one loop. It may import all other packages but cmd.
package agent

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/spool"
)

// ErrLocked: another daemon has this folder.
var ErrLocked = errors.New("another agent runs in this folder")

// folder is DIR: everything of ours on a machine.
type folder struct {
	dir  string
	lock *os.File
}

// openFolder makes DIR and takes its lock. As root the folder can be passed through (not listed), so that tasks of
// other users reach their sandbox; the socket in it is 0600 and asks for the peer's user id.
func openFolder(dir string) (*folder, error) {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(filepath.Join(dir, "tasks"), mode); err != nil {
		return nil, fmt.Errorf("make state folder: %w", err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "tasks")} {
		if err := os.Chmod(path, mode); err != nil {
			return nil, fmt.Errorf("make state folder: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close() // not ours
		if err == syscall.EWOULDBLOCK {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	return &folder{dir: dir, lock: lock}, nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) close() { _ = f.lock.Close() } // gives the lock back

// identity is agent.json.
type identity struct {
	AgentID string `json:"agentId"`
}

// agentID reads or makes the id. It is durable before anyone hears of it.
func (f *folder) agentID() (string, error) {
	var id identity
	err := readJSON(f.path("agent.json"), &id)
	if err == nil && id.AgentID != "" {
		return id.AgentID, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read agent.json: %w", err)
	}
	id.AgentID = "a-" + randomHex(8)
	return id.AgentID, writeJSON(f.path("agent.json"), id)
}

// lease reads lease.json; none is an empty lease.
func (f *folder) lease() (link.Lease, error) {
	var lease link.Lease
	err := readJSON(f.path("lease.json"), &lease)
	if errors.Is(err, os.ErrNotExist) {
		return lease, nil
	}
	return lease, err
}

func readJSON(path string, into interface{}) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func writeJSON(path string, value interface{}) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return spool.WriteFile(path, append(data, '\n'), 0o600)
}

func randomHex(bytes int) string {
	raw := make([]byte, bytes)
	if _, err := rand.Read(raw); err != nil {
		panic("agent: no randomness: " + err.Error()) // the kernel always has it
	}
	return hex.EncodeToString(raw)
}
