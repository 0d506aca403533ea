package errand

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
)

// Work is what the child is given.
type Work struct {
	Job   json.RawMessage
	Files []*os.File
	tell  func(interface{})
}

// Tell reports something to the one who asked.
func (w *Work) Tell(value interface{}) { w.tell(value) }

// Serve is the child: it reads its order, does it, and says how it went. It returns the exit code.
func Serve(in io.Reader, out io.Writer, kinds map[string]func(*Work) error) int {
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(256 << 20)
	syscall.Umask(0o022)
	reader := bufio.NewReaderSize(in, 64*1024)
	line, err := reader.ReadBytes('\n')
	if err != nil {
		return 2
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	go func() {
		_, _ = io.Copy(io.Discard, reader)
		os.Exit(3) // the daemon is gone: nobody wants the result
	}()
	var mu sync.Mutex
	encoder := json.NewEncoder(out)
	say := func(r report) {
		mu.Lock()
		defer mu.Unlock()
		if encoder.Encode(r) != nil {
			os.Exit(3)
		}
	}
	work := &Work{Job: o.Job, tell: func(value interface{}) {
		if told, err := json.Marshal(value); err == nil {
			say(report{Told: told})
		}
	}}
	for i := 0; i < o.Files; i++ {
		work.Files = append(work.Files, os.NewFile(uintptr(firstFile+i), "handed over"))
	}
	end := report{Over: true}
	if err := do(o, work, kinds); err != nil {
		end.Error = err.Error()
	}
	say(end)
	return 0
}

func do(o order, work *Work, kinds map[string]func(*Work) error) error {
	bePolite(o.Nice, o.Idle)
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0) // rather this than a task, and never the daemon
	if err := become(o.As); err != nil {
		return fmt.Errorf("switch user: %v", err)
	}
	kind, ok := kinds[o.Kind]
	if !ok {
		return fmt.Errorf("unknown errand %q", o.Kind)
	}
	return kind(work)
}

// become gives our rights up for good. These calls change all threads.
func become(who *Who) error {
	if who == nil {
		return nil
	}
	if err := syscall.Setgroups(who.Groups); err != nil {
		return err
	}
	if err := syscall.Setgid(who.GID); err != nil {
		return err
	}
	return syscall.Setuid(who.UID)
}
