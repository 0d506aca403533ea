package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

func run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, err := exec.Command(binary, args...).CombinedOutput()
	if err == nil {
		return string(out), 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		t.Fatal(err)
	}
	return string(out), exit.ExitCode()
}

type status struct {
	Running bool   `json:"running"`
	Pid     int    `json:"pid"`
	Alive   int    `json:"alive"`
	AgentID string `json:"agentId"`
}

func statusOf(t *testing.T, dir string) status {
	t.Helper()
	out, _ := run(t, "status", "--dir", dir, "--json")
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return s
}

func TestDaemonDetachesAnswersAndEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-folder-name/", 8), "agent")
	if out, code := run(t, "daemon", "--dir", dir); code != 0 || out != "started\n" {
		t.Fatalf("%q %d", out, code)
	}
	defer run(t, "stop", "--dir", dir, "--tasks", "stop")
	first := statusOf(t, dir)
	if !first.Running || first.Pid == 0 {
		t.Fatalf("%+v", first)
	}
	stat, err := os.ReadFile("/proc/" + itoa(first.Pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if fields[3] != itoa(first.Pid) {
		t.Errorf("no session of its own: %s", stat)
	}
	if out, code := run(t, "daemon", "--dir", dir); code != 0 || out != "already running\n" {
		t.Errorf("%q %d", out, code)
	}
	if out, code := run(t, "daemon", "--foreground", "--dir", dir); code != 0 || !strings.Contains(out, "already running") {
		t.Errorf("%q %d", out, code)
	}
	if again := statusOf(t, dir); again.Pid != first.Pid {
		t.Errorf("another daemon: %+v", again)
	}
	if out, code := run(t, "stop", "--dir", dir); code != 0 || out != "stopped\n" {
		t.Errorf("%q %d", out, code)
	}
	if _, code := run(t, "status", "--dir", dir); code != 3 {
		t.Errorf("status of no daemon ends with %d", code)
	}
	if out, code := run(t, "stop", "--dir", dir); code != 0 || out != "not running\n" {
		t.Errorf("%q %d", out, code)
	}
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// An uninstall is stop and then the removal of the folder: nothing may write or live there any more.
func TestAfterStopTheFolderCanBeRemovedAtOnce(t *testing.T) {
	for round := 0; round < 5; round++ {
		dir := filepath.Join(t.TempDir(), "agent")
		if out, code := run(t, "daemon", "--dir", dir); code != 0 {
			t.Fatal(out)
		}
		c, _ := (&host{t: t, dir: dir}).greet()
		for i := 0; i < 5; i++ {
			c.launch(argv("t-"+itoa(i), "sleep", "1000"))
		}
		c.status()
		if out, code := run(t, "stop", "--dir", dir, "--tasks", "stop"); code != 0 {
			t.Fatal(out)
		}
		if left, _ := exec.Command("pgrep", "-a", "-f", dir).Output(); len(left) > 0 {
			t.Errorf("processes are left: %s", left)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Millisecond)
		if _, err := os.Stat(dir); err == nil {
			t.Error("somebody wrote there again")
		}
	}
}

func TestManyStartsAtOnceGiveOneDaemon(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	defer run(t, "stop", "--dir", dir, "--tasks", "stop")
	codes := make(chan int, 8)
	for i := 0; i < 8; i++ {
		go func() {
			err := exec.Command(binary, "daemon", "--dir", dir).Run()
			if err == nil {
				codes <- 0
				return
			}
			codes <- 1
		}()
	}
	for i := 0; i < 8; i++ {
		if <-codes != 0 {
			t.Error("a start failed")
		}
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	if n := strings.Count(string(log), "agent started"); n != 1 {
		t.Errorf("%d daemons started:\n%s", n, log)
	}
}

func TestAttachJoinsTheStreams(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	if out, code := run(t, "attach", "--dir", dir); code != 3 || !strings.HasPrefix(out, "mesolite-attach-error no-daemon ") {
		t.Errorf("%q %d", out, code)
	}
	attach := exec.Command(binary, "attach", "--dir", dir, "--start")
	in, _ := attach.StdinPipe()
	out, _ := attach.StdoutPipe()
	if err := attach.Start(); err != nil {
		t.Fatal(err)
	}
	defer run(t, "stop", "--dir", dir, "--tasks", "stop")
	preamble := make([]byte, len(wire.Preamble))
	if _, err := out.Read(preamble); err != nil || string(preamble) != wire.Preamble {
		t.Fatalf("%q %v", preamble, err)
	}
	body, _ := wire.Encode(map[string]interface{}{"v": 1, "id": 1, "call": "hello", "params": helloOf("master-x", 1)})
	frame, _ := wire.AppendJSON(nil, body)
	if _, err := in.Write(frame); err != nil {
		t.Fatal(err)
	}
	got, err := wire.NewReader(out).Next()
	if err != nil || !strings.Contains(string(got.Payload), `"agentId":"a-`) {
		t.Fatalf("%s %v", got.Payload, err)
	}
	_ = in.Close()
	ended := make(chan error, 1)
	go func() { ended <- attach.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("attach does not end with its input")
		_ = attach.Process.Kill()
	}
	if !statusOf(t, dir).Running {
		t.Error("the daemon ended with its starter")
	}
}

func TestLeaseTakeOverAndNewerConnection(t *testing.T) {
	h := newHost(t)
	first, _ := h.greet()
	again := h.connect()
	again.call("hello", helloOf("master-test", 2), nil)
	if holder := <-first.lost; holder != "master-test" {
		t.Errorf("%s", holder)
	}
	<-first.ended
	other := h.connect()
	refused := func(hello wire.HelloParams, reason string) {
		t.Helper()
		err := other.try("hello", hello, nil)
		if refusal, ok := err.(*wire.Error); !ok || refusal.Code != "conflict" || refusal.Reason != reason {
			t.Errorf("%v, want %s", err, reason)
		}
	}
	refused(helloOf("master-other", 1), "lease-held")
	refused(helloOf("master-test", 1), "lease-old-epoch")
	if err := other.try("task.list", struct{}{}, nil); err == nil || !strings.Contains(err.Error(), "unauthorized") {
		t.Errorf("answered before hello: %v", err)
	}
	takeOver := helloOf("master-other", 1)
	takeOver.TakeOver = true
	other.call("hello", takeOver, nil)
	if holder := <-again.lost; holder != "master-other" {
		t.Errorf("%s", holder)
	}
	h.kill9()
	h.start()
	late := h.connect()
	if err := late.try("hello", helloOf("master-test", 9), nil); err == nil || !strings.Contains(err.Error(), "lease-held: master-other") {
		t.Errorf("the lease was not kept: %v", err)
	}
	old := h.connect()
	if err := old.try("hello", wire.HelloParams{VersionMin: 7, Version: 9, MasterID: "master-other", Epoch: 2}, nil); err == nil || !strings.Contains(err.Error(), "wire-version") {
		t.Errorf("%v", err)
	}
}

func TestShutdownKeepsOrStopsTasks(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(argv("t-run", "sleep", "1000"))
	c.status()
	pid := h.pidOf("t-run")
	err := c.try("agent.shutdown", wire.ShutdownParams{Tasks: "keep", OnlyIfIdle: true}, nil)
	if refusal, ok := err.(*wire.Error); !ok || refusal.Code != "conflict" {
		t.Fatalf("%v", err)
	}
	c.call("agent.shutdown", wire.ShutdownParams{Tasks: "keep"}, nil)
	<-h.gone
	if !pidAlive(pid) {
		t.Fatal("the task ended with the agent")
	}
	h.start()
	c, hello := h.greet()
	if hello.Tasks[0].Status.State != wire.StateRunning {
		t.Fatalf("%+v", hello.Tasks)
	}
	c.call("agent.shutdown", wire.ShutdownParams{Tasks: "stop"}, nil)
	<-h.gone
	if pidAlive(pid) {
		t.Error("the task lives")
	}
	h.start()
	c, _ = h.greet()
	if end := c.status(); end.State != wire.StateKilled {
		t.Errorf("%+v", end)
	}
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-h.gone
}

func TestSamplesComeAtTheirRate(t *testing.T) {
	h := newHost(t)
	c, hello := h.greet()
	c.launch(argv("t-run", "sleep", "1000"))
	c.status()
	c.call("sample.subscribe", wire.SubscribeParams{EveryMs: 100}, nil)
	for want := int64(1); want <= 5; want++ {
		select {
		case got := <-c.samples:
			if got.Seq != want || len(got.PerCPU) != hello.Facts.Cpus || len(got.Disks) != len(hello.Facts.Disks) || len(got.Tasks) != 1 || got.Tasks[0].Pids != 1 {
				t.Errorf("%+v", got)
			}
		case <-time.After(patience):
			t.Fatal("no sample")
		}
	}
}

func TestRubbishOnTheSocketEndsThatConnectionOnly(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	for _, rubbish := range []string{"GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x02\x09x", "\x00\x00\x00\x03\x01{x", "\xff\xff\xff\xff"} {
		conn, err := link.Dial(h.dir, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(rubbish))
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if n, err := conn.Read(make([]byte, 10)); n != 0 || os.IsTimeout(err) {
			t.Errorf("%q: %d %v", rubbish, n, err)
		}
		_ = conn.Close()
	}
	c.call("ping", struct{}{}, nil)
	if err := c.try("no.such.call", struct{}{}, nil); err == nil || !strings.Contains(err.Error(), "unsupported") {
		t.Errorf("%v", err)
	}
	if err := c.try("task.kill", []int{1}, nil); err == nil || !strings.Contains(err.Error(), "invalid") {
		t.Errorf("%v", err)
	}
}

func TestAnotherUserIsRefused(t *testing.T) {
	needsRoot(t) // to become the other one
	h := newHost(t)
	if err := os.Chmod(filepath.Join(h.dir, "sock"), 0o666); err != nil { // even with the file's own guard gone
		t.Fatal(err)
	}
	if err := os.Chmod(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := asNobody("status", "--dir", h.dir).CombinedOutput(); err == nil {
		t.Errorf("a stranger was answered: %s", out)
	}
}

func TestAnUnprivilegedAgentRunsTasksAndRefusesOtherUsers(t *testing.T) {
	base, err := os.MkdirTemp(filepath.Dir(binary), "nobody-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(base) }()
	uid := os.Geteuid()
	if uid == 0 {
		if uid = 65534; os.Chown(base, uid, uid) != nil {
			t.Fatal("cannot give a folder to nobody")
		}
	}
	dir := filepath.Join(base, "agent")
	if out, err := asNobody("daemon", "--dir", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	h := &host{t: t, dir: dir}
	defer func() { _ = asNobody("stop", "--dir", dir, "--tasks", "stop").Run() }()
	c, hello := h.greet() // root may speak to it too
	if hello.Facts.UID != uid || uid == 65534 && hello.Facts.User != "nobody" || hello.Facts.Isolation.Users {
		t.Errorf("%+v", hello.Facts)
	}
	c.expectNoSwitch(shell("t-root", "id -u"))
	// Without a cgroup the subreaper still finds what went into a session of its own.
	c.launch(shell("t-tree", `(setsid sh -c 'trap "" TERM; echo $$ > `+base+`/pid; while :; do sleep 1; done' &); trap '' TERM; while :; do sleep 1; done`))
	c.status()
	pid := h.pidIn(filepath.Join(base, "pid"))
	grace := int64(50)
	c.call("task.kill", wire.KillParams{TaskID: "t-tree", GraceMs: &grace}, nil)
	if end := c.status(); end.State != wire.StateKilled {
		t.Errorf("%+v", end)
	}
	if pidAlive(pid) {
		t.Errorf("process %d is left", pid)
	}
	c.call("sample.subscribe", wire.SubscribeParams{EveryMs: 100}, nil)
	<-c.samples
}
