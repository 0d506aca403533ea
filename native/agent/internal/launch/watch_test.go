package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

func TestA4_WhatTheMachineEndedWhileItWentDownIsLost(t *testing.T) {
	for _, c := range []struct {
		endedAtMs, downAtMs int64
		sameBoot, unknown   bool
	}{
		{endedAtMs: 500, downAtMs: 400, unknown: true},
		{endedAtMs: 300, downAtMs: 400},                 // before that it ended by itself
		{endedAtMs: 500},                                // the power went later
		{endedAtMs: 500, downAtMs: 400, sameBoot: true}, // no reboot between
	} {
		news := make(chan News, 4)
		l := &Launcher{Dir: t.TempDir(), Cgroups: &cgroup.Driver{Kind: cgroup.KindNone}, DownAtMs: c.downAtMs, Tell: func(n News) { news <- n }}
		if err := os.MkdirAll(l.TaskDir("t-a"), 0o700); err != nil {
			t.Fatal(err)
		}
		record := fmt.Sprintf("%-*s\n", shim.RecordAt-1, "S 4 7") + fmt.Sprintf(`{"code":0,"signal":15,"endedAtMs":%d}`, c.endedAtMs)
		if err := os.WriteFile(filepath.Join(l.TaskDir("t-a"), "run"), []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
		l.Adopt(wire.TaskInfo{TaskID: "t-a"}, 0, c.sameBoot)
		if exit := (<-news).Exit; exit == nil || exit.Unknown != c.unknown || (!c.unknown && exit.Signal != 15) {
			t.Errorf("%+v: %+v", c, exit)
		}
	}
}
