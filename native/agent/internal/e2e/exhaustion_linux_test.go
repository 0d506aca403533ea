package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

func prlimit(t *testing.T, pid, resource int, value uint64) {
	t.Helper()
	limit := [2]uint64{value, value}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), uintptr(resource), uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
}

// An agent that ran out of something may refuse, may even die. Its tasks do not notice, and after a restart the end of
// everything it had taken is known.
func TestA9_AnAgentWithoutDescriptorsMemoryOrProcessesLosesNothing(t *testing.T) {
	starve := map[string]func(t *testing.T, pid int) (feed func()){
		"descriptors": func(t *testing.T, pid int) func() {
			open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			prlimit(t, pid, syscall.RLIMIT_NOFILE, uint64(len(open)+2))
			return func() {}
		},
		"memory": func(t *testing.T, pid int) func() {
			pages, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
			size, _ := strconv.ParseUint(strings.Fields(string(pages))[0], 10, 64)
			prlimit(t, pid, syscall.RLIMIT_AS, size*4096)
			return func() {}
		},
		"processes": func(t *testing.T, pid int) func() {
			place := pidsTree(t)
			group := filepath.Join(place, fmt.Sprintf("mesolite-test-%d", pid))
			if err := os.Mkdir(group, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, write := range [][2]string{{"cgroup.procs", strconv.Itoa(pid)}, {"pids.max", "1"}} {
				if err := os.WriteFile(filepath.Join(group, write[0]), []byte(write[1]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return func() {
				if err := os.WriteFile(filepath.Join(group, "pids.max"), []byte("max"), 0o600); err != nil {
					t.Error(err)
				}
				all, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
				for _, one := range strings.Fields(string(all)) {
					_ = os.WriteFile(filepath.Join(place, "cgroup.procs"), []byte(one), 0o600) // gone: fine
				}
				_ = syscall.Rmdir(group) // stays while a zombie is in it: only the test's own
			}
		},
	}
	for name, take := range starve {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			c, _ := h.greet()
			gate := filepath.Join(filepath.Dir(h.dir), "gate")
			c.launch(shell("t-before", "while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 7"))
			c.status()
			shim := shimOf(t, h, "t-before")
			feed := take(t, h.cmd.Process.Pid)
			accepted := []string{}
			for i := 0; i < 20; i++ {
				id := fmt.Sprintf("t-%d", i)
				if c.try("task.launch", map[string]interface{}{"info": shell(id, "exit 3")}, nil) != nil {
					break // refused, or the agent is gone: both are honest
				}
				accepted = append(accepted, id)
			}
			for i := 0; i < 10; i++ { // more than it has room for
				if more, err := link.Dial(h.dir, time.Second); err == nil {
					defer func() { _ = more.Close() }()
				}
			}
			h.kill9() // or it is dead already
			if !pidAlive(shim) {
				t.Error("the shim went with its agent")
			}
			feed()
			if err := os.WriteFile(gate, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			h.eventually("the shim wrote the exit", func() bool { return !pidAlive(shim) })
			h.start()
			c, _ = h.greet()
			ends := map[string]wire.Status{}
			h.eventually("every end is known", func() bool {
				ends = h.tasks(c)
				for _, end := range ends {
					if end.State == wire.StateRunning || end.State == wire.StateStaging {
						return false
					}
				}
				return true
			})
			if end := ends["t-before"]; end.State != wire.StateFailed || exitCode(end) != "7" {
				t.Errorf("%+v", end)
			}
			for _, id := range accepted {
				end, known := ends[id]
				honest := exitCode(end) == "3" || strings.HasPrefix(end.Message, "cannot start: ")
				if !known || end.State != wire.StateFailed || !honest {
					t.Errorf("%s: %+v", id, end)
				}
			}
		})
	}
}
