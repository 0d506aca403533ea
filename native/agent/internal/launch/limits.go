package launch

import (
	"runtime"
	"strconv"
	"strings"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

// A task may have this many processes and threads, or this many for each CPU if that is more, unless it says
// otherwise: enough for any honest one, and a fork bomb does not take the machine with it.
const (
	maxPids       = 4096
	maxPidsPerCPU = 128
)

// limitsOf is what a task asks for: request and ceilings. Memory is held to the request where no ceiling is named.
func limitsOf(info wire.TaskInfo) cgroup.Limits {
	r := info.Resources
	out := cgroup.Limits{CPUMilli: r.CpusMilli, MemMib: r.MemMib, MemRequestMib: r.MemMib, Pids: int64(runtime.NumCPU()) * maxPidsPerCPU}
	if out.Pids < maxPids {
		out.Pids = maxPids
	}
	limits := info.Limits
	if limits == nil {
		return out
	}
	if limits.MemMib.Set {
		out.MemMib = limits.MemMib.Value // null is 0: none
	}
	if limits.CpusMilli.Set {
		out.CPUQuotaMilli = limits.CpusMilli.Value
	}
	if limits.Pids.Set && !limits.Pids.None {
		out.Pids = limits.Pids.Value
	}
	return out
}

// rlimitsOf is what the shim sets itself. Where no controller counts the memory, each process is held to the ceiling
// by what it may write to (RLIMIT_DATA): RLIMIT_AS would count what runtimes only reserve, and no Node, Java or Go
// would start. The kernel counts processes by user, so that is used only for a task with a user of its own. Core files
// would fill the sandbox; a task that wants them can raise its soft limit again.
func rlimitsOf(limits cgroup.Limits, worth cgroup.Worth, ownUser bool) string {
	list := []string{strconv.Itoa(rlimitCore) + "=0"}
	if worth.Memory == cgroup.WorthNone && limits.MemMib > 0 && dataLimitHolds {
		list = append(list, strconv.Itoa(rlimitData)+"!"+strconv.FormatInt(limits.MemMib<<20, 10))
	}
	if worth.Pids == cgroup.WorthNone && ownUser {
		list = append(list, strconv.Itoa(rlimitNproc)+"!"+strconv.FormatInt(limits.Pids, 10))
	}
	return strings.Join(list, ",")
}

// WorthRlimit is how the facts call a limit that is held by setrlimit.
const WorthRlimit = "rlimit"

// Isolation says what each kind of limit is worth on this machine for an agent of this user.
func Isolation(worth cgroup.Worth, root bool) wire.Isolation {
	out := wire.Isolation{
		CPU: worth.CPU, Memory: worth.Memory, Pids: worth.Pids, Disk: "watched", GPU: "variable", Kill: worth.Kill, Users: root,
	}
	if worth.Devices {
		out.GPU = "devices"
	}
	if out.Memory == cgroup.WorthNone && dataLimitHolds {
		out.Memory = WorthRlimit
	}
	if out.Pids == cgroup.WorthNone && root {
		out.Pids = WorthRlimit
	}
	return out
}
