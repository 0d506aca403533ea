package sysinfo

import (
	"os"
	"os/user"
	"strconv"

	"mesolite/agent/internal/disk"
)

// StatfsUnder asks the kernel about a folder under root ("" is /). Single files are bound into containers.
func StatfsUnder(root string) Statfs {
	return func(path string) (total, used uint64, ok bool) {
		info, err := os.Stat(root + path)
		if err != nil || !info.IsDir() {
			return 0, 0, false
		}
		room, err := disk.RoomOf(root + path)
		return uint64(room.TotalBytes), uint64(room.UsedBytes), err == nil
	}
}

// ThisHost asks the system.
func ThisHost() Host {
	host := Host{Statfs: StatfsUnder(""), UID: os.Geteuid(), Addresses: addresses(), Kernel: kernelRelease()}
	host.Hostname, _ = os.Hostname() // no name is shown as none
	host.User = strconv.Itoa(os.Geteuid())
	if own, err := user.LookupId(host.User); err == nil {
		host.User = own.Username
	} else if name := userUnlisted(); name != "" {
		host.User = name
	}
	return host
}
