package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mesolite/agent/internal/spool"
)

// Two slots: bin/mesolite-agent runs, bin/mesolite-agent.old is what ran before.
const (
	currentName = "mesolite-agent"
	oldName     = "mesolite-agent.old"
	// Each step of an upgrade has this long; tasks do not notice any of it.
	stepLimit = 8 * time.Second
)

// UpgradeReport is the answer of `upgrade`.
type UpgradeReport struct {
	OK         bool   `json:"ok"`
	Version    string `json:"version"` // what runs, or would run, now
	RolledBack bool   `json:"rolledBack"`
	Detail     string `json:"detail"`
}

// Upgrade puts the program file into the first slot, if it proves itself, and restarts a running daemon with it. When
// the new one does not come up, the one before is put back and started. Stop ends the daemon, and keeps its tasks.
func Upgrade(dir, file string, stop func(ctx context.Context) error) UpgradeReport {
	version, err := proveItself(dir, file)
	if err != nil {
		return UpgradeReport{Detail: err.Error(), Version: versionOf(filepath.Join(dir, "bin", currentName))}
	}
	current, old := filepath.Join(dir, "bin", currentName), filepath.Join(dir, "bin", oldName)
	hadOld, err := switchTo(file, current, old)
	if err != nil {
		return UpgradeReport{Detail: err.Error(), Version: versionOf(current)}
	}
	if !Answers(dir) {
		return UpgradeReport{OK: true, Version: version}
	}
	err = restart(dir, current, version, stop)
	if err == nil {
		return UpgradeReport{OK: true, Version: version}
	}
	report := UpgradeReport{Version: version, Detail: err.Error()}
	if !hadOld {
		return report
	}
	report.RolledBack = true
	if err := rollBack(dir, current, old, stop); err != nil {
		report.Detail += "; roll back: " + err.Error()
	}
	report.Version = versionOf(current)
	return report
}

// proveItself runs the new program: a wrong CPU, a torn upload or a noexec folder shows here, before anything changed.
func proveItself(dir, file string) (version string, err error) {
	out, err := runStep(file, "selftest", "--dir", dir)
	if err != nil {
		return "", fmt.Errorf("self-test of the new agent: %w", err)
	}
	var report Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || !report.OK {
		return "", fmt.Errorf("self-test of the new agent: %s", strings.TrimSpace(out))
	}
	return report.Version, nil
}

func runStep(file string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, file, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return string(out), fmt.Errorf("%w: %s%s", err, strings.TrimSpace(string(out)), strings.TrimSpace(string(exit.Stderr)))
		}
		return string(out), err
	}
	return string(out), nil
}

func versionOf(file string) string {
	out, err := runStep(file, "version", "--json")
	var v struct {
		Version string `json:"version"`
	}
	if err != nil || json.Unmarshal([]byte(out), &v) != nil {
		return ""
	}
	return v.Version
}

// switchTo fills the slots: the current one becomes the old one, the new file the current one.
func switchTo(file, current, old string) (hadOld bool, err error) {
	if err := os.MkdirAll(filepath.Dir(current), 0o700); err != nil {
		return false, fmt.Errorf("switch: %w", err)
	}
	fresh := current + ".new"
	if file != fresh {
		if err := copyFile(file, fresh); err != nil {
			return false, fmt.Errorf("switch: %w", err)
		}
	}
	if _, err := os.Stat(current); err == nil {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, fmt.Errorf("switch: %w", err)
		}
		if err := os.Link(current, old); err != nil {
			if err := copyFile(current, old); err != nil { // a file system without hard links
				return false, fmt.Errorf("switch: %w", err)
			}
		}
		hadOld = true
	}
	if err := os.Rename(fresh, current); err != nil {
		return hadOld, fmt.Errorf("switch: %w", err)
	}
	return hadOld, spool.SyncFolder(filepath.Dir(current))
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	_ = os.Remove(to) // a running program cannot be written over
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if err == nil {
		err = target.Sync()
	}
	if closeErr := target.Close(); err == nil {
		err = closeErr
	}
	return err
}

func restart(dir, current, version string, stop func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	if err := stop(ctx); err != nil {
		return fmt.Errorf("end the running agent: %w", err)
	}
	if _, err := runStep(current, "daemon", "--dir", dir); err != nil {
		return fmt.Errorf("start the new agent: %w", err)
	}
	out, err := runStep(current, "status", "--dir", dir, "--json")
	if err != nil {
		return fmt.Errorf("ask the new agent: %w", err)
	}
	var status Status
	if err := json.Unmarshal([]byte(out), &status); err != nil || status.Version != version {
		return fmt.Errorf("the agent that answers is not the new one: %s", strings.TrimSpace(out))
	}
	return nil
}

func rollBack(dir, current, old string, stop func(ctx context.Context) error) error {
	if err := os.Rename(old, current); err != nil {
		return err
	}
	if err := spool.SyncFolder(filepath.Dir(current)); err != nil {
		return err
	}
	if Answers(dir) {
		ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
		defer cancel()
		if err := stop(ctx); err != nil {
			return err
		}
	}
	_, err := runStep(current, "daemon", "--dir", dir)
	return err
}
