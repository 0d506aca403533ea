package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// GuardDevices makes groups close device files from now on, where that can be done: in v1 by a tree more, for which only
// a machine with devices to divide pays, in v2 by a program in the kernel, which the kernel takes from root alone.
// Whether it works is tried, and told by Worth. Call it before the first group.
func (d *Driver) GuardDevices() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.can.devices:
	case d.Kind == KindV1 && d.devices != "":
		d.can.devices = d.guardV1()
	case d.Kind == KindV2:
		d.can.devices = d.guardV2()
	}
	return d.can.devices
}

func (d *Driver) guardV1() bool {
	base := d.devices
	if os.MkdirAll(base, 0o755) != nil {
		return false
	}
	can := there(filepath.Join(base, "devices.deny"))
	removeTree(filepath.Dir(base), filepath.Base(base))
	if can {
		d.bases["devices"] = base
		d.trees = append(d.trees, base)
	}
	return can
}

func (d *Driver) guardV2() bool {
	d.filters = filters{}
	group := filepath.Join(d.base, "probe.tmp")
	if makeGroup(group) != nil {
		return false
	}
	err := d.filters.attach(group, []string{"0:0"}) // a device that nobody has
	_ = syscall.Rmdir(group)                        // empty
	d.closeLocked()
	return err == nil
}

// deny closes character devices, named as `MAJOR:MINOR`.
func (d *Driver) deny(task string, devices []string) error {
	if !d.can.devices || len(devices) == 0 {
		return nil
	}
	if d.Kind == KindV2 {
		if err := d.filters.attach(filepath.Join(d.base, task), devices); err != nil {
			return fmt.Errorf("close the files of other devices: %w", err)
		}
		return nil
	}
	for _, device := range devices {
		_ = write(filepath.Join(d.bases["devices"], task, "devices.deny"), "c "+device+" rwm") // closed already: fine
	}
	return nil
}
