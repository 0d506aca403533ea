package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func TestTaskRunsAndItsEndIsKnown(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	if len(hello.Tasks) != 0 || hello.Resources.CpusMilli < 1000 || hello.Facts.Cpus < 1 || hello.Facts.BootID == "" {
		t.Fatalf("hello: %+v", hello)
	}
	c.launch(shell("t-one", "echo out; echo err >&2; exit 3"))
	running := c.status()
	if running.State != wire.StateRunning || running.UUID == nil {
		t.Fatalf("first update: %+v", running)
	}
	end := c.status()
	if end.State != wire.StateFailed || exitCode(end) != "3" || end.Message != "exited with code 3" || end.Signal != nil {
		t.Fatalf("last update: %+v", end)
	}
	if out, cause := c.log("t-one", "stdout", true); string(out) != "out\n" || cause != "finished" {
		t.Errorf("stdout %q %s", out, cause)
	}
	if out, _ := c.log("t-one", "stderr", false); string(out) != "err\n" {
		t.Errorf("stderr %q", out)
	}
	var list wire.ListResult
	c.call("task.list", struct{}{}, &list)
	if len(list.Tasks) != 1 || list.Tasks[0].StartedAtMs == nil || list.Tasks[0].EndedAtMs == nil {
		t.Fatalf("list: %+v", list)
	}
	c.call("task.forget", wire.TaskParams{TaskID: "t-one"}, nil)
	if _, err := os.Stat(h.file("t-one", "")); !os.IsNotExist(err) {
		t.Errorf("the folder stays: %v", err)
	}
}

func TestWordsOfEveryEnd(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	script := filepath.Join(filepath.Dir(h.dir), "noshebang")
	if err := os.WriteFile(script, []byte("\x00\x01\x02garbage"), 0o755); err != nil {
		t.Fatal(err)
	}
	lostInterpreter := filepath.Join(filepath.Dir(h.dir), "lost")
	if err := os.WriteFile(lostInterpreter, []byte("#!/nope/python\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	failed, launchFailed := wire.StateFailed, "REASON_CONTAINER_LAUNCH_FAILED"
	cases := []struct {
		id, state, reason, message string
		info                       map[string]interface{}
	}{
		{"t-ok", wire.StateFinished, "", "exited with code 0", argv("t-ok", "true")},
		{"t-seven", failed, "", "exited with code 7", shell("t-seven", "exit 7")},
		{"t-kill", failed, "", "killed by signal 9 (KILL)", shell("t-kill", "kill -9 $$")},
		{"t-segv", failed, "", "killed by signal 11 (SEGV)", shell("t-segv", "kill -SEGV $$")},
		{"t-nope", failed, launchFailed, "cannot start: /bin/nope: no such file or directory", argv("t-nope", "/bin/nope")},
		{"t-cmd", failed, launchFailed, "cannot start: no-such-command: command not found", argv("t-cmd", "no-such-command")},
		{"t-dir", failed, launchFailed, "cannot start: folder /nope does not exist", with(shell("t-dir", "true"), "workingFolder", "/nope")},
		{"t-notdir", failed, launchFailed, "cannot start: /etc/passwd is not a folder", with(shell("t-notdir", "true"), "workingFolder", "/etc/passwd")},
		{"t-perm", failed, launchFailed, "cannot start: /etc/passwd: permission denied", argv("t-perm", "/etc/passwd")},
		{"t-folder", failed, launchFailed, "cannot start: /etc: is a folder", argv("t-folder", "/etc")},
		{"t-format", failed, launchFailed, "cannot start: " + script + ": exec format error", argv("t-format", script)},
		{"t-lost", failed, launchFailed, "cannot start: " + lostInterpreter + ": its interpreter does not exist", argv("t-lost", lostInterpreter)},
		{"t-user", failed, launchFailed, "cannot start: user no-such-user does not exist", with(shell("t-user", "true"), "user", "no-such-user")},
	}
	for _, want := range cases {
		if want.id == "t-user" && os.Geteuid() != 0 {
			c.expectNoSwitch(want.info)
			continue
		}
		c.launch(want.info)
		got := c.terminal(want.id)
		reason := ""
		if got.Reason != nil {
			reason = *got.Reason
		}
		if got.State != want.state || got.Message != want.message || reason != want.reason {
			t.Errorf("%s: got %s %q %q", want.id, got.State, reason, got.Message)
		}
	}
}

func TestEnvironmentFolderAndUser(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	info := shell("t-env", `echo "$GREETING|$HOME|$PATH|$(pwd)|${MESOLITE_READY-none}"`)
	info = with(info, "environment", []map[string]string{{"name": "GREETING", "value": "hé llo \"q\" 'x'\nline"}, {"name": "HOME", "value": "/custom"}})
	c.launch(info)
	if end := c.terminal("t-env"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	out, _ := c.log("t-env", "stdout", false)
	want := "hé llo \"q\" 'x'\nline|/custom|/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|" + h.file("t-env", "sandbox") + "|none\n"
	if string(out) != want {
		t.Errorf("got %q want %q", out, want)
	}
	c.launch(with(shell("t-cd", "pwd"), "workingFolder", "/usr"))
	c.terminal("t-cd")
	if out, _ := c.log("t-cd", "stdout", false); string(out) != "/usr\n" {
		t.Errorf("folder: %q", out)
	}
	if !c.launchAsNobody(shell("t-nobody", `id -u; id -G; touch here && pwd; cat `+h.dir+`/agent.json; grep NoNewPrivs /proc/self/status; echo again > /dev/stdout`)) {
		return
	}
	if end := c.terminal("t-nobody"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	out, _ = c.log("t-nobody", "stdout", false)
	if want := "65534\n65534\n" + h.file("t-nobody", "sandbox") + "\nNoNewPrivs:\t1\nagain\n"; string(out) != want {
		t.Errorf("nobody: got %q want %q", out, want)
	}
}

func TestNothingOfTheStarterReachesAShimOrATask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	start := exec.Command(binary, "daemon", "--dir", dir)
	start.ExtraFiles = []*os.File{write}
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	_ = write.Close()
	h := &host{t: t, dir: dir}
	defer run(t, "stop", "--dir", dir, "--tasks", "stop")
	c, _ := h.greet()
	c.launch(shell("t-fds", "for f in /proc/$$/fd/*; do echo ${f##*/}; done; sleep 1000"))
	c.status()
	_ = read.SetReadDeadline(time.Now().Add(patience))
	if _, err := read.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("somebody holds the starter's pipe: %v", err)
	}
	h.eventually("the task wrote its descriptors", func() bool {
		data, _ := os.ReadFile(h.file("t-fds", "stdout"))
		return strings.Count(string(data), "\n") >= 3
	})
	if data, _ := os.ReadFile(h.file("t-fds", "stdout")); string(data) != "0\n1\n2\n3\n" {
		t.Errorf("descriptors of the task: %q", data) // 3 is the folder it lists
	}
}

func TestOutputIsExact(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	big := shell("t-big", `head -c 104857600 /dev/zero | tr '\0' 'x'`)
	big["logMib"] = 128
	c.launch(big)
	c.launch(shell("t-bin", `i=0; while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i+1)); done`))
	c.terminal("t-bin")
	bin, _ := c.log("t-bin", "stdout", false)
	want := make([]byte, 256)
	for i := range want {
		want[i] = byte(i)
	}
	if !bytes.Equal(bin, want) {
		t.Errorf("binary output differs: %x", bin)
	}
	all, cause := c.log("t-big", "stdout", true)
	if len(all) != 104857600 || cause != "finished" {
		t.Fatalf("%d bytes, %s", len(all), cause)
	}
	if sum := sha256.Sum256(all); sum != sha256.Sum256(bytes.Repeat([]byte("x"), 104857600)) {
		t.Error("the bytes differ")
	}
}

func TestLogStreamsObeyCreditOffsetAndEnd(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-log", `head -c 1000000 /dev/zero; sleep 30`))
	h.eventually("the log is there", func() bool {
		info, err := os.Stat(h.file("t-log", "stdout"))
		return err == nil && info.Size() == 1000000
	})
	var opened wire.LogOpenResult
	c.call("log.open", wire.LogOpenParams{TaskID: "t-log", File: "stdout", Follow: true}, &opened)
	size := func() int { c.dataMu.Lock(); defer c.dataMu.Unlock(); return len(c.data[opened.Stream]) }
	h.eventually("the first credit is used up", func() bool { return size() == wire.InitialCreditBytes })
	c.call("ping", struct{}{}, nil)
	if size() != wire.InitialCreditBytes {
		t.Errorf("more than the credit came: %d", size())
	}
	c.call("stream.credit", wire.CreditParams{Stream: opened.Stream, Bytes: 1000}, nil)
	h.eventually("the new credit is used up", func() bool { return size() == wire.InitialCreditBytes+1000 })
	c.call("stream.close", wire.StreamParams{Stream: opened.Stream}, nil)
	h.eventually("the stream ends as closed", func() bool { c.dataMu.Lock(); defer c.dataMu.Unlock(); return c.ends[opened.Stream] == "closed" })

	var tail wire.LogOpenResult
	c.call("log.open", wire.LogOpenParams{TaskID: "t-log", File: "stdout", Offset: -10}, &tail)
	if tail.StartOffset != 999990 || tail.SizeBytes != 1000000 {
		t.Errorf("from the end: %+v", tail)
	}
	if err := c.try("log.open", wire.LogOpenParams{TaskID: "t-none", File: "stdout"}, nil); err == nil {
		t.Error("a log of no task was opened")
	}
	grace := int64(0)
	c.call("task.kill", wire.KillParams{TaskID: "t-log", GraceMs: &grace}, nil)
	c.terminal("t-log")
}

func TestLogIsFollowedLive(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	gate := filepath.Join(filepath.Dir(h.dir), "gate")
	c.launch(shell("t-live", "echo one; while [ ! -e "+gate+" ]; do sleep 0.02; done; echo two"))
	c.status()
	var opened wire.LogOpenResult
	c.call("log.open", wire.LogOpenParams{TaskID: "t-live", File: "stdout", Follow: true}, &opened)
	text := func() string { c.dataMu.Lock(); defer c.dataMu.Unlock(); return string(c.data[opened.Stream]) }
	h.eventually("the first line comes while the task runs", func() bool { return text() == "one\n" })
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.eventually("all comes, then the end", func() bool {
		c.dataMu.Lock()
		defer c.dataMu.Unlock()
		return string(c.data[opened.Stream]) == "one\ntwo\n" && c.ends[opened.Stream] == "finished"
	})
}

func TestKillEndsTheWholeTree(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	dir := filepath.Dir(h.dir)
	tree := fmt.Sprintf(`trap '' TERM; (setsid sh -c 'trap "" TERM; echo $$ > %[1]s/a; while :; do sleep 1; done' &) ; sh -c 'echo $$ > %[1]s/b; sleep 1000' & echo $$ > %[1]s/c; while :; do sleep 1; done`, dir)
	c.launch(shell("t-tree", tree))
	c.status()
	pids := []int{h.pidIn(dir + "/a"), h.pidIn(dir + "/b"), h.pidIn(dir + "/c")}
	grace := int64(300)
	from := time.Now()
	c.call("task.kill", wire.KillParams{TaskID: "t-tree", GraceMs: &grace}, nil)
	end := c.status()
	if took := time.Since(from); took < 250*time.Millisecond || took > 5*time.Second {
		t.Errorf("the grace was not kept: %s", took)
	}
	if end.State != wire.StateKilled || end.Signal == nil || *end.Signal != 9 {
		t.Errorf("%+v", end)
	}
	for _, pid := range pids {
		if pidAlive(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
}

func TestKillLetsTermFinishCleanly(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-term", `trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done`))
	c.status()
	h.eventually("the trap is set", func() bool { data, _ := os.ReadFile(h.file("t-term", "stdout")); return len(data) > 0 })
	c.call("task.kill", wire.KillParams{TaskID: "t-term"}, nil)
	end := c.status()
	if end.State != wire.StateKilled || exitCode(end) != "5" || end.Message != "killed on request: exited with code 5" {
		t.Errorf("%+v", end)
	}
	if out, _ := c.log("t-term", "stdout", false); string(out) != "ready\nbye\n" {
		t.Errorf("%q", out)
	}
}

func TestEndedTaskLeavesNoProcess(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	dir := filepath.Dir(h.dir)
	c.launch(shell("t-left", "(setsid sleep 1000 & echo $! > "+dir+"/left); exit 0"))
	if end := c.terminal("t-left"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	if pid := h.pidIn(dir + "/left"); pidAlive(pid) {
		t.Errorf("process %d outlived its task", pid)
	}
}
