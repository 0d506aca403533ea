package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/wire"
)

// install puts our program where an app would, and starts it from there.
func install(t *testing.T) (dir string, c *client) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "agent")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	current := filepath.Join(dir, "bin/mesolite-agent")
	data, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(current, data, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(current, "daemon", "--dir", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	t.Cleanup(func() { run(t, "stop", "--dir", dir, "--tasks", "stop") })
	c, _ = (&host{t: t, dir: dir}).greet()
	return dir, c
}

func upgrade(t *testing.T, file, dir string) agent.UpgradeReport {
	t.Helper()
	out, _ := exec.Command(file, "upgrade", "--dir", dir).Output()
	var report agent.UpgradeReport
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return report
}

// stopOf ends the daemon as the command line does.
func stopOf(dir string) func(context.Context) error {
	return func(ctx context.Context) error {
		return exec.CommandContext(ctx, binary, "stop", "--dir", dir).Run()
	}
}

func TestA7UpgradeKeepsTasks(t *testing.T) {
	dir, c := install(t)
	next := filepath.Join(t.TempDir(), "next")
	build := exec.Command("go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w -E mesolite_entry -X main.version=9.9.9", "-o", next, "mesolite/agent/cmd/mesolite-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	gate := filepath.Join(t.TempDir(), "gate")
	c.launch(shell("t-run", "while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 21"))
	c.status()
	if report := upgrade(t, next, dir); !report.OK || report.Version != "9.9.9" || report.RolledBack {
		t.Fatalf("%+v", report)
	}
	c, hello := (&host{t: t, dir: dir}).greet()
	if hello.AgentVersion != "9.9.9" || len(hello.Tasks) != 1 || hello.Tasks[0].Status.State != wire.StateRunning {
		t.Errorf("%+v", hello)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if end := c.status(); exitCode(end) != "21" {
		t.Errorf("%+v", end)
	}
}

func TestA7BrokenUpgradesAreRolledBackOrNeverBegun(t *testing.T) {
	dir, c := install(t)
	c.launch(argv("t-run", "sleep", "1000"))
	c.status()
	before := statusOf(t, dir)
	bin := filepath.Join(dir, "bin/mesolite-agent")
	original, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"does not pass its self-test":           "#!/bin/sh\nexit 1\n",
		"passes its self-test and never starts": "#!/bin/sh\ncase $1 in selftest|version) exec " + binary + " \"$@\";; esac\nexit 1\n",
	}
	for name, script := range cases {
		broken := filepath.Join(t.TempDir(), "broken")
		if err := os.WriteFile(broken, []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		from := time.Now()
		report := agent.Upgrade(dir, broken, stopOf(dir))
		if report.OK || report.Detail == "" || report.Version != "0.2.0" || time.Since(from) > 10*time.Second {
			t.Errorf("%s: %+v after %s", name, report, time.Since(from))
		}
		now, err := os.ReadFile(bin)
		if err != nil || string(now) != string(original) {
			t.Errorf("%s: the file was not put back", name)
		}
		after := statusOf(t, dir)
		if !after.Running || after.Alive != 1 || after.AgentID != before.AgentID {
			t.Errorf("%s: %+v", name, after)
		}
	}
}
