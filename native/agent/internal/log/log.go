// Package log writes the agent's own log: one line a fact, fixed verb first, ids as fields, never a secret. The file
// is capped: past the cap it is moved to `.1` and begun anew. Adapters log; pure packages return facts.
package log

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// CapBytes is the size of one log file; at most two are kept.
const CapBytes = 1 << 20

// Logger writes lines.
type Logger struct {
	mu   sync.Mutex
	out  io.Writer
	path string
	size int64
}

// New logs to any writer, without a cap.
func New(out io.Writer) *Logger { return &Logger{out: out} }

// Open logs to a file, appending.
func Open(path string) (*Logger, error) {
	l := &Logger{path: path}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l, l.openLocked()
}

func (l *Logger) openLocked() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	if info, err := file.Stat(); err == nil {
		l.size = info.Size()
	}
	l.out = file
	return nil
}

// Line writes one fact.
func (l *Logger) Line(format string, args ...interface{}) {
	line := time.Now().UTC().Format("2006-01-02T15:04:05.000Z ") + fmt.Sprintf(format, args...) + "\n"
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path != "" && l.size > CapBytes {
		l.rotateLocked()
	}
	n, _ := io.WriteString(l.out, line) // a full disk must not end the agent: the line is lost, nothing else
	l.size += int64(n)
}

func (l *Logger) rotateLocked() {
	old, _ := l.out.(*os.File)
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return
	}
	if err := l.openLocked(); err == nil && old != nil {
		_ = old.Close() // appended lines are already with the kernel
	}
}
