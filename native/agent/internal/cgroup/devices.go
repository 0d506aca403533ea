package cgroup

import (
	"os"
	"path/filepath"
)

// GuardDevices makes groups close device files from now on, where v1 can do it: in v2 that needs a program in the
// kernel. Only a machine with devices to divide pays for one more tree. Call it before the first group.
func (d *Driver) GuardDevices() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	base := d.devices
	if d.Kind != KindV1 || base == "" || d.bases["devices"] != "" {
		return false
	}
	if os.MkdirAll(base, 0o755) != nil {
		return false
	}
	if !there(filepath.Join(base, "devices.deny")) {
		removeTree(filepath.Dir(base), filepath.Base(base))
		return false
	}
	removeTree(filepath.Dir(base), filepath.Base(base))
	d.bases["devices"] = base
	d.trees = append(d.trees, base)
	d.can.devices = true
	return true
}

// deny closes character devices, named as `MAJOR:MINOR`.
func (d *Driver) deny(task string, devices []string) {
	base, ok := d.bases["devices"]
	if !ok {
		return
	}
	for _, device := range devices {
		_ = write(filepath.Join(base, task, "devices.deny"), "c "+device+" rwm") // closed already: fine
	}
}
