package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mesolite/agent/internal/agent"
)

var (
	patience = 15 * time.Second
	binary   string
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "mesolite-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := os.Chmod(dir, 0o755); err != nil { // tasks of other users pass through it
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		binary = filepath.Join(dir, "mesolite-agent")
		if ready := os.Getenv("MESOLITE_AGENT"); ready != "" { // in a virtual machine: no toolchain, and nothing is fast
			patience *= 4
			data, err := os.ReadFile(ready)
			if err == nil {
				err = os.WriteFile(binary, data, 0o755)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			return m.Run()
		}
		build := exec.Command("go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w -E mesolite_entry", "-o", binary, "mesolite/agent/cmd/mesolite-agent")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// host is one state folder with its daemon.
type host struct {
	t    *testing.T
	dir  string
	args []string
	cmd  *exec.Cmd
	gone chan struct{}
}

func newHost(t *testing.T, args ...string) *host {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(binary), "host-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, dir: filepath.Join(dir, "agent"), args: args}
	h.start()
	t.Cleanup(func() {
		h.stopAll()
		_ = os.RemoveAll(dir)
	})
	return h
}

// start runs the daemon as our child, so that it can be killed and waited for.
func (h *host) start() {
	h.t.Helper()
	h.cmd = exec.Command(binary, append([]string{"daemon", "--foreground", "--dir", h.dir}, h.args...)...)
	words, err := os.OpenFile(filepath.Join(filepath.Dir(h.dir), "stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = words.Close() }()
	h.cmd.Stderr = words
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.gone = make(chan struct{})
	go func(cmd *exec.Cmd, gone chan struct{}) { _ = cmd.Wait(); close(gone) }(h.cmd, h.gone)
	h.eventually("the daemon answers", func() bool { return agent.Answers(h.dir) })
}

// kill9 is the crash of the agent.
func (h *host) kill9() {
	h.t.Helper()
	_ = h.cmd.Process.Kill()
	<-h.gone
}

func (h *host) stopAll() {
	select {
	case <-h.gone:
		h.start()
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "stop", "--dir", h.dir, "--tasks", "stop").CombinedOutput()
	if err != nil {
		h.t.Errorf("stop: %v %s", err, out)
		h.kill9()
	}
	select {
	case <-h.gone:
	case <-time.After(patience):
		h.t.Error("the daemon did not end")
		h.kill9()
	}
	if h.t.Failed() {
		log, _ := os.ReadFile(filepath.Join(h.dir, "log"))
		words, _ := os.ReadFile(filepath.Join(filepath.Dir(h.dir), "stderr"))
		h.t.Logf("log of the agent:\n%s%s", log, words)
	}
}

func (h *host) eventually(what string, is func() bool) {
	h.t.Helper()
	until := time.Now().Add(patience)
	for !is() {
		if time.Now().After(until) {
			h.t.Fatalf("never came true: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
