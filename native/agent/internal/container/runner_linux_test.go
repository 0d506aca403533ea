package container

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/wire"
)

const name1 = "mesolite-a-1-t-1"

func TestARunIsMadeStartedFollowedAndRemoved(t *testing.T) {
	r := newRig(t)
	info := task("t-1")
	info.Container.Ports = []wire.PublishedPort{{Host: 8080, Container: 80, Protocol: "tcp"}}
	info.Limits = &wire.Limits{CpusMilli: wire.Ceiling{Set: true, Value: 1500}, MemMib: wire.Ceiling{Set: true, Value: 64}, Pids: wire.Ceiling{Set: true, Value: 50}}
	info.Resources.CpusMilli = 500
	r.Start(info, 0)
	n := r.started()
	if n.TaskID != "t-1" || n.Run != 0 || n.Container == nil || n.Container.Engine != "docker" || n.Container.ImageID != "sha256:1" {
		t.Errorf("%+v %+v", n, n.Container)
	}
	c := r.fake.get(name1)
	host := c.spec.HostConfig
	if host.CPUShares != 512 || host.CPUQuota != 150_000 || host.Memory != 64<<20 || host.MemorySwap != 64<<20 || host.PidsLimit != 50 {
		t.Errorf("limits %+v", host)
	}
	if host.LogConfig.Type != "none" || host.RestartPolicy.Name != "no" || host.PortBindings["80/tcp"][0].HostPort != "8080" || c.spec.Labels[LabelAgent] != "a-1" || c.spec.Labels[LabelTask] != "t-1" {
		t.Errorf("spec %+v", c.spec)
	}
	if !reflect.DeepEqual(c.spec.Cmd, []string{"/x", "x"}) {
		t.Errorf("command %q", c.spec.Cmd)
	}
	c.say(t, "half a line")
	r.fake.end(name1, 3)
	exit := r.exit()
	if exit.Code != 3 || exit.Signal != 0 || exit.EndedAtMs != time.Date(2026, 1, 2, 3, 4, 6, 789e6, time.UTC).UnixMilli() {
		t.Errorf("%+v", exit)
	}
	if log, _ := os.ReadFile(filepath.Join(r.Dir, "tasks", "t-1", "stdout")); string(log) != "half a line" {
		t.Errorf("log %q at the moment of the end", log)
	}
	if r.fake.get(name1) == nil {
		t.Error("removed before it was acknowledged")
	}
	r.Acknowledge("t-1", 0)
	r.Acknowledge("t-1", 0)
	r.eventually("the container is removed", func() bool { return r.fake.get(name1) == nil })
}

func TestCommandsAreThoseOfTheTaskOrOfItsImage(t *testing.T) {
	image := &engine.Image{}
	image.Config.Entrypoint, image.Config.Cmd = []string{"/entry"}, []string{"a", "b"}
	for _, c := range []struct {
		command wire.Command
		want    []string
	}{
		{wire.Command{}, []string{"/entry", "/entry", "a", "b"}},
		{wire.Command{Arguments: []string{"c"}}, []string{"/entry", "/entry", "c"}},
		{wire.Command{Shell: true, Value: "echo $X"}, []string{"sh", "sh", "-c", "echo $X"}},
		{wire.Command{Value: "/bin/x"}, []string{"/bin/x", "/bin/x"}},
		{wire.Command{Value: "/bin/x", Arguments: []string{"-x", "y"}}, []string{"/bin/x", "-x", "y"}},
	} {
		if got := commandOf(c.command, image); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %q", c.command, got)
		}
	}
	if got := commandOf(wire.Command{}, &engine.Image{}); len(got) != 0 {
		t.Errorf("nothing became %q", got)
	}
}

func TestARunAfterTheFirstHasANameOfItsOwnAndTheLogGoesOn(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.get(name1).say(t, "first;")
	r.fake.end(name1, 1)
	r.exit()
	r.Acknowledge("t-1", 0)
	r.Start(task("t-1"), 1)
	if n := r.started(); n.Run != 1 {
		t.Errorf("%+v", n)
	}
	second := r.fake.get(name1 + ".1")
	second.say(t, "second")
	r.fake.end(name1+".1", 0)
	r.exit()
	if log, _ := os.ReadFile(filepath.Join(r.Dir, "tasks", "t-1", "stdout")); string(log) != "first;second" {
		t.Errorf("log %q", log)
	}
	r.eventually("the first container is removed", func() bool { return r.fake.get(name1) == nil })
}

func TestAForeignContainerOfTheSameNameIsRefusedInWordsAndNotTouched(t *testing.T) {
	for _, labels := range []map[string]string{nil, {LabelAgent: "a-2", LabelTask: "t-1"}, {LabelAgent: "a-1", LabelTask: "t-2"}} {
		r := newRig(t)
		foreign := r.fake.put(name1, "running", labels)
		r.Start(task("t-1"), 0)
		exit := r.exit()
		if exit.Words != "a container named "+name1+" exists that is not ours, so it is not touched" {
			t.Errorf("%+v", exit)
		}
		r.Acknowledge("t-1", 0)
		if err := r.Forget("t-1"); err != nil {
			t.Error(err)
		}
		r.Sweep(func(string, string) bool { return false })
		if labels[LabelAgent] != "a-1" && r.fake.get(name1) != foreign {
			t.Errorf("a foreign container with %v is gone", labels)
		}
	}
}

func TestKillAsksFirstAndThenInsists(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	if err := r.Kill("t-1", 0, 60_000); err != nil {
		t.Error(err)
	}
	c := r.fake.get(name1)
	r.eventually("it is asked", func() bool { r.fake.mu.Lock(); defer r.fake.mu.Unlock(); return len(c.kills) == 1 })
	if err := r.Kill("t-1", 0, 50); err != nil { // a shorter grace holds
		t.Error(err)
	}
	exit := r.exit()
	if exit.Signal != 9 || exit.Code != 0 || !reflect.DeepEqual(c.kills, []string{"TERM", "KILL"}) {
		t.Errorf("%+v %v", exit, c.kills)
	}
}

func TestKillWhilePullingEndsItAndNothingIsLeft(t *testing.T) {
	r := newRig(t)
	r.fake.pull, r.fake.hold = []string{`{"status":"Pulling"}`}, make(chan struct{})
	info := task("t-1")
	info.Container.Image = "reg/other:1"
	r.Start(info, 0)
	<-r.progress
	if err := r.Kill("t-1", 0, 60_000); err != nil {
		t.Error(err)
	}
	if exit := r.exit(); exit.Step == 0 || exit.Words != "it was ended before it ran" {
		t.Errorf("%+v", exit)
	}
	if r.fake.get(name1) != nil {
		t.Error("a container is left")
	}
}

func TestKillBeforeTheStartKeepsItFromStarting(t *testing.T) {
	r := newRig(t)
	if err := r.Kill("t-1", 0, 0); err != nil {
		t.Error(err)
	}
	r.Start(task("t-1"), 0)
	if exit := r.exit(); exit.Step == 0 || r.fake.starts != 0 {
		t.Errorf("%+v after %d starts", exit, r.fake.starts)
	}
}

func TestPullProgressIsToldAtMostFourTimesASecond(t *testing.T) {
	r := newRig(t)
	for i := 1; i <= 500; i++ {
		r.fake.pull = append(r.fake.pull, `{"status":"Downloading","id":"l","progressDetail":{"current":`+strings.Repeat("1", 1+i%5)+`,"total":99999}}`)
	}
	info := task("t-1")
	info.Container.Pull = "always"
	from := time.Now()
	r.Start(info, 0)
	r.started()
	most := 1 + int(time.Since(from)/progressEvery)
	if n := len(r.progress); n > most || n < 1 {
		t.Errorf("%d events, at most %d were due", n, most)
	}
	if first := <-r.progress; first.Phase != "pull" || first.What != "img" || first.TaskID != "t-1" {
		t.Errorf("%+v", first)
	}
	r.fake.end(name1, 0)
	r.exit()
}

func TestPullErrorsAreToldInWords(t *testing.T) {
	for line, want := range map[string]string{
		"manifest for reg/other:1 not found: manifest unknown":                        "there is no such image",
		"pull access denied for x, repository does not exist":                         "the registry wants a login, or has no such image",
		"Get https://reg/v2/: dial tcp: lookup reg: no such host":                     "the registry cannot be reached",
		"write /var/lib/docker/tmp/x: no space left on device":                        "the disk of the engine is full",
		"toomanyrequests: You have reached your pull rate limit":                      "the registry limits how often it is asked",
		"tls: failed to verify certificate: x509: certificate signed by unknown auth": "the registry's certificate is not trusted",
	} {
		r := newRig(t)
		r.fake.pull = []string{`{"errorDetail":{"message":"` + line + `"},"error":"` + line + `"}`}
		info := task("t-1")
		info.Container.Image = "reg/other:1"
		r.Start(info, 0)
		if exit := r.exit(); exit.Words != "cannot pull reg/other:1: "+want+" ("+line+")" {
			t.Errorf("%s", exit.Words)
		}
	}
}

func TestAnEngineThatDiesIsWaitedForAndItsContainersFoundAgain(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.stop()
	r.fake.end(name1, 7)
	time.Sleep(2 * retryFirst)
	r.quiet() // what is not known is not dead
	r.fake.serve()
	if exit := r.exit(); exit.Code != 7 {
		t.Errorf("%+v", exit)
	}
}

func TestAnAgentThatComesBackBeforeItsEngineWaits(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.stop()
	r.restart(r.Dir)
	r.Adopt(task("t-1"), 0, true)
	if err := r.Kill("t-1", 0, 50); err != nil { // a kill waits too
		t.Error(err)
	}
	time.Sleep(2 * retryFirst)
	r.quiet()
	r.fake.serve()
	r.started()
	if exit := r.exit(); exit.Signal != 9 {
		t.Errorf("%+v", exit)
	}
}

func TestAContainerThatSomebodyRemovedIsUnknownAndNotRunAgain(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.mu.Lock()
	c := r.fake.containers[name1]
	delete(r.fake.containers, name1)
	c.endLocked(0)
	r.fake.mu.Unlock()
	exit := r.exit()
	if !exit.Unknown || !strings.Contains(exit.Words, "removed by someone") {
		t.Errorf("%+v", exit)
	}
}

func TestOutOfMemoryIsNamedWithItsLimit(t *testing.T) {
	r := newRig(t)
	info := task("t-1")
	info.Resources.MemMib = 32
	r.Start(info, 0)
	r.started()
	r.fake.mu.Lock()
	r.fake.containers[name1].State.OOMKilled = true
	r.fake.mu.Unlock()
	r.fake.end(name1, 137)
	exit := r.exit()
	if exit.Signal != 9 || exit.Cgroup.OomKills != 1 || exit.Cgroup.LimitMib != 32 || !exit.Cgroup.OwnLimit {
		t.Errorf("%+v", exit)
	}
}

func TestAStartThatTheEngineRefusesIsToldAndItsContainerRemoved(t *testing.T) {
	r := newRig(t)
	r.fake.before = func(method, path string, w http.ResponseWriter) bool {
		if strings.HasSuffix(path, "/start") {
			refuse(w, 500, "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated")
			return true
		}
		return false
	}
	r.Start(task("t-1"), 0)
	if exit := r.exit(); !strings.HasPrefix(exit.Words, "a port it publishes is taken on this machine (") {
		t.Errorf("%+v", exit)
	}
	r.eventually("it is removed", func() bool { return r.fake.get(name1) == nil })
}

func TestTheSweepRemovesWhatNoTaskStandsFor(t *testing.T) {
	r := newRig(t)
	if err := os.Mkdir(pumpFolder(r.Dir), 0o700); err != nil {
		t.Fatal(err)
	}
	ours := func(task, run string) map[string]string {
		return map[string]string{LabelAgent: "a-1", LabelTask: task, LabelRun: run}
	}
	r.fake.put("mesolite-a-1-t-old", "exited", ours("t-old", "0"))
	r.fake.put("mesolite-a-1-t-1", "running", ours("t-1", "2"))
	r.fake.put("other", "running", map[string]string{LabelAgent: "a-2"})
	r.Sweep(func(task, run string) bool { return task == "t-1" && run == "2" })
	if r.fake.get("mesolite-a-1-t-old") != nil || r.fake.get("mesolite-a-1-t-1") == nil || r.fake.get("other") == nil {
		t.Errorf("left: %v", r.fake.containers)
	}
}

func TestTheSweepLeavesWhatBeganMeanwhile(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.Sweep(func(string, string) bool { return false })
	if r.fake.get(name1) == nil {
		t.Error("a running container of ours is gone")
	}
	r.fake.end(name1, 0)
	r.exit()
}

func TestAnAgentThatEndsWaitsForItsRemovals(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.end(name1, 0)
	r.exit()
	r.Acknowledge("t-1", 0)
	r.Close(false)
	if r.fake.get(name1) != nil {
		t.Error("it is still there")
	}
}

func TestARebootIsNeverTakenForARunningContainer(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.restart(r.Dir)
	r.Adopt(task("t-1"), 0, false)
	if exit := r.exit(); !exit.Unknown {
		t.Errorf("%+v", exit)
	}
}

func TestAnEngineThatSaysNothingHoldsNothingUp(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	defer close(hold)
	r.fake.before = func(string, string, http.ResponseWriter) bool { <-hold; return true }
	from := time.Now()
	if list := r.Engines.Known(); len(list) != 0 {
		t.Errorf("%v", list)
	}
	if took := time.Since(from); took > 5*time.Second {
		t.Errorf("waited %v", took)
	}
}

func TestX1_ATaskCannotMakeTheAgentReadAnotherFile(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	run := filepath.Join(r.runDir("t-1", 0), "run")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("E secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(run)
	if err := os.Symlink(secret, run); err != nil {
		t.Fatal(err)
	}
	r.fake.end(name1, codeCannotStart)
	if exit := r.exit(); exit.Words != "" || exit.Code != codeCannotStart {
		t.Errorf("%+v", exit)
	}
}
