package agent

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

// Report is the answer of `selftest`: may this machine run the agent, and what will it lack?
type Report struct {
	OK          bool    `json:"ok"`
	Version     string  `json:"version"`
	WireVersion int     `json:"wireVersion"`
	Checks      []Check `json:"checks"`
	Cgroup      string  `json:"cgroup"`
	FreeMib     int64   `json:"freeMib"`
	UID         int     `json:"uid"`
}

// Check is one of its parts.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Selftest leaves nothing behind.
func Selftest(dir, version string) Report {
	report := Report{OK: true, Version: version, WireVersion: wire.Version, UID: os.Geteuid(), Checks: []Check{}}
	add := func(name string, err error) {
		check := Check{Name: name, OK: err == nil}
		if err != nil {
			check.Detail, report.OK = err.Error(), false
		}
		report.Checks = append(report.Checks, check)
	}
	made := firstMissing(dir)
	add("folder", os.MkdirAll(dir, 0o700))
	trial, err := os.MkdirTemp(dir, "selftest-")
	add("write", err)
	if err == nil {
		add("sync", writeJSON(filepath.Join(trial, "file"), report))
		add("fifo", syscall.Mkfifo(filepath.Join(trial, "fifo"), 0o600))
		add("run", runScript(trial))
		_ = os.RemoveAll(trial) // what stays is only an empty folder name
	}
	if made != "" {
		removeEmpty(dir, made)
	} else if free, ok := freeMib(dir); ok {
		report.FreeMib = free
	}
	groups := cgroup.Detect("/", "selftest")
	report.Cgroup = groups.Kind
	groups.Close()
	if free, ok := freeMib(existing(dir)); ok {
		report.FreeMib = free
	}
	return report
}

// runScript shows that files in the folder may run (no noexec) and that we can fork.
func runScript(dir string) error {
	path := filepath.Join(dir, "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
		return err
	}
	pid, err := syscall.ForkExec(path, []string{path}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	if err != nil {
		return &os.PathError{Op: "run", Path: path, Err: err}
	}
	var status syscall.WaitStatus
	_, err = syscall.Wait4(pid, &status, 0, nil)
	return err
}

func existing(dir string) string {
	for dir != "/" {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// firstMissing is the topmost folder that a MkdirAll would make, or empty.
func firstMissing(dir string) string {
	there := existing(dir)
	if there == dir {
		return ""
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(dir, there), "/")
	return filepath.Join(there, strings.SplitN(rest, "/", 2)[0])
}

func removeEmpty(dir, until string) {
	for ; strings.HasPrefix(dir, until); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return // not empty: somebody uses it
		}
	}
}
