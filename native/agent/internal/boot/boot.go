// Package boot makes the agent come back after a reboot: a systemd system or user unit (with lingering), an OpenRC
// script, or a cron @reboot line, whichever the machine has. None of them takes tasks down with the agent. It is told
// where the system is and how to run commands, so that tests can look. It imports nothing of ours.
package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Kinds of entries, as the facts name them.
const (
	KindSystemd     = "systemd"
	KindSystemdUser = "systemd-user"
	KindOpenRC      = "openrc"
	KindCron        = "cron"
	KindNone        = "none"
)

// commandLimit is how long one command of the system may take.
const commandLimit = 20 * time.Second

// System is the machine as this package needs it.
type System struct {
	Root string // before every path of the system; empty in life
	UID  int
	Home string
	// Run runs a command with text on standard input.
	Run func(input, name string, args ...string) (output string, err error)
}

// marker is DIR/boot.json: what we added. Path is empty for cron.
type marker struct {
	Kind   string `json:"kind"`
	Path   string `json:"path"`
	Linger bool   `json:"linger,omitempty"` // lingering was off before
}

// This is the machine we run on.
func This() System {
	home, _ := os.UserHomeDir() // none: then there is no user unit
	return System{UID: os.Geteuid(), Home: home, Run: runCommand}
}

func runCommand(input, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Stdin = strings.NewReader(input)
	if os.Geteuid() != 0 && os.Getenv("XDG_RUNTIME_DIR") == "" {
		// Over SSH without a PAM session nobody sets it, and systemctl --user needs it.
		command.Env = append(os.Environ(), fmt.Sprintf("XDG_RUNTIME_DIR=/run/user/%d", os.Geteuid()))
	}
	timer := time.AfterFunc(commandLimit, func() { _ = command.Process.Kill() }) // ended already: fine
	defer timer.Stop()
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}

// Kind tells which entry of ours exists for a state folder.
func Kind(dir string) string { return This().Kind(dir) }

// Kind tells which entry of ours exists.
func (s System) Kind(dir string) string {
	m, err := readMarker(dir)
	if err != nil {
		return KindNone
	}
	if m.Path != "" {
		if _, err := os.Stat(s.Root + m.Path); err != nil {
			return KindNone // somebody removed it
		}
	}
	return m.Kind
}

func markerPath(dir string) string { return filepath.Join(dir, "boot.json") }

func readMarker(dir string) (marker, error) {
	var m marker
	data, err := os.ReadFile(markerPath(dir))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(data, &m)
}

// name is unique for each state folder, so that several agents of a machine do not meet.
func name(dir string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(dir)) // a hash takes everything
	return fmt.Sprintf("mesolite-agent-%08x", hash.Sum32())
}

func program(dir string) string {
	own := filepath.Join(dir, "bin", "mesolite-agent")
	if _, err := os.Stat(own); err == nil {
		return own
	}
	if exe, err := os.Executable(); err == nil {
		return exe
	}
	return own
}

// Install adds the best entry this machine offers, and says which.
func (s System) Install(dir string) (string, error) {
	if strings.ContainsAny(dir, "\n\r") {
		return KindNone, errors.New("the folder's name holds a line break")
	}
	if runtime.GOOS == "darwin" && s.Root == "" {
		return KindNone, errors.New("starting at boot is not there for macOS yet: the agent starts again when this machine is used again")
	}
	var tried []string
	for _, one := range []struct {
		kind    string
		fits    bool
		install func(dir string) (marker, error)
	}{
		{KindSystemd, s.UID == 0 && s.has("/run/systemd/system"), s.installSystemd},
		{KindSystemdUser, s.UID != 0 && s.has(fmt.Sprintf("/run/user/%d/systemd", s.UID)), s.installSystemdUser},
		{KindOpenRC, s.UID == 0 && s.has("/run/openrc"), s.installOpenRC},
		{KindCron, s.has("/usr/bin/crontab") || s.has("/bin/crontab"), s.installCron},
	} {
		if !one.fits {
			continue
		}
		m, err := one.install(dir)
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		data, err := json.Marshal(m)
		if err == nil {
			err = os.WriteFile(markerPath(dir), append(data, '\n'), 0o600)
		}
		if err != nil {
			return KindNone, fmt.Errorf("keep boot entry: %w", err)
		}
		return one.kind, nil
	}
	if len(tried) > 0 {
		return KindNone, errors.New(strings.Join(tried, "; "))
	}
	return KindNone, nil
}

func (s System) has(path string) bool {
	_, err := os.Stat(s.Root + path)
	return err == nil
}

// quote is for systemd's ExecStart: quotes, and no expansion of % and $.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(text) + `"`
}

// Start starts the agent by its entry where a service manager keeps it. Then the agent and the shims of its tasks belong
// to no login: with logind's KillUserProcesses=yes everything that a login started ends with it, what sudo started too.
// False: there is no such entry.
func (s System) Start(dir string) (bool, error) {
	args := []string{"start", name(dir) + ".service"}
	switch kind := s.Kind(dir); {
	case kind == KindSystemdUser && s.UID != 0:
		args = append([]string{"--user"}, args...)
	case kind != KindSystemd || s.UID != 0:
		return false, nil
	}
	_, err := s.Run("", "systemctl", args...)
	return err == nil, err
}

// IsGoingDown tells whether the machine, or all that belongs to this user, is just being ended in order.
func (s System) IsGoingDown() bool {
	if !s.has("/run/systemd/system") {
		return false
	}
	state, _ := s.Run("", "systemctl", "is-system-running") // anything but a good state is an error too
	if s.UID != 0 && !strings.HasPrefix(state, "stopping") {
		state, _ = s.Run("", "systemctl", "--user", "is-system-running")
	}
	return strings.HasPrefix(state, "stopping")
}

// unit never ends tasks with the agent: KillMode=process. Type=simple since old systemds know no other that fits. An agent
// that is killed again and again is started again each time (the limit is known since systemd 230).
func unit(dir, target string) string {
	return `[Unit]
Description=Mesolite agent
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=` + quote(program(dir)) + ` daemon --foreground --dir ` + quote(dir) + `
KillMode=process
SendSIGKILL=no
Restart=on-failure
RestartSec=250ms
Delegate=yes
TasksMax=infinity

[Install]
WantedBy=` + target + `
`
}

func (s System) installSystemd(dir string) (marker, error) {
	path := "/etc/systemd/system/" + name(dir) + ".service"
	if err := os.WriteFile(s.Root+path, []byte(unit(dir, "multi-user.target")), 0o644); err != nil {
		return marker{}, fmt.Errorf("write unit: %w", err)
	}
	m := marker{Kind: KindSystemd, Path: path}
	_, err := s.Run("", "systemctl", "daemon-reload")
	if err == nil {
		_, err = s.Run("", "systemctl", "enable", name(dir)+".service")
	}
	if err != nil {
		return m, s.undo(m, err)
	}
	return m, nil
}

func (s System) undo(m marker, cause error) error {
	if err := os.Remove(s.Root + m.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; and %s stays: %v", cause, m.Path, err)
	}
	return cause
}

func (s System) installSystemdUser(dir string) (marker, error) {
	folder := filepath.Join(s.Home, ".config/systemd/user")
	if err := os.MkdirAll(s.Root+folder, 0o755); err != nil {
		return marker{}, fmt.Errorf("write unit: %w", err)
	}
	m := marker{Kind: KindSystemdUser, Path: filepath.Join(folder, name(dir)+".service")}
	if err := os.WriteFile(s.Root+m.Path, []byte(unit(dir, "default.target")), 0o644); err != nil {
		return m, fmt.Errorf("write unit: %w", err)
	}
	_, err := s.Run("", "systemctl", "--user", "daemon-reload")
	if err == nil {
		_, err = s.Run("", "systemctl", "--user", "enable", name(dir)+".service")
	}
	if err == nil {
		before, _ := readMarker(dir)                                                         // none: this is the first time
		was, _ := s.Run("", "loginctl", "show-user", fmt.Sprint(s.UID), "--property=Linger") // not known: it was off
		m.Linger = before.Linger || !strings.Contains(was, "Linger=yes")
		_, err = s.Run("", "loginctl", "enable-linger") // without it the unit waits for a login
	}
	if err != nil {
		_, _ = s.Run("", "systemctl", "--user", "disable", name(dir)+".service") // it may not be enabled
		return m, s.undo(m, err)
	}
	return m, nil
}

func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func (s System) installOpenRC(dir string) (marker, error) {
	path := "/etc/init.d/" + name(dir)
	script := `#!/sbin/openrc-run
# Mesolite agent. Its tasks run on when it is stopped.
description="Mesolite agent"
start() {
	ebegin "Starting Mesolite agent"
	` + shellQuote(program(dir)) + ` daemon --dir ` + shellQuote(dir) + `
	eend $?
}
stop() {
	ebegin "Stopping Mesolite agent"
	` + shellQuote(program(dir)) + ` stop --dir ` + shellQuote(dir) + ` --tasks keep
	eend $?
}
`
	m := marker{Kind: KindOpenRC, Path: path}
	if err := os.WriteFile(s.Root+path, []byte(script), 0o755); err != nil {
		return m, fmt.Errorf("write init script: %w", err)
	}
	if _, err := s.Run("", "rc-update", "add", name(dir), "default"); err != nil {
		return m, s.undo(m, err)
	}
	return m, nil
}

// cronLine ends in our mark. In a crontab % is a line break unless escaped.
func cronLine(dir string) string {
	line := "@reboot " + shellQuote(program(dir)) + " daemon --dir " + shellQuote(dir) + " >/dev/null 2>&1"
	return strings.ReplaceAll(line, "%", `\%`) + " " + cronMark(dir)
}

func cronMark(dir string) string { return "# " + name(dir) }

func (s System) crontabWithout(dir string) (string, error) {
	table, err := s.Run("", "crontab", "-l")
	if err != nil {
		if strings.Contains(strings.ToLower(table+err.Error()), "no crontab") || strings.TrimSpace(table) == "" {
			return "", nil
		}
		return "", err
	}
	var keep []string
	for _, line := range strings.Split(strings.TrimSuffix(table, "\n"), "\n") {
		if line != "" && !strings.HasSuffix(line, cronMark(dir)) {
			keep = append(keep, line)
		}
	}
	if len(keep) == 0 {
		return "", nil
	}
	return strings.Join(keep, "\n") + "\n", nil
}

func (s System) installCron(dir string) (marker, error) {
	table, err := s.crontabWithout(dir)
	if err != nil {
		return marker{}, err
	}
	_, err = s.Run(table+cronLine(dir)+"\n", "crontab", "-")
	return marker{Kind: KindCron}, err
}

// Remove takes our entry away, and says what is left (none).
func (s System) Remove(dir string) (string, error) {
	m, err := readMarker(dir)
	if errors.Is(err, os.ErrNotExist) {
		return KindNone, nil
	}
	if err != nil {
		return KindNone, fmt.Errorf("read boot entry: %w", err)
	}
	switch m.Kind {
	case KindSystemd:
		_, err = s.Run("", "systemctl", "disable", name(dir)+".service")
	case KindSystemdUser:
		_, err = s.Run("", "systemctl", "--user", "disable", name(dir)+".service")
	case KindOpenRC:
		_, err = s.Run("", "rc-update", "del", name(dir), "default")
	case KindCron:
		err = s.removeCron(dir)
	}
	if err != nil && s.Kind(dir) != KindNone {
		return m.Kind, err
	}
	if m.Path != "" {
		if err := os.Remove(s.Root + m.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return m.Kind, fmt.Errorf("remove boot entry: %w", err)
		}
	}
	if err := os.Remove(markerPath(dir)); err != nil {
		return m.Kind, fmt.Errorf("remove boot entry: %w", err)
	}
	if m.Kind == KindSystemdUser { // the folders go when nothing else is in them
		_ = os.Remove(s.Root + filepath.Dir(m.Path))
		_ = os.Remove(s.Root + filepath.Dir(filepath.Dir(m.Path)))
	}
	if m.Linger && !othersRun(dir) {
		if _, err := s.Run("", "loginctl", "disable-linger"); err != nil {
			return KindNone, err
		}
	}
	return KindNone, nil
}

// othersRun tells whether anything but us runs from the folder: tasks that are to go on need the user's lingering.
func othersRun(dir string) bool {
	links, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is sound
	for _, link := range links {
		exe, err := os.Readlink(link)
		if err == nil && link != fmt.Sprintf("/proc/%d/exe", os.Getpid()) && strings.HasPrefix(exe, filepath.Join(dir, "bin")+"/") {
			return true
		}
	}
	return false
}

func (s System) removeCron(dir string) error {
	table, err := s.crontabWithout(dir)
	if err != nil {
		return err
	}
	if table == "" {
		_, err = s.Run("", "crontab", "-r")
		return err
	}
	_, err = s.Run(table, "crontab", "-")
	return err
}
