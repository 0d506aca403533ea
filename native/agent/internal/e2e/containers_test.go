//go:build engine

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mesolite/agent/internal/wire"
)

// All of them use one Podman, one after the other.
func TestContainer_(t *testing.T) {
	e := newEngine(t)
	for _, one := range []struct {
		name string
		run  func(*testing.T, *realEngine)
	}{
		{"RunsAnImageWithArgsEnvironmentFolderUserAndVolumes", containerTestRunsAnImageWithArgsEnvironmentFolderUserAndVolumes},
		{"AStartThatFailsIsToldInWords", containerTestAStartThatFailsIsToldInWords},
		{"KillSendsTermThenKill", containerTestKillSendsTermThenKill},
		{"MemoryLimitIsNamed", containerTestMemoryLimitIsNamed},
		{"LogsAreExactWhateverIsInThem", containerTestLogsAreExactWhateverIsInThem},
		{"KilledAgentLosesNothing", containerTestKilledAgentLosesNothing},
		{"AnEngineThatDiesAndComesBackIsWaitedFor", containerTestAnEngineThatDiesAndComesBackIsWaitedFor},
		{"AForeignOneOfTheSameNameIsNotTouched", containerTestAForeignOneOfTheSameNameIsNotTouched},
		{"ChecksLookInside", containerTestChecksLookInside},
		{"UseIsMeasured", containerTestUseIsMeasured},
		{"ALogPumpThatIsKilledIsReplaced", containerTestALogPumpThatIsKilledIsReplaced},
	} {
		t.Run(one.name, func(t *testing.T) { one.run(t, e) })
	}
}

func launch(c *client, info map[string]interface{}) {
	c.t.Helper()
	c.call("task.launch", map[string]interface{}{"info": info}, nil)
}

func containerTestRunsAnImageWithArgsEnvironmentFolderUserAndVolumes(t *testing.T, e *realEngine) {
	e.in(t)
	e.load("localhost/mesolite/own:latest", `ENTRYPOINT ["/bin/p"]`, `CMD ["exit","0"]`, "USER bob")
	h := e.host()
	c, hello := h.greet()
	if len(hello.Facts.Engines) != 1 || hello.Facts.Engines[0].Engine != wire.EnginePodman || hello.Facts.Engines[0].Version == "" {
		t.Errorf("facts name %+v", hello.Facts.Engines)
	}
	volume := t.TempDir()
	launch(c, inContainer("t-env", func(container, command, _ map[string]interface{}) {
		command["environment"] = []wire.EnvVar{{Name: "COLOUR", Value: "a b=c"}}
		command["workingFolder"] = "/tmp"
	}, "env"))
	running := c.until("t-env", wire.StateRunning)
	if running.Container == nil || running.Container.Engine != wire.EnginePodman || running.Container.ID == "" || running.Container.ImageID == "" {
		t.Errorf("the status names no container: %+v", running.Container)
	}
	c.until("t-env", wire.StateFinished)
	for _, line := range []string{"COLOUR=a b=c\n", "MESOS_SANDBOX=/mnt/mesos/sandbox\n", "MESOS_TASK_ID=t-env\n", "wd /tmp\n"} {
		if !strings.Contains(h.log("t-env", "stdout"), line) {
			t.Errorf("no %q in %q", line, h.log("t-env", "stdout"))
		}
	}
	launch(c, inContainer("t-code", nil, "exit", "3"))
	if s := c.until("t-code", wire.StateFailed); s.ExitCode == nil || *s.ExitCode != 3 || s.Message != "exited with code 3" {
		t.Errorf("%+v", s)
	}
	if h.log("t-code", "stdout") != "out\n" || h.log("t-code", "stderr") != "err\n" {
		t.Errorf("logs %q %q", h.log("t-code", "stdout"), h.log("t-code", "stderr"))
	}
	launch(c, inContainer("t-image", func(container, command, _ map[string]interface{}) {
		container["image"], command["value"], command["arguments"] = "localhost/mesolite/own:latest", "", []string{}
	}))
	c.until("t-image", wire.StateFinished)
	launch(c, inContainer("t-args", func(container, command, _ map[string]interface{}) {
		container["image"], command["value"], command["arguments"] = "localhost/mesolite/own:latest", "", []string{"exit", "5"}
	}))
	if s := c.until("t-args", wire.StateFailed); *s.ExitCode != 5 {
		t.Errorf("%+v", s)
	}
	launch(c, inContainer("t-shell", func(container, command, _ map[string]interface{}) {
		container["volumes"] = []wire.Volume{{Source: volume, Target: "/data"}}
		command["shell"], command["value"], command["arguments"] = true, "write /data/x", []string{}
	}))
	c.until("t-shell", wire.StateFinished)
	if data, _ := os.ReadFile(filepath.Join(volume, "x")); string(data) != "written" {
		t.Errorf("volume holds %q", data)
	}
	launch(c, inContainer("t-box", func(_, command, _ map[string]interface{}) { command["user"] = "bob" }, "write", "/mnt/mesos/sandbox/y"))
	c.until("t-box", wire.StateFinished)
	if data, _ := os.ReadFile(filepath.Join(h.dir, "tasks", "t-box", "sandbox", "y")); string(data) != "written" {
		t.Errorf("sandbox holds %q", data)
	}
	h.eventually("all containers are removed", func() bool { return len(e.list("mesolite-")) == 0 })
}

func containerTestAStartThatFailsIsToldInWords(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	for id, want := range map[string]string{
		"t-none":   "cannot start: /bin/nope: no such file or directory",
		"t-path":   "cannot start: nope: command not found",
		"t-image":  "cannot start: image localhost/mesolite/nope:1 is not on this machine, and the task says never to pull it",
		"t-volume": "cannot start: folder /nowhere/at/all does not exist",
		"t-docker": "cannot start: no engine of the kind docker answers on this machine",
		"t-pull":   "cannot start: cannot pull 127.0.0.1:1/x/y:1: the registry cannot be reached",
	} {
		launch(c, inContainer(id, func(container, command, _ map[string]interface{}) {
			switch id {
			case "t-none":
				command["value"] = "/bin/nope"
			case "t-path":
				command["value"] = "nope"
			case "t-image":
				container["image"], container["pull"] = "localhost/mesolite/nope:1", "never"
			case "t-volume":
				container["volumes"] = []wire.Volume{{Source: "/nowhere/at/all", Target: "/data"}}
			case "t-docker":
				container["engine"] = "docker"
			case "t-pull":
				container["image"] = "127.0.0.1:1/x/y:1"
			}
		}))
		s := c.until(id, wire.StateFailed)
		if !strings.HasPrefix(s.Message, want) || s.Reason == nil || *s.Reason != wire.ReasonLaunchFailed {
			t.Errorf("%s: %s (%v)", id, s.Message, s.Reason)
		}
	}
	h.eventually("nothing is left", func() bool { return len(e.list("mesolite-")) == 0 })
}

func containerTestKillSendsTermThenKill(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-polite", nil, "polite"))
	launch(c, inContainer("t-stubborn", nil, "stubborn"))
	c.until("t-stubborn", wire.StateRunning)
	h.eventually("they listen", func() bool {
		return h.log("t-polite", "stdout") == "polite\n" && h.log("t-stubborn", "stdout") == "stubborn\n"
	})
	c.call("task.kill", map[string]interface{}{"taskId": "t-polite", "graceMs": 20_000}, nil)
	s := c.until("t-polite", wire.StateKilled)
	if s.ExitCode == nil || *s.ExitCode != 7 || h.log("t-polite", "stdout") != "polite\nbye without newline" {
		t.Errorf("%+v %q", s, h.log("t-polite", "stdout"))
	}
	c.call("task.kill", map[string]interface{}{"taskId": "t-stubborn", "graceMs": 300}, nil)
	if s := c.until("t-stubborn", wire.StateKilled); s.Signal == nil || *s.Signal != 9 || s.Message != "killed on request: killed by signal 9 (KILL)" {
		t.Errorf("%+v", s)
	}
}

func containerTestMemoryLimitIsNamed(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-hog", func(_, _, task map[string]interface{}) {
		task["resources"].(map[string]interface{})["memMib"] = 64
		task["limits"] = map[string]interface{}{"pids": 20, "cpusMilli": 500}
	}, "hog"))
	s := c.until("t-hog", wire.StateFailed)
	if s.Reason == nil || *s.Reason != wire.ReasonMemoryLimit || s.LimitMemMib == nil || *s.LimitMemMib != 64 {
		t.Errorf("%+v", s)
	}
}

func containerTestLogsAreExactWhateverIsInThem(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-binary", nil, "binary", "256"))
	c.until("t-binary", wire.StateFinished)
	piece := make([]byte, 65536)
	for i := range piece {
		piece[i] = byte(i * 7)
	}
	if got := h.log("t-binary", "stdout"); got != strings.Repeat(string(piece), 256) {
		t.Errorf("16 MiB of binary came as %d bytes", len(got))
	}
	launch(c, inContainer("t-dev", nil, "devstdout"))
	c.until("t-dev", wire.StateFinished)
	if got := h.log("t-dev", "stdout"); got != "one\ntwo\nthree\n" {
		t.Errorf("/dev/stdout: %q", got)
	}
}

func containerTestKilledAgentLosesNothing(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-count", nil, "count", "3000"))
	launch(c, inContainer("t-short", nil, "count", "200"))
	c.until("t-short", wire.StateRunning)
	h.kill9()
	h.eventually("a container ends while the agent is dead", func() bool {
		list := e.list("t-short")
		return len(list) == 1 && list[0].State == "exited"
	})
	h.start()
	c, _ = h.greet()
	c.until("t-short", wire.StateFinished)
	s := c.until("t-count", wire.StateFinished)
	if s.ExitCode == nil || *s.ExitCode != 0 {
		t.Errorf("%+v", s)
	}
	for id, n := range map[string]int{"t-count": 3000, "t-short": 200} {
		var want strings.Builder
		for i := 0; i < n; i++ {
			fmt.Fprintln(&want, i)
		}
		if got := h.log(id, "stdout"); got != want.String() {
			t.Errorf("%s: %d bytes of log, wanted %d", id, len(got), want.Len())
		}
	}
}

func containerTestAnEngineThatDiesAndComesBackIsWaitedFor(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-on", nil, "polite"))
	c.until("t-on", wire.StateRunning)
	h.eventually("it listens", func() bool { return h.log("t-on", "stdout") == "polite\n" })
	e.kill9()
	c.call("task.kill", map[string]interface{}{"taskId": "t-on", "graceMs": 20_000}, nil)
	e.start()
	if s := c.until("t-on", wire.StateKilled); s.ExitCode == nil || *s.ExitCode != 7 {
		t.Errorf("%+v", s)
	}
}

func containerTestAForeignOneOfTheSameNameIsNotTouched(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, hello := h.greet()
	name := "mesolite-" + hello.AgentID + "-t-mine"
	body := `{"Image":"` + testImage + `","Entrypoint":["/bin/p"],"Cmd":["sleep"]}`
	if out, err := e.ask("POST", "/containers/create?name="+name, strings.NewReader(body)); err != nil {
		t.Fatal(err, out)
	}
	if _, err := e.ask("POST", "/containers/"+name+"/start", nil); err != nil {
		t.Fatal(err)
	}
	launch(c, inContainer("t-mine", nil, "exit", "0"))
	s := c.until("t-mine", wire.StateFailed)
	if s.Message != "cannot start: a container named "+name+" exists that is not ours, so it is not touched" {
		t.Errorf("%s", s.Message)
	}
	c.call("task.forget", map[string]interface{}{"taskId": "t-mine"}, nil)
	h.kill9()
	h.start()
	h.greet()
	if list := e.list(name); len(list) != 1 || list[0].State != "running" {
		t.Errorf("the foreign container: %+v", list)
	}
}

func containerTestChecksLookInside(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	check := func(probe map[string]interface{}) map[string]interface{} {
		return map[string]interface{}{"probe": probe, "delayMs": 0, "intervalMs": 200, "timeoutMs": 3000, "failures": 1000, "graceMs": 0}
	}
	launch(c, inContainer("t-web", func(_, _, task map[string]interface{}) {
		task["health"] = check(map[string]interface{}{"kind": "http", "port": 8080, "path": "/"})
		task["readiness"] = check(map[string]interface{}{"kind": "command", "line": "exit 0"})
	}, "serve", "8080"))
	healthy, ready := false, false
	for !healthy || !ready {
		s := c.until("t-web", wire.StateRunning)
		healthy = healthy || s.Healthy != nil && *s.Healthy
		ready = ready || s.Ready != nil && *s.Ready
	}
	launch(c, inContainer("t-late", func(_, _, task map[string]interface{}) {
		late := check(map[string]interface{}{"kind": "command", "line": "sleep"})
		late["timeoutMs"], late["failures"] = 300, 2
		task["health"] = late
	}, "sleep"))
	if s := c.until("t-late", wire.StateFailed); s.Healthy == nil || *s.Healthy || !strings.Contains(s.Message, "no answer in 300 ms") {
		t.Errorf("%+v", s)
	}
	if n := probersOf("t-web"); n > 1 {
		t.Errorf("%d probers in one container", n)
	}
	c.call("task.kill", map[string]interface{}{"taskId": "t-web", "graceMs": 0}, nil)
	c.until("t-web", wire.StateKilled)
}

func containerTestUseIsMeasured(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-burn", nil, "burn"))
	c.until("t-burn", wire.StateRunning)
	c.call("sample.subscribe", map[string]interface{}{"everyMs": 200}, nil)
	h.eventually("a sample shows its CPU", func() bool {
		sample := <-c.samples
		return len(sample.Tasks) == 1 && sample.Tasks[0].TaskID == "t-burn" && sample.Tasks[0].CPUBusyMilli > 10 && sample.Tasks[0].Pids > 0
	})
	c.call("task.kill", map[string]interface{}{"taskId": "t-burn", "graceMs": 0}, nil)
	c.until("t-burn", wire.StateKilled)
}

func containerTestALogPumpThatIsKilledIsReplaced(t *testing.T, e *realEngine) {
	e.in(t)
	h := e.host()
	c, _ := h.greet()
	launch(c, inContainer("t-count", nil, "count", "4000"))
	c.until("t-count", wire.StateRunning)
	h.eventually("it says something", func() bool { return len(h.log("t-count", "stdout")) > 100 })
	if n := h.killPump(t); n != 1 {
		t.Fatalf("%d pumps", n)
	}
	c.until("t-count", wire.StateFinished)
	var want strings.Builder
	for i := 0; i < 4000; i++ {
		fmt.Fprintln(&want, i)
	}
	if got := h.log("t-count", "stdout"); got != want.String() {
		t.Errorf("%d bytes of log, wanted %d", len(got), want.Len())
	}
}

// probersOf counts the probers in the container of a task: they are told apart by its environment.
func probersOf(task string) int {
	n := 0
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		line, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		env, _ := os.ReadFile("/proc/" + entry.Name() + "/environ")
		if strings.HasPrefix(string(line), "/.mesolite/init\x00inside-prober\x00") && strings.Contains(string(env), "MESOS_TASK_ID="+task+"\x00") {
			n++
		}
	}
	return n
}

// killPump kills the pump of this agent, found by its command line.
func (h *host) killPump(t *testing.T) int {
	t.Helper()
	n := 0
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err != nil || !strings.Contains(string(line), "\x00pump\x00--dir\x00"+h.dir+"\x00") {
			continue
		}
		pid := 0
		if _, err := fmt.Sscan(entry.Name(), &pid); err == nil && pid > 1 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			n++
		}
	}
	return n
}
