package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

func TestADiskIsMeasuredAgainOnlyWhenItCanMatter(t *testing.T) {
	now := time.Now()
	known := diskTask{limitBytes: 100, own: 40, fill: 1000, at: now.Add(-time.Second)}
	for name, c := range map[string]struct {
		fill int64
		at   time.Time
		due  bool
	}{
		"nothing changed":            {1000, now, false},
		"others freed":               {10, now, false},
		"filled by less than half":   {1030, now, false},
		"filled by more than half":   {1031, now, true},
		"a while ago":                {1000, now.Add(diskAtMost), true},
		"over it and not ended yet":  {1000, now, true},
		"not measured yet, whatever": {0, now, true},
	} {
		one := known
		switch name {
		case "not measured yet, whatever":
			one.at = time.Time{}
		case "over it and not ended yet":
			one.own, one.fill = 150, 1100
		}
		if got := one.isDue(c.fill, c.at); got != c.due {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOnlyARunningTaskWithALimitIsWatched(t *testing.T) {
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "stdout"), make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer close(done)
	told := make(chan task.Fail, 10)
	w := &diskWatch{dirOf: func(string) string { return base }, tell: func(f task.Fail) { told <- f }, done: done, tasks: map[string]*diskTask{}}
	record := func(mib int64, phase string) *task.Record {
		return &task.Record{ID: "t", Phase: phase, Run: 2, Parsed: wire.TaskInfo{Resources: wire.Resources{DiskMib: mib}}}
	}
	w.track(record(0, task.PhaseRunning), "t")
	w.track(record(2, task.PhaseWaiting), "t")
	if w.running {
		t.Error("it watches for nothing")
	}
	w.track(record(2, task.PhaseRunning), "t")
	select {
	case fail := <-told:
		if fail.TaskID != "t" || fail.Run != 2 || fail.Reason != wire.ReasonDiskLimit || fail.Words != "out of disk: its sandbox and logs used 4 MiB of its limit of 2 MiB" && fail.Words != "out of disk: its sandbox and logs used 3 MiB of its limit of 2 MiB" {
			t.Errorf("%+v", fail)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was told")
	}
	w.track(nil, "t")
	if len(w.list()) != 0 {
		t.Error("a task that is gone is watched")
	}
}
