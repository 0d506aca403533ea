package launch

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/shim"
	"mesolite/agent/internal/wire"
)

func TestCeilingsAreAbsentNullOrANumber(t *testing.T) {
	pids := int64(4096)
	if more := int64(runtime.NumCPU()) * 128; more > pids {
		pids = more
	}
	for text, want := range map[string]cgroup.Limits{
		``:             {CPUMilli: 500, MemMib: 64, MemRequestMib: 64, Pids: pids},
		`,"limits":{}`: {CPUMilli: 500, MemMib: 64, MemRequestMib: 64, Pids: pids},
		`,"limits":{"memMib":null,"cpusMilli":null,"pids":null}`: {CPUMilli: 500, MemRequestMib: 64, Pids: pids},
		`,"limits":{"memMib":128,"cpusMilli":700,"pids":9}`:      {CPUMilli: 500, CPUQuotaMilli: 700, MemMib: 128, MemRequestMib: 64, Pids: 9},
	} {
		var info wire.TaskInfo
		if err := json.Unmarshal([]byte(`{"resources":{"cpusMilli":500,"memMib":64}`+text+`}`), &info); err != nil {
			t.Fatal(err)
		}
		if got := limitsOf(info); got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestRlimitsStandInOnlyForControllersThatAreMissing(t *testing.T) {
	limits := cgroup.Limits{MemMib: 64, Pids: 9}
	all := cgroup.Worth{Memory: cgroup.WorthCgroup, Pids: cgroup.WorthCgroup}
	none := cgroup.Worth{Memory: cgroup.WorthNone, Pids: cgroup.WorthNone}
	for want, got := range map[string]string{
		"4=0":                rlimitsOf(limits, all, true),
		"4=0,2!67108864":     rlimitsOf(limits, none, false),
		"4=0,2!67108864,6!9": rlimitsOf(limits, none, true),
		"4=0,6!9":            rlimitsOf(cgroup.Limits{Pids: 9}, none, true),
	} {
		if got != want {
			t.Errorf("%s is not %s", got, want)
		}
	}
	if got := Isolation(none, false); got != (wire.Isolation{Memory: "rlimit", Pids: "none", Disk: "watched", GPU: "variable"}) {
		t.Errorf("%+v", got)
	}
	if got := Isolation(none, true); got.Pids != "rlimit" || !got.Users {
		t.Errorf("%+v", got)
	}
}

func TestDevicesAreNamedInTheWordsOfEachVendor(t *testing.T) {
	cards := func(vendors ...string) []wire.Gpu {
		var list []wire.Gpu
		for i, vendor := range vendors {
			list = append(list, wire.Gpu{Index: i, Vendor: vendor})
		}
		return list
	}
	const cuda = "CUDA_DEVICE_ORDER=PCI_BUS_ID "
	for _, c := range []struct {
		given []int
		cards []wire.Gpu
		want  string
	}{
		{nil, nil, ""},
		{[]int{1, 2}, cards("nvidia", "nvidia", "nvidia"), "CUDA_VISIBLE_DEVICES=1,2 " + cuda + "NVIDIA_VISIBLE_DEVICES=1,2"},
		{nil, cards("nvidia"), "CUDA_VISIBLE_DEVICES= " + cuda + "NVIDIA_VISIBLE_DEVICES=void"},
		{[]int{1, 3}, cards("amd", "amd", "amd", "amd"), "ROCR_VISIBLE_DEVICES=1,3 HIP_VISIBLE_DEVICES=0,1"},
		{nil, cards("amd"), "ROCR_VISIBLE_DEVICES= HIP_VISIBLE_DEVICES=-1"},
		{[]int{2}, cards("nvidia", "amd", "amd"), "CUDA_VISIBLE_DEVICES= " + cuda + "NVIDIA_VISIBLE_DEVICES=void ROCR_VISIBLE_DEVICES=1 HIP_VISIBLE_DEVICES=0"},
		{[]int{1}, cards("nvidia", "intel", "intel"), "CUDA_VISIBLE_DEVICES= " + cuda + "NVIDIA_VISIBLE_DEVICES=void ZE_AFFINITY_MASK=0"},
		{nil, cards("intel"), ""},
	} {
		var got []string
		for _, v := range gpuVariables(c.given, c.cards) {
			got = append(got, v[0]+"="+v[1])
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%v of %d: %s", c.given, len(c.cards), text)
		}
	}
}

func TestTheWordsOfAnEndSayWhatItMet(t *testing.T) {
	own := cgroup.Outcome{OomKills: 1, OwnLimit: true, PeakMib: 64, LimitMib: 64}
	for _, c := range []struct {
		exit       Exit
		ended, oom string
	}{
		{Exit{Code: 3}, "exited with code 3", ""},
		{Exit{Signal: 9, Cgroup: own}, "killed by signal 9 (KILL)", "out of memory: used 64 MiB of its limit of 64 MiB"},
		{Exit{Code: 1, Cgroup: own}, "exited with code 1", "out of memory: used 64 MiB of its limit of 64 MiB, and a process of it was ended"},
		{Exit{Signal: 15, Cgroup: cgroup.Outcome{OomKills: 2, LimitMib: 64, PeakMib: 9}}, "killed by signal 15 (TERM)",
			"out of memory: the machine, or this agent's share of it, had no more; it used 9 MiB, and 2 processes of it were ended"},
		{Exit{Signal: 9, MaxRssKib: 5 << 10, Cgroup: cgroup.Outcome{OomKills: 1}}, "killed by signal 9 (KILL)",
			"out of memory: the machine, or this agent's share of it, had no more; it used 5 MiB"},
		{Exit{Left: 1}, "exited with code 0; a process of it waits in the kernel and could not be ended", ""},
		{Exit{Left: 2, Cgroup: cgroup.Outcome{PidsHits: 1, MaxPids: 8}},
			"exited with code 0; it reached its limit of 8 processes and was refused more once; 2 processes of it wait in the kernel and could not be ended", ""},
		{Exit{Signal: 40, Cgroup: cgroup.Outcome{PidsHits: 7, MaxPids: 8}}, "killed by signal 40; it reached its limit of 8 processes and was refused more 7 times", ""},
	} {
		if got := Ended(&c.exit); got != c.ended {
			t.Errorf("%s", got)
		}
		if got := OutOfMemory(&c.exit); got != c.oom {
			t.Errorf("%s", got)
		}
	}
	if got := CannotStart(&Exit{Step: shim.StepLimits, Errno: 1}, wire.TaskInfo{}); got != "cannot start: set limits: operation not permitted" {
		t.Errorf("%s", got)
	}
}
