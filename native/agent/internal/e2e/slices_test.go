package e2e

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mesolite/agent/internal/wire"
)

func TestTwoSlicesOfAMachineDoNotTakeFromEachOther(t *testing.T) {
	one := newHost(t, "--capacity", "cpus=0.5,mem=96,disk=100,gpus=0,ports=20000-20999")
	two := newHost(t, "--capacity", "cpus=1,mem=128,disk=100,gpus=0,ports=21000-21499+21600-21999")
	c1, hello1 := one.greet()
	c2, hello2 := two.greet()
	needsMemory(t, hello1)
	want1 := wire.Resources{CpusMilli: 500, MemMib: 96, DiskMib: 100, Ports: []wire.PortRange{{Begin: 20000, End: 20999}}}
	if !reflect.DeepEqual(hello1.Resources, want1) || !reflect.DeepEqual(hello2.Resources.Ports, []wire.PortRange{{Begin: 21000, End: 21499}, {Begin: 21600, End: 21999}}) {
		t.Errorf("%+v %+v", hello1.Resources, hello2.Resources)
	}
	c2.launch(withMem(shell("t-quiet", "sleep 1000"), 32))
	c2.status()
	quiet := two.tasks(c2)["t-quiet"]
	if hello1.Facts.Cgroup == "v1" {
		expectV1(t, hello2.AgentID, map[string]string{"cpu/cpu.cfs_quota_us": "100000", "memory/memory.limit_in_bytes": "134217728", "pids/pids.max": "2048"})
	}
	// A quota that is more than the slice has is that of the slice.
	c1.launch(withLimits(shell("t-greedy", "echo on; exec tail /dev/zero"), map[string]interface{}{"memMib": nil, "cpusMilli": 4000}))
	end := c1.terminal("t-greedy")
	if end.State != wire.StateFailed || end.Reason != nil || !strings.HasPrefix(end.Message, "out of memory: the machine, or this agent's share of it, had no more; it used 9") {
		t.Errorf("%+v", end)
	}
	if now := two.tasks(c2)["t-quiet"]; !reflect.DeepEqual(now, quiet) {
		t.Errorf("%+v", now)
	}
	// Another size after a restart reaches the tasks that run on.
	two.kill9()
	two.args = []string{"--capacity", "cpus=1,mem=64,disk=100,gpus=0,ports=21000-21999"}
	two.start()
	_, hello2 = two.greet()
	if hello2.Facts.Cgroup == "v1" {
		got, _ := os.ReadFile(filepath.Join(v1Place("memory"), "mesolite", hello2.AgentID, "memory.limit_in_bytes"))
		if strings.TrimSpace(string(got)) != "67108864" {
			t.Errorf("%q", got)
		}
	}
}

func TestTheReserveOfTheSystemIsARealOne(t *testing.T) {
	h := newHost(t, "--reserve", "mem=512")
	c, hello := h.greet()
	if hello.Resources.MemMib != hello.Facts.MemMib-512 {
		t.Errorf("%d of %d", hello.Resources.MemMib, hello.Facts.MemMib)
	}
	c.launch(shell("t-any", "sleep 1000"))
	c.status()
	if hello.Facts.Cgroup == "v1" {
		limit := atoiFile(filepath.Join(v1Place("memory"), "mesolite", hello.AgentID, "memory.limit_in_bytes"))
		if limit>>20 != hello.Resources.MemMib {
			t.Errorf("%d", limit)
		}
	}
}

func atoiFile(path string) int64 {
	data, _ := os.ReadFile(path)
	n := int64(0)
	for _, c := range strings.TrimSpace(string(data)) {
		n = n*10 + int64(c-'0')
	}
	return n
}
