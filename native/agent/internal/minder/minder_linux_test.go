package minder

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/shim"
)

func TestMain(m *testing.M) {
	if Wants(os.Args[0]) {
		Run(os.Args)
	}
	for fd := 3; fd < 1024; fd++ {
		syscall.CloseOnExec(fd) // what the starter of the tests left open, as the agent does it
	}
	os.Exit(m.Run())
}

type trial struct {
	t       *testing.T
	dir     string
	alive   *os.File
	pid     int
	told    string
	env     []string
	flags   int
	limits  string
	sandbox string
}

func newTrial(t *testing.T) *trial {
	dir := t.TempDir()
	for _, name := range []string{"alive", "ctl"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sandbox := filepath.Join(dir, "sandbox")
	if err := os.Mkdir(sandbox, 0o700); err != nil {
		t.Fatal(err)
	}
	return &trial{t: t, dir: dir, env: []string{"PATH=/usr/bin:/bin"}, flags: shim.FlagSearchPath, limits: "4=0", sandbox: sandbox}
}

func (r *trial) begin(folder, file string, task ...string) {
	r.t.Helper()
	open := func(name string, flags int) uintptr {
		fd, err := syscall.Open(name, flags|syscall.O_CLOEXEC, 0o600)
		if err != nil {
			r.t.Fatal(name, err)
		}
		return uintptr(fd)
	}
	appending := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if r.alive == nil {
		alive, err := os.OpenFile(filepath.Join(r.dir, "alive"), os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		r.alive = alive
		r.t.Cleanup(func() { _ = alive.Close() })
	}
	if err := os.WriteFile(filepath.Join(r.dir, "env"), []byte(strings.Join(r.env, "\x00")), 0o600); err != nil {
		r.t.Fatal(err)
	}
	fds := []uintptr{
		open("/dev/null", os.O_RDONLY), open(filepath.Join(r.dir, "stdout"), appending), open(filepath.Join(r.dir, "stderr"), appending),
		open(filepath.Join(r.dir, "alive"), os.O_WRONLY|syscall.O_NONBLOCK), open(filepath.Join(r.dir, "ctl"), os.O_RDWR|syscall.O_NONBLOCK),
		open(r.dir, os.O_RDONLY), open(filepath.Join(r.dir, "env"), os.O_RDONLY),
	}
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	argv := append([]string{shim.Name, shim.InterfaceVersion, "-", "0", "", r.sandbox, folder, strconv.Itoa(r.flags), r.limits, "", "0", "0", file}, task...)
	r.pid, err = syscall.ForkExec(exe, argv, &syscall.ProcAttr{Files: fds, Env: []string{}, Sys: &syscall.SysProcAttr{Setsid: true}})
	for _, fd := range fds {
		_ = syscall.Close(int(fd))
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *trial) say(line string) {
	fd, err := syscall.Open(filepath.Join(r.dir, "ctl"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = syscall.Write(fd, []byte(line))
	_ = syscall.Close(fd)
}

// until reads lines until one begins so, and gives it.
func (r *trial) until(prefix string) string {
	r.t.Helper()
	_ = r.alive.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		if at := strings.IndexByte(r.told, '\n'); at >= 0 {
			line := r.told[:at]
			r.told = r.told[at+1:]
			if strings.HasPrefix(line, prefix) {
				return line
			}
			continue
		}
		var buf [512]byte
		n, err := r.alive.Read(buf[:])
		if r.told += string(buf[:n]); err != nil && n == 0 {
			r.t.Fatalf("no line %q: %v, %q", prefix, err, r.told)
		}
	}
}

// wrote waits for words in the task's output.
func (r *trial) wrote(words string) {
	r.t.Helper()
	for until := time.Now().Add(20 * time.Second); !strings.Contains(r.text("stdout"), words); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			r.t.Fatalf("no %q in %q", words, r.text("stdout"))
		}
	}
}

type record struct{ Code, Signal, Step, Errno, Left int }

func (r *trial) ended() record {
	r.t.Helper()
	var told record
	if err := json.Unmarshal([]byte(r.until("X")[1:]), &told); err != nil {
		r.t.Fatal(err)
	}
	return told
}

// gone waits for the minder itself.
func (r *trial) gone() int {
	r.t.Helper()
	_ = r.alive.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(r.alive); err != nil {
		r.t.Fatal("the minder did not go:", err)
	}
	var status syscall.WaitStatus
	if _, err := wait4(r.pid, &status, nil); err != nil {
		r.t.Fatal(err)
	}
	return status.ExitStatus()
}

func (r *trial) text(name string) string {
	data, _ := os.ReadFile(filepath.Join(r.dir, name))
	return string(data)
}

func TestATaskRunsInItsSandboxWithItsEnvironmentAndItsStatusIsRecorded(t *testing.T) {
	r := newTrial(t)
	r.env = append(r.env, "WORD=a b")
	r.begin("", "sh", "sh", "-c", `pwd; echo "$WORD"; exit 7`)
	started := strings.Fields(r.until("S "))
	if end := r.ended(); end != (record{Code: 7}) {
		t.Fatalf("ended as %+v", end)
	}
	r.say("a\n")
	r.gone()
	if got := r.text("stdout"); got != r.sandbox+"\na b\n" {
		t.Fatalf("it wrote %q", got)
	}
	run := r.text("run")
	if mark := strings.Fields(run[:shim.RecordAt]); len(mark) != 3 || mark[1] != started[1] || mark[2] == "0" {
		t.Fatalf("the mark is %q", run[:shim.RecordAt])
	}
	var kept record
	if err := json.Unmarshal([]byte(run[shim.RecordAt:]), &kept); err != nil || kept.Code != 7 {
		t.Fatalf("the record is %q: %v", run[shim.RecordAt:], err)
	}
}

func TestWithoutAnAgentTheRecordIsKeptAndTheMinderGoes(t *testing.T) {
	r := newTrial(t)
	if err := syscall.Mkfifo(filepath.Join(r.sandbox, "go"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.begin("", "sh", "sh", "-c", "read line < go; exit 3")
	r.until("S ")
	_ = r.alive.Close()
	if err := os.WriteFile(filepath.Join(r.sandbox, "go"), []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := wait4(r.pid, &status, nil); err != nil {
		t.Fatal(err)
	}
	if run := r.text("run"); !strings.Contains(run, `"code":3`) {
		t.Fatalf("the record is %q", run)
	}
}

func TestWhatFailsBeforeTheTaskRunsIsToldByItsStep(t *testing.T) {
	for _, one := range []struct {
		folder, file string
		step         int
		errno        syscall.Errno
	}{
		{"", "no-such-command-here", shim.StepExec, syscall.ENOENT},
		{"", "/etc/passwd", shim.StepExec, syscall.EACCES},
		{"/no/such/folder", "true", shim.StepFolder, syscall.ENOENT},
	} {
		r := newTrial(t)
		r.begin(one.folder, one.file, one.file)
		if end := r.ended(); end.Step != one.step || end.Errno != int(one.errno) || end.Code != 0 {
			t.Errorf("%s in %q ended as %+v", one.file, one.folder, end)
		}
		r.say("a\n")
		r.gone()
	}
}

func TestKillSendsTermAndAfterTheGraceKillToTheWholeGroup(t *testing.T) {
	r := newTrial(t)
	// A shell that is just about to wait looks for a signal only when that wait is over, so it waits for little.
	r.begin("", "sh", "sh", "-c", `trap "echo term" TERM; sleep 600 & echo $!; while :; do sleep 0.1; done`)
	r.until("S ")
	r.wrote("\n") // it has its trap
	r.say("k60000\n")
	r.wrote("term")
	r.say("k0\n")
	if end := r.ended(); end.Signal != int(syscall.SIGKILL) || end.Left != 0 {
		t.Fatalf("ended as %+v", end)
	}
	r.say("a\n")
	r.gone()
	child, _ := strconv.Atoi(strings.Fields(r.text("stdout"))[0])
	if field("/proc/"+strconv.Itoa(child)+"/stat", 3) != "" && field("/proc/"+strconv.Itoa(child)+"/stat", 3) != "Z" {
		t.Fatal("a process of its group lives on")
	}
}

func TestWhatATaskLeavesInItsGroupIsEndedWithIt(t *testing.T) {
	r := newTrial(t)
	r.begin("", "sh", "sh", "-c", `trap "" TERM; sleep 600 & echo $!`)
	r.until("S ")
	if end := r.ended(); end != (record{}) {
		t.Fatalf("ended as %+v", end)
	}
	r.say("a\n")
	r.gone()
	child := strings.TrimSpace(r.text("stdout"))
	if state := field("/proc/"+child+"/stat", 3); state != "" && state != "Z" {
		t.Fatal("it lives on")
	}
}

func TestOneRunHappensOnce(t *testing.T) {
	r := newTrial(t)
	r.begin("", "true", "true")
	r.ended()
	r.say("a\n")
	r.gone()
	r.begin("", "sh", "sh", "-c", "echo again")
	if code := r.gone(); code != exitClaimed || r.text("stdout") != "" {
		t.Fatalf("it ran twice: %d %q", code, r.text("stdout"))
	}
}

func TestAProbeEndsWithTheAgent(t *testing.T) {
	r := newTrial(t)
	r.flags |= shim.FlagWithAgent
	r.begin("", "sleep", "sleep", "600")
	r.until("S ")
	_ = r.alive.Close()
	var status syscall.WaitStatus
	if _, err := wait4(r.pid, &status, nil); err != nil {
		t.Fatal(err)
	}
	if run := r.text("run"); !strings.Contains(run, `"signal":`) || strings.Contains(run, `"signal":0`) {
		t.Fatalf("the record is %q", run)
	}
}

func TestATaskHasNoIgnoredSignalsAndNoneOfOurDescriptors(t *testing.T) {
	r := newTrial(t)
	r.begin("", "sh", "sh", "-c", `grep -E "^Sig(Ign|Blk)" /proc/self/status; ls /proc/self/fd | wc -l; ulimit -c`)
	r.until("S ")
	r.ended()
	r.say("a\n")
	r.gone()
	lines := strings.Split(strings.TrimSpace(r.text("stdout")), "\n")
	if len(lines) != 4 {
		t.Fatalf("it wrote %q", lines)
	}
	for _, line := range lines[:2] {
		if strings.Trim(strings.Fields(line)[1], "0") != "" {
			t.Errorf("signals: %s", line)
		}
	}
	if strings.TrimSpace(lines[2]) != "4" || lines[3] != "0" { // the three, and the folder that ls reads
		t.Errorf("descriptors and core limit: %q", lines[2:])
	}
}
