package boot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a system in a folder, with a crontab in memory.
type machine struct {
	System
	said    []string
	crontab string
	fail    string // prefix of a command that fails
}

func newMachine(t *testing.T, uid int, has ...string) (*machine, string) {
	t.Helper()
	root := t.TempDir()
	for _, path := range append(has, "/etc/systemd/system/", "/etc/init.d/", "/home/u/") {
		full := filepath.Join(root, path)
		if strings.HasSuffix(path, "/") {
			_ = os.MkdirAll(full, 0o755)
			continue
		}
		_ = os.MkdirAll(filepath.Dir(full), 0o755)
		_ = os.WriteFile(full, nil, 0o755)
	}
	m := &machine{System: System{Root: root, UID: uid, Home: "/home/u"}}
	m.Run = func(input, name string, args ...string) (string, error) {
		line := name + " " + strings.Join(args, " ")
		m.said = append(m.said, line)
		switch {
		case m.fail != "" && strings.HasPrefix(line, m.fail):
			return "", errors.New(line + " failed")
		case line == "crontab -l" && m.crontab == "":
			return "no crontab for u\n", errors.New("exit status 1")
		case line == "crontab -l":
			return m.crontab, nil
		case line == "crontab -":
			m.crontab = input
		case line == "crontab -r":
			m.crontab = ""
		}
		return "", nil
	}
	dir := filepath.Join(t.TempDir(), "it's 100% $HOME")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return m, dir
}

func TestEachMachineGetsItsOwnKindAndItGoesWithoutTrace(t *testing.T) {
	cases := []struct {
		kind string
		uid  int
		has  []string
		file string
	}{
		{KindSystemd, 0, []string{"/run/systemd/system/", "/usr/bin/crontab"}, "/etc/systemd/system/"},
		{KindSystemdUser, 1000, []string{"/run/systemd/system/", "/run/user/1000/systemd/", "/usr/bin/crontab"}, "/home/u/.config/systemd/user/"},
		{KindOpenRC, 0, []string{"/run/openrc/"}, "/etc/init.d/"},
		{KindCron, 1000, []string{"/run/systemd/system/", "/usr/bin/crontab"}, ""},
		{KindNone, 1000, nil, ""},
	}
	for _, c := range cases {
		m, dir := newMachine(t, c.uid, c.has...)
		kind, err := m.Install(dir)
		if err != nil || kind != c.kind || m.Kind(dir) != c.kind {
			t.Errorf("%s: got %s, then %s: %v", c.kind, kind, m.Kind(dir), err)
			continue
		}
		if c.file != "" {
			text, err := os.ReadFile(filepath.Join(m.Root, c.file, name(dir)+suffix(c.kind)))
			if err != nil {
				t.Errorf("%s: %v", c.kind, err)
			}
			if strings.HasPrefix(c.kind, "systemd") && (!strings.Contains(string(text), "KillMode=process") || !strings.Contains(string(text), `100%% $$HOME"`)) {
				t.Errorf("%s: %s", c.kind, text)
			}
		}
		if kind, err := m.Remove(dir); err != nil || kind != KindNone || m.Kind(dir) != KindNone || m.crontab != "" {
			t.Errorf("%s: remove gave %s %v", c.kind, kind, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: left %v", c.kind, entries)
		}
		if c.file != "" {
			if entries, _ := os.ReadDir(filepath.Join(m.Root, c.file)); len(entries) != 0 {
				t.Errorf("%s: left %v", c.kind, entries)
			}
		}
	}
}

func suffix(kind string) string {
	if strings.HasPrefix(kind, "systemd") {
		return ".service"
	}
	return ""
}

func TestLingeringIsAskedForAUser(t *testing.T) {
	m, dir := newMachine(t, 1000, "/run/user/1000/systemd/")
	if _, err := m.Install(dir); err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(m.said, ";"); !strings.Contains(said, "systemctl --user enable") || !strings.Contains(said, "loginctl enable-linger") {
		t.Errorf("%s", said)
	}
}

func TestLingeringThatWasOffIsOffAgainWhenNothingOfOursRuns(t *testing.T) {
	for _, was := range []string{"Linger=no", "Linger=yes"} {
		m, dir := newMachine(t, 1000, "/run/user/1000/systemd/")
		inner := m.Run
		m.Run = func(input, name string, args ...string) (string, error) {
			output, err := inner(input, name, args...)
			switch {
			case name != "loginctl":
			case args[0] == "show-user":
				return was + "\n", nil
			case args[0] == "enable-linger":
				was = "Linger=yes"
			}
			return output, err
		}
		wasOff := was == "Linger=no"
		for i := 0; i < 2; i++ { // the second time it is on by our own doing
			if _, err := m.Install(dir); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Remove(dir); err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(m.said, ";"); strings.Contains(said, "disable-linger") != wasOff {
			t.Errorf("was off %v: %s", wasOff, said)
		}
		if entries, _ := os.ReadDir(filepath.Join(m.Root, "/home/u/.config")); len(entries) != 0 {
			t.Errorf("left %v", entries)
		}
	}
}

func TestASystemThatStopsIsToldFromAUnitThatIsStopped(t *testing.T) {
	for _, c := range []struct {
		uid                int
		has, system, users string
		want               bool
	}{
		{0, "/run/systemd/system/", "stopping", "", true},
		{0, "/run/systemd/system/", "degraded", "stopping", false},
		{1000, "/run/systemd/system/", "running", "stopping", true},
		{1000, "/run/systemd/system/", "stopping", "", true},
		{1000, "/run/systemd/system/", "running", "running", false},
		{0, "/usr/bin/crontab", "stopping", "stopping", false},
	} {
		m, _ := newMachine(t, c.uid, c.has)
		m.Run = func(_, name string, args ...string) (string, error) {
			if name+args[0] == "systemctl--user" {
				return c.users + "\n", errors.New("exit status 1")
			}
			return c.system + "\n", errors.New("exit status 1")
		}
		if m.IsGoingDown() != c.want {
			t.Errorf("%+v", c)
		}
	}
}

func TestAServiceManagerStartsWhatItKeeps(t *testing.T) {
	for _, c := range []struct {
		uid  int
		has  string
		want string
	}{
		{0, "/run/systemd/system/", "systemctl start mesolite-agent-"},
		{1000, "/run/user/1000/systemd/", "systemctl --user start mesolite-agent-"},
		{1000, "/usr/bin/crontab", ""},
	} {
		m, dir := newMachine(t, c.uid, c.has)
		if started, err := m.Start(dir); started || err != nil {
			t.Errorf("%s: started without an entry: %v", c.has, err)
		}
		if _, err := m.Install(dir); err != nil {
			t.Fatal(err)
		}
		m.said = nil
		started, err := m.Start(dir)
		said := strings.Join(m.said, ";")
		if started != (c.want != "") || err != nil || !strings.HasPrefix(said, c.want) || (c.want == "" && said != "") {
			t.Errorf("%s: %v %v %s", c.has, started, err, said)
		}
		m.fail = "systemctl"
		if started, err := m.Start(dir); started || (err == nil) != (c.want == "") {
			t.Errorf("%s: refused, and yet %v %v", c.has, started, err)
		}
	}
}

func TestTheCrontabOfOthersIsKept(t *testing.T) {
	m, dir := newMachine(t, 1000, "/usr/bin/crontab")
	m.crontab = "# mine\n5 * * * * true\n"
	before := m.crontab
	for i := 0; i < 2; i++ { // twice: no second line
		if _, err := m.Install(dir); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(m.crontab, before) || strings.Count(m.crontab, "@reboot") != 1 || !strings.Contains(m.crontab, `100\% $HOME'`) {
		t.Errorf("%q", m.crontab)
	}
	if _, err := m.Remove(dir); err != nil || m.crontab != before {
		t.Errorf("%q %v", m.crontab, err)
	}
}

func TestAKindThatFailsIsUndoneAndTheNextTried(t *testing.T) {
	m, dir := newMachine(t, 0, "/run/systemd/system/", "/usr/bin/crontab")
	m.fail = "systemctl enable"
	kind, err := m.Install(dir)
	if err != nil || kind != KindCron {
		t.Errorf("%s %v", kind, err)
	}
	if entries, _ := os.ReadDir(filepath.Join(m.Root, "/etc/systemd/system")); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
	m, dir = newMachine(t, 0, "/run/systemd/system/")
	m.fail = "systemctl"
	if kind, err := m.Install(dir); err == nil || kind != KindNone || m.Kind(dir) != KindNone {
		t.Errorf("%s %v", kind, err)
	}
}

func TestAnEntrySomebodyRemovedIsNone(t *testing.T) {
	m, dir := newMachine(t, 0, "/run/systemd/system/")
	if _, err := m.Install(dir); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(m.Root, "/etc/systemd/system", name(dir)+".service"))
	if m.Kind(dir) != KindNone {
		t.Error("it is still told")
	}
	m.fail = "systemctl"
	if kind, err := m.Remove(dir); err != nil || kind != KindNone {
		t.Errorf("%s %v", kind, err)
	}
}
