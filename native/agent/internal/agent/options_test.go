package agent

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

func TestResourcesWithReserveAndCapacity(t *testing.T) {
	facts := wire.Facts{Cpus: 8, MemMib: 16000, Gpus: make([]wire.Gpu, 2)}
	cases := []struct {
		name                  string
		options               Options
		facts                 wire.Facts
		disk                  int64
		cpus, mem, disk2, gpu int64
	}{
		{"5 % of the memory, at most 5 GiB of the disk", Options{}, facts, 1_000_000, 8000, 15200, 994880, 2},
		{"256 MiB of a small memory", Options{}, wire.Facts{Cpus: 1, MemMib: 1024}, 10_000, 1000, 768, 9500, 0},
		{"less than nothing is nothing", Options{}, wire.Facts{Cpus: 1, MemMib: 100}, 0, 1000, 0, 0, 0},
		{"a slice as it was named", Options{Capacity: "cpus=1.5,mem=1024,disk=2048,gpus=1"}, facts, 1_000_000, 1500, 1024, 2048, 1},
		{"a slice larger than the machine", Options{Capacity: "cpus=64,mem=99999999"}, facts, 100, 8000, 16000, 95, 2},
		{"a reserve of one's own", Options{Reserve: "cpus=2,mem=4000,disk=0"}, facts, 1000, 6000, 12000, 1000, 2},
	}
	for _, c := range cases {
		got := c.options.Resources(c.facts, c.disk)
		if got.CpusMilli != c.cpus || got.MemMib != c.mem || got.DiskMib != c.disk2 || got.Gpus != c.gpu || len(got.Ports) != 1 {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestBadAmountsAreRefused(t *testing.T) {
	for _, text := range []string{"cpus", "cpus=", "cpus=x", "cpus=-1", "ram=5", "cpus=1,,mem=1", "mem=NaN", "gpus=1@x", "gpus=1@-1", "ports=", "ports=5", "ports=9-5",
		"ports=0-5", "ports=1-70000", "ports=1-2+", "mem=1@2"} {
		if _, err := parseAmounts(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestOptionsAreKeptAndOverridden(t *testing.T) {
	f, err := openFolder(filepath.Join(t.TempDir(), "d"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if _, err := f.options(Options{Capacity: "cpus=2", Reserve: "mem=1"}); err != nil {
		t.Fatal(err)
	}
	got, err := f.options(Options{Reserve: "mem=2"})
	if err != nil || got.Capacity != "cpus=2" || got.Reserve != "mem=2" || KeptOptions(f.dir) != got {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := f.options(Options{Capacity: "bogus"}); err == nil {
		t.Error("a bad capacity was kept")
	}
}

func TestOneFolderHasOneDaemonAndOneIdentity(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("%v", err)
	}
	id, err := f.agentID()
	if err != nil || len(id) < 10 {
		t.Fatalf("%q %v", id, err)
	}
	f.close()
	if f, err = openFolder(dir); err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if again, err := f.agentID(); err != nil || again != id {
		t.Errorf("%q is not %q: %v", again, id, err)
	}
	if err := os.WriteFile(f.path("agent.json"), []byte("{torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.agentID(); err == nil {
		t.Error("a broken identity was replaced silently")
	}
}

func TestSelftestLeavesNothing(t *testing.T) {
	base := t.TempDir()
	report := Selftest(filepath.Join(base, "a/b/c"), "1.2.3")
	if !report.OK || len(report.Checks) != 5 || report.FreeMib <= 0 {
		t.Errorf("%+v", report)
	}
	if entries, _ := os.ReadDir(base); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if report := Selftest(filepath.Join(file, "below"), "1"); report.OK || report.Checks[0].OK {
		t.Errorf("%+v", report)
	}
}

func TestNvidiaMemoryIsReadFromEachLine(t *testing.T) {
	if got := parseMib("24576\n[N/A]\n8192\n"); len(got) != 3 || got[0] != 24576 || got[1] != 0 || got[2] != 8192 {
		t.Errorf("%v", got)
	}
}

func TestASliceHasItsOwnPortsDevicesAndCeilings(t *testing.T) {
	facts := wire.Facts{Cpus: 8, MemMib: 16000, Gpus: []wire.Gpu{{Index: 0}, {Index: 1}, {Index: 2}, {Index: 3}}}
	slice := Options{Capacity: "cpus=1.5,mem=1024,disk=2048,gpus=2@1,ports=20000-20999+22000-22000"}
	got := slice.Resources(facts, 1_000_000)
	if want := []wire.PortRange{{Begin: 20000, End: 20999}, {Begin: 22000, End: 22000}}; !reflect.DeepEqual(got.Ports, want) || got.Gpus != 2 {
		t.Errorf("%+v", got)
	}
	if share := slice.Share(facts); share != (cgroup.Limits{CPUQuotaMilli: 1500, MemMib: 1024, Pids: 2560}) {
		t.Errorf("%+v", share)
	}
	whole := Options{}
	if share := whole.Share(facts); share != (cgroup.Limits{MemMib: 15200}) {
		t.Errorf("the reserve of the system is not kept, or more is: %+v", share)
	}
	if share := (Options{Reserve: "cpus=2"}).Share(facts); share.CPUQuotaMilli != 6000 {
		t.Errorf("%+v", share)
	}
	for text, want := range map[string][]int{"gpus=2@1": {1, 2}, "": {0, 1, 2, 3}, "gpus=0": nil, "gpus=9@3": {3}, "gpus=1@9": nil} {
		o := Options{Capacity: text}
		if got := o.GpuIndexes(facts); !reflect.DeepEqual(got, want) || o.Resources(facts, 0).Gpus != int64(len(want)) {
			t.Errorf("%q: %v", text, got)
		}
	}
}
