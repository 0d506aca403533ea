// Package errand runs one piece of work in a short-lived child of our own program: what it needs of memory never stays
// in the daemon, it can be ended at any moment, and it may work as the task's user. It imports nothing of ours.
package errand

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Command is the hidden command of our program that does errands.
const Command = "errand"

// firstFile is the descriptor of the first file that is handed over.
const firstFile = 3

// maxLineBytes of a report.
const maxLineBytes = 1 << 20

// Who is a user to work as.
type Who struct {
	UID    int   `json:"uid"`
	GID    int   `json:"gid"`
	Groups []int `json:"groups"`
}

// Order is what is asked of the child.
type Order struct {
	Exe   string
	Kind  string
	Job   interface{}
	Files []*os.File // the child has them in this order
	As    *Who       // nil: as we are
	Nice  int
	// Idle: disk only when nobody else wants it.
	Idle bool
}

type order struct {
	Kind  string          `json:"kind"`
	Job   json.RawMessage `json:"job"`
	As    *Who            `json:"as"`
	Nice  int             `json:"nice"`
	Idle  bool            `json:"idle"`
	Files int             `json:"files"`
}

// report is one line of the child: something told, or the end.
type report struct {
	Told  json.RawMessage `json:"told,omitempty"`
	Over  bool            `json:"over,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Failure is what the child said went wrong, in words for people.
type Failure struct{ Words string }

func (f *Failure) Error() string { return f.Words }

// Run has an errand done, and hears what the child tells on the way. The end of the context is the end of the child.
func Run(ctx context.Context, o Order, hear func(told json.RawMessage)) error {
	job, err := json.Marshal(o.Job)
	if err != nil {
		return err
	}
	first, err := json.Marshal(order{Kind: o.Kind, Job: job, As: o.As, Nice: o.Nice, Idle: o.Idle, Files: len(o.Files)})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, o.Exe, Command)
	cmd.Args[0] = "mesolite-agent"
	cmd.Dir = "/"
	// A terminal's Ctrl-C is for the daemon alone: its errands end with it, and are not taken for failures.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.ExtraFiles = o.Files
	words := &tail{}
	cmd.Stderr = words
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start a helper: %w", err)
	}
	_, _ = in.Write(append(first, '\n')) // a child that is gone is seen below
	last, heard := listen(out, hear)
	_ = in.Close() // its end tells the child that we are gone
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case heard && last.Error != "":
		return &Failure{last.Error}
	case heard:
		return nil
	case err == nil:
		err = errors.New("no result")
	}
	return fmt.Errorf("the helper ended unexpectedly: %v %s", err, words.text())
}

func listen(out io.Reader, hear func(json.RawMessage)) (last report, heard bool) {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 0, 4096), maxLineBytes)
	for lines.Scan() {
		var r report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		if r.Over {
			return r, true
		}
		if hear != nil {
			hear(r.Told)
		}
	}
	return report{}, false
}

// tail keeps the beginning of what a child wrote to its standard error: a panic's first lines say what happened.
type tail struct {
	mu   sync.Mutex
	data []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := 500 - len(t.data); room > 0 {
		if len(p) < room {
			room = len(p)
		}
		t.data = append(t.data, p[:room]...)
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	line, _, _ := strings.Cut(string(t.data), "\n")
	return line
}
