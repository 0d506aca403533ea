package container

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mesolite/agent/internal/engine"
)

// The crash windows: whatever the agent had done when it died, the task runs once and its end is known.

func TestP1_ACrashBeforeTheEngineHeardOfItNeverRan(t *testing.T) {
	r := newRig(t)
	r.Adopt(task("t-1"), 0, true)
	if exit := r.exit(); !exit.NeverRan {
		t.Errorf("%+v", exit)
	}
}

// prepared is a life just before its container is made.
func (r *rig) prepared() (*life, *engine.Client) {
	r.t.Helper()
	l := r.lifeOf(task("t-1"), 0)
	client, err := r.Engines.Client(l.ctx, "")
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.prepare(l, client); err != nil {
		r.t.Fatal(err)
	}
	return l, client
}

// runsOnce waits for a start, which must be the only one, and ends it.
func (r *rig) runsOnce() {
	r.t.Helper()
	r.started()
	if r.fake.starts != 1 {
		r.t.Errorf("%d starts", r.fake.starts)
	}
	r.fake.end(name1, 0)
	r.exit()
}

func TestP1_ACrashBetweenMarkAndCreateNeverRan(t *testing.T) {
	r := newRig(t)
	r.prepared()
	r.restart(r.Dir)
	r.Adopt(task("t-1"), 0, true)
	if exit := r.exit(); !exit.NeverRan {
		t.Errorf("%+v", exit)
	}
	r.Start(task("t-1"), 0) // what the machine does then
	r.runsOnce()
}

func TestP1_ACrashBetweenCreateAndStartStartsItOnce(t *testing.T) {
	r := newRig(t)
	l, client := r.prepared()
	if _, err := r.create(l, client, r.specOf(l.info, 0, &engine.Image{}, client)); err != nil {
		t.Fatal(err)
	}
	r.restart(r.Dir)
	r.Adopt(task("t-1"), 0, true)
	r.runsOnce()
}

func TestP1_ACrashAfterTheStartIsAdoptedAndItsLogGoesOn(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.get(name1).say(t, "one ")
	r.restart(r.Dir)
	r.fake.get(name1).say(t, "two ")
	r.Adopt(task("t-1"), 0, true)
	r.started()
	r.fake.get(name1).say(t, "three")
	r.fake.end(name1, 0)
	if exit := r.exit(); exit.Code != 0 || exit.Unknown {
		t.Errorf("%+v", exit)
	}
	if log, _ := os.ReadFile(filepath.Join(r.Dir, "tasks", "t-1", "stdout")); string(log) != "one two three" {
		t.Errorf("log %q", log)
	}
	if r.fake.starts != 1 {
		t.Errorf("%d starts", r.fake.starts)
	}
}

func TestP1_AnEndWhileTheAgentWasDeadIsKnown(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.restart(r.Dir)
	r.fake.end(name1, 42)
	r.Adopt(task("t-1"), 0, true)
	r.started()
	if exit := r.exit(); exit.Code != 42 {
		t.Errorf("%+v", exit)
	}
}

func TestP1_ACrashAfterTheLastByteWasCarriedIsNoReasonToWait(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	r.fake.get(name1).say(t, "all")
	r.fake.end(name1, 5)
	r.exit() // told, but the agent dies before it is on disk
	r.restart(r.Dir)
	from := time.Now()
	r.Adopt(task("t-1"), 0, true)
	r.started()
	if exit := r.exit(); exit.Code != 5 || time.Since(from) > pumpLimit/2 {
		t.Errorf("%+v after %v", exit, time.Since(from))
	}
	if log, _ := os.ReadFile(filepath.Join(r.Dir, "tasks", "t-1", "stdout")); string(log) != "all" {
		t.Errorf("log %q", log)
	}
}
