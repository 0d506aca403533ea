package sysinfo

import (
	"io/fs"
	"runtime"
	"strings"

	"mesolite/agent/internal/wire"
)

// Host is what cannot be read from files.
type Host struct {
	Statfs    Statfs
	Hostname  string
	Kernel    string
	User      string
	UID       int
	Addresses []wire.Address
	Cgroup    string
	Boot      string
	// NvidiaMem is the memory of each nvidia GPU in MiB, by index, when it is known.
	NvidiaMem []int64
}

// ReadFacts says what the machine is.
func ReadFacts(root fs.FS, host Host) wire.Facts {
	memory := parseMeminfo([]byte(readText(root, "proc/meminfo")))
	facts := wire.Facts{
		Hostname: clip(host.Hostname), OS: clip(osName(root)), Kernel: clip(host.Kernel), Arch: runtime.GOARCH,
		CPUModel: clip(cpuModel(readText(root, "proc/cpuinfo"))), Cpus: countCpus(readText(root, "proc/stat")),
		MemMib: memory.total >> 10, SwapMib: memory.swapTotal >> 10, Disks: disksOf(root, host.Statfs),
		Gpus: gpusOf(root, host.NvidiaMem), BootID: clip(readText(root, "proc/sys/kernel/random/boot_id")),
		MachineID: clip(readText(root, "etc/machine-id")), Addresses: host.Addresses,
		Cgroup: host.Cgroup, User: clip(host.User), UID: host.UID, Boot: host.Boot,
	}
	if facts.Addresses == nil {
		facts.Addresses = []wire.Address{}
	}
	return facts
}

func osName(root fs.FS) string {
	text := readText(root, "etc/os-release")
	if text == "" {
		text = readText(root, "usr/lib/os-release")
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "PRETTY_NAME=") {
			return strings.Trim(strings.TrimPrefix(line, "PRETTY_NAME="), `"'`)
		}
	}
	return "Linux"
}

// cpuModel knows the names x86, arm, riscv and powerpc give.
func cpuModel(cpuinfo string) string {
	for _, key := range []string{"model name", "Model", "Hardware", "uarch", "cpu model", "cpu"} {
		for _, line := range strings.Split(cpuinfo, "\n") {
			parts := strings.SplitN(line, ":", 2)
			if len(parts) == 2 && strings.TrimSpace(parts[0]) == key && strings.TrimSpace(parts[1]) != "" {
				return strings.Join(strings.Fields(parts[1]), " ")
			}
		}
	}
	return runtime.GOARCH
}

func countCpus(stat string) int {
	n := 0
	for _, line := range strings.Split(stat, "\n") {
		if strings.HasPrefix(line, "cpu") && len(line) > 3 && line[3] != ' ' {
			n++
		}
	}
	if n == 0 {
		return runtime.NumCPU()
	}
	return n
}

type meminfo struct{ total, free, buffers, cached, reclaimable, shmem, swapTotal, swapFree int64 } // KiB

func parseMeminfo(data []byte) meminfo {
	var m meminfo
	for len(data) > 0 {
		var line []byte
		line, data = nextLine(data)
		name, rest := nextField(line)
		value, _ := nextField(rest)
		switch string(name) {
		case "MemTotal:":
			m.total = toInt(value)
		case "MemFree:":
			m.free = toInt(value)
		case "Buffers:":
			m.buffers = toInt(value)
		case "Cached:":
			m.cached = toInt(value)
		case "SReclaimable:":
			m.reclaimable = toInt(value)
		case "Shmem:":
			m.shmem = toInt(value)
		case "SwapTotal:":
			m.swapTotal = toInt(value)
		case "SwapFree:":
			m.swapFree = toInt(value)
		}
	}
	return m
}

// used is what programs hold: shared memory counts, page cache, buffers and the ARC of ZFS do not.
func (m meminfo) used(arcKib int64) int64 {
	used := m.total - m.free - m.buffers - m.cached - m.reclaimable + m.shmem - arcKib
	if used < 0 {
		return 0
	}
	return used
}
