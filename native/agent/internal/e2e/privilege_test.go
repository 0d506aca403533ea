package e2e

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

func TestP6_NoDescriptorOfOursIsInATask(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-sleeper", "sleep 1000")) // its shim and its agent hold more
	c.status()
	// Without a pipe: the shell itself would hold an end of it for a moment.
	c.launch(shell("t-fds", `find /proc/$$/fd -type l -printf '%f %l\n'; true`))
	c.terminal("t-fds")
	out, _ := os.ReadFile(h.file("t-fds", "stdout"))
	if !regexp.MustCompile(`^0 /dev/null\n1 pipe:\[\d+\]\n2 pipe:\[\d+\]\n$`).Match(out) {
		t.Errorf("%s", out)
	}
}

func TestPrivilege_ATaskOfAnotherUserHasNothingOfRoot(t *testing.T) {
	needsRoot(t)
	h := newHost(t)
	c, _ := h.greet()
	c.launch(with(shell("t-who", `id; grep -E "^(Cap|NoNew|Groups)" /proc/self/status; umask; cat /proc/self/oom_score_adj; ls /proc/$$/fd; true`), "user", "nobody"))
	if end := c.terminal("t-who"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	out, _ := os.ReadFile(h.file("t-who", "stdout"))
	text := strings.Join(strings.Fields(string(out)), " ")
	ownScore, taskScore := "-500", "0"
	if os.WriteFile("/proc/self/oom_score_adj", []byte("-1"), 0) != nil { // a root that may not, in a container
		ownScore, taskScore = "0", "100"
	} else if err := os.WriteFile("/proc/self/oom_score_adj", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	want := "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup) Groups: 65534 " +
		"CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000 " +
		"NoNewPrivs: 1 0022 " + taskScore + " 0 1 2"
	if text != want {
		t.Errorf("\ngot  %s\nwant %s", text, want)
	}
	adj, _ := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", h.cmd.Process.Pid))
	if got := strings.TrimSpace(string(adj)); got != ownScore {
		t.Errorf("the agent goes with its tasks when the machine is out of memory: %s", got)
	}
}

// attackEnv makes this test program the attacker: it is what the task of another user runs.
const attackEnv = "MESOLITE_TEST_ATTACK"

func init() {
	if os.Getenv(attackEnv) != "" {
		attack(strings.Split(os.Getenv(attackEnv), "|"))
		os.Exit(0)
	}
}

// attack tries everything and says what came of it.
func attack(args []string) {
	dir, agentPid, shimPid, group := args[0], atoi(args[1]), atoi(args[2]), args[3]
	write := func(path, text string) func() error {
		return func() error {
			file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			if err == nil {
				_, err = file.WriteString(text)
			}
			return err
		}
	}
	read := func(path string) func() error {
		return func() error {
			file, err := os.Open(path)
			if err == nil {
				_, err = file.Read(make([]byte, 1))
			}
			return err
		}
	}
	self := strconv.Itoa(os.Getpid())
	for _, try := range []struct {
		name string
		do   func() error
	}{
		{"socket", func() error { _, err := link.Dial(dir, time.Second); return err }},
		{"list the state", func() error { _, err := os.ReadDir(dir); return err }},
		{"list tasks", func() error { _, err := os.ReadDir(filepath.Join(dir, "tasks")); return err }},
		{"read the journal", read(filepath.Join(dir, "journal"))},
		{"write the journal", write(filepath.Join(dir, "journal"), "x")},
		{"read the identity", read(filepath.Join(dir, "agent.json"))},
		{"write the lease", write(filepath.Join(dir, "lease.json"), "{}")},
		{"make a file", func() error { return os.WriteFile(filepath.Join(dir, "new"), nil, 0o600) }},
		{"move the lock", func() error { return os.Rename(filepath.Join(dir, "lock"), filepath.Join(dir, "lock2")) }},
		{"write its exit", write(filepath.Join(dir, "tasks/t-attack/run"), "x")},
		{"command its shim", write(filepath.Join(dir, "tasks/t-attack/ctl"), "a\n")},
		{"speak for its shim", write(filepath.Join(dir, "tasks/t-attack/alive"), "X{}\n")},
		{"write another log", write(filepath.Join(dir, "tasks/t-other/stdout"), "x")},
		{"read another sandbox", func() error { _, err := os.ReadDir(filepath.Join(dir, "tasks/t-other/sandbox")); return err }},
		{"signal the agent", func() error { return syscall.Kill(agentPid, syscall.SIGTERM) }},
		{"signal the shim", func() error { return syscall.Kill(shimPid, syscall.SIGKILL) }},
		{"trace the agent", func() error { return syscall.PtraceAttach(agentPid) }},
		{"trace the shim", func() error { return syscall.PtraceAttach(shimPid) }},
		{"memory of the shim", read(fmt.Sprintf("/proc/%d/mem", shimPid))},
		{"descriptors of the shim", func() error { _, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", shimPid)); return err }},
		{"loosen its limit", write(filepath.Join(group, "memory.limit_in_bytes"), "-1")},
		{"loosen its limit in v2", write(filepath.Join(group, "memory.max"), "max")},
		{"leave its group", write(filepath.Join(filepath.Dir(group), "cgroup.procs"), self)},
		{"leave all groups", write(filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(group))), "cgroup.procs"), self)},
		{"make a group", func() error { return os.Mkdir(filepath.Join(group, "inner"), 0o755) }},
		{"become root", func() error { return syscall.Setuid(0) }},
		{"change the root", func() error { return syscall.Chroot("/") }},
		{"score below zero", func() error { return os.WriteFile("/proc/self/oom_score_adj", []byte("-1"), 0) }},
	} {
		fmt.Printf("%s: %v\n", try.name, try.do())
	}
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func TestPrivilege_ATaskOfAnotherUserCannotReachItsAgent(t *testing.T) {
	needsRoot(t)
	h := newHost(t)
	c, hello := h.greet()
	tool := filepath.Join(filepath.Dir(h.dir), "attack")
	copyTool(t, tool)
	c.launch(shell("t-other", "sleep 1000"))
	c.status()
	gate := filepath.Join(filepath.Dir(h.dir), "gate")
	line := `while [ ! -e ` + gate + ` ]; do sleep 0.02; done; ` + attackEnv + `="$(cat ` + gate + `)" exec ` + tool
	c.launch(withMem(with(shell("t-attack", line), "user", "nobody"), 512))
	c.status()
	group := filepath.Join(v1Place("memory"), "mesolite", hello.AgentID, "t-attack")
	if hello.Facts.Cgroup == "v2" {
		group = filepath.Join("/sys/fs/cgroup/mesolite", hello.AgentID, "t-attack")
	}
	words := fmt.Sprintf("%s|%d|%d|%s", h.dir, h.cmd.Process.Pid, shimOf(t, h, "t-attack"), group)
	if err := os.WriteFile(gate+".new", []byte(words), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(gate+".new", gate); err != nil {
		t.Fatal(err)
	}
	if end := c.terminal("t-attack"); end.State != wire.StateFinished {
		t.Errorf("%+v", end)
	}
	out, _ := os.ReadFile(h.file("t-attack", "stdout"))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 28 {
		t.Errorf("%d lines:\n%s", len(lines), out)
	}
	missing := 0
	for _, line := range lines {
		if strings.HasSuffix(line, "no such file or directory") && strings.Contains(line, "its limit") {
			missing++ // the file of the other kind of tree
			continue
		}
		if !strings.HasSuffix(line, "permission denied") && !strings.HasSuffix(line, "operation not permitted") {
			t.Errorf("%s", line)
		}
	}
	if missing > 1 {
		t.Errorf("no limit was tried:\n%s", out)
	}
	if out, _ := os.ReadFile(h.file("t-other", "stdout")); len(out) != 0 {
		t.Errorf("another log: %q", out)
	}
}

func copyTool(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, from); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
