package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/wire"
)

// world is a PID namespace with a shell as its first process. It speaks by lines.
type world struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

func newWorld(t *testing.T) *world {
	t.Helper()
	command := exec.Command("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // the shell ends, and with the first process all others
		_ = command.Wait()
	})
	return &world{t: t, in: in, out: bufio.NewReader(out)}
}

// do runs a line and gives the last word that it says.
func (w *world) do(line string) string {
	w.t.Helper()
	if _, err := io.WriteString(w.in, line+"\n"); err != nil {
		w.t.Fatal(err)
	}
	said, err := w.out.ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(said)
}

// The shim and the task are killed while no agent lives, and both their numbers go to others. Nobody may be harmed, and
// what became of the task is told as what it is.
func TestA4_AReusedPidIsNeitherAdoptedNorSignalled(t *testing.T) {
	needsRoot(t)
	for _, root := range []string{"", rootWith(t, nil)} { // with the groups of this machine, and without any
		base, err := os.MkdirTemp(filepath.Dir(binary), "world-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(base) })
		w := newWorld(t)
		h := &host{t: t, dir: filepath.Join(base, "agent")}
		args := strings.Join(rootArgs(root), " ")
		start := func() string {
			pid := w.do(fmt.Sprintf("%s daemon --foreground --dir %s %s 2>%s/stderr & echo $!", binary, h.dir, args, base))
			h.eventually("the daemon answers", func() bool { return agent.Answers(h.dir) })
			return pid
		}
		daemon := start()
		c, _ := h.greet()
		c.launch(shell("t-victim", "echo $$ > "+base+"/pid; exec sleep 1000"))
		c.status()
		victim := h.pidIn(base + "/pid")
		shim := atoi(w.do(fmt.Sprintf(`grep PPid /proc/%d/status | tr -dc 0-9; echo`, victim)))
		w.do(fmt.Sprintf("kill -9 %s; wait %s; kill -9 %d %d; while [ -e /proc/%d ] || [ -e /proc/%d ]; do sleep 0.01; done; echo gone", daemon, daemon, shim, victim, shim, victim))
		reuse := func(pid int) {
			t.Helper()
			// The stranger leads a group of its own number, as the task did.
			h.eventually(fmt.Sprintf("the number %d is given again", pid), func() bool {
				got := w.do(fmt.Sprintf("echo %d > /proc/sys/kernel/ns_last_pid; setsid sleep 1000 & echo $!", pid-1))
				if got == strconv.Itoa(pid) {
					return true
				}
				w.do(fmt.Sprintf("kill -9 %s; wait %s; echo gone", got, got)) // the kernel frees a number a moment after it was last seen
				return false
			})
			// It is told apart by its name, which it has only once the shell's child became what it is to be.
			if name := w.do(fmt.Sprintf("while [ -e /proc/%d ] && ! grep -q sleep /proc/%d/comm; do sleep 0.01; done; %s", pid, pid, nameOf(pid))); name != "sleep" {
				t.Fatalf("the stranger %d did not come: %s", pid, name)
			}
		}
		reuse(shim)
		reuse(victim)
		daemon = start()
		c, _ = h.greet()
		end := c.terminal("t-victim")
		if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonExecutorTerminated {
			t.Errorf("%+v", end)
		}
		grace := int64(0)
		c.call("task.kill", wire.KillParams{TaskID: "t-victim", GraceMs: &grace}, nil)
		c.call("task.forget", map[string]string{"taskId": "t-victim"}, nil)
		for _, pid := range []int{shim, victim} {
			if name := w.do(nameOf(pid)); name != "sleep" {
				t.Errorf("the stranger %d was harmed: %s", pid, name)
			}
		}
		w.do(fmt.Sprintf("%s stop --dir %s --tasks stop; wait %s; echo ended", binary, h.dir, daemon))
	}
}

// nameOf is the line that says the name of a process of the world, or that there is none.
func nameOf(pid int) string {
	return fmt.Sprintf("cat /proc/%d/comm 2>/dev/null || echo gone", pid)
}
