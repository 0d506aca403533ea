package sysinfo

import (
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

func files(pairs ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return out
}

const mountinfo = `22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
23 22 0:21 / /proc rw - proc proc rw
24 22 0:22 / /sys rw - sysfs sysfs rw
25 22 8:1 / /boot/efi rw - vfat /dev/sda1 rw
26 22 8:3 / /home rw - ext4 /dev/sda3 rw
27 26 8:3 /data /srv/long\040name rw - ext4 /dev/sda3 rw
28 22 0:40 / /run rw - tmpfs tmpfs rw
29 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
30 22 0:50 /@ /mnt/b rw - btrfs /dev/sdb1 rw
31 22 0:51 /@home /mnt/b/home rw - btrfs /dev/sdb1 rw
32 22 0:60 / /mnt/nfs rw - nfs4 nas:/x rw
33 22 8:2 /etc/hosts /etc/hosts rw - ext4 /dev/sda2 rw
`

func fakeStatfs(path string) (uint64, uint64, bool) {
	if path == "/etc/hosts" {
		return 0, 0, false
	}
	return 1 << 40, 1 << 39, true
}

func TestFactsOfADesktop(t *testing.T) {
	root := files(
		"proc/meminfo", "MemTotal: 32779000 kB\nSwapTotal: 1000448 kB\n",
		"proc/stat", "cpu 1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n",
		"proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD   Ryzen 7 5800X\n",
		"proc/self/mountinfo", mountinfo,
		"proc/sys/kernel/random/boot_id", "boot-1\n",
		"etc/machine-id", "abc\n",
		"etc/os-release", "NAME=Debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
		"proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA GeForce RTX 3090\nIRQ: 5\n",
		"sys/class/drm/card1/device/gpu_busy_percent", "12\n",
		"sys/class/drm/card1/device/vendor", "0x1002\n",
		"sys/class/drm/card1/device/device", "0x73bf\n",
		"sys/class/drm/card1/device/mem_info_vram_total", "17163091968\n",
		"sys/class/drm/card2/device/gpu_busy_percent", "0\n",
		"sys/class/drm/card2/device/vendor", "0x8086\n",
	)
	facts := ReadFacts(root, Host{Statfs: fakeStatfs, Hostname: "desk", NvidiaMem: []int64{24576}, Cgroup: "v2", Boot: "none"})
	if facts.Cpus != 2 || facts.MemMib != 32010 || facts.SwapMib != 977 || facts.CPUModel != "AMD Ryzen 7 5800X" || facts.BootID != "boot-1" ||
		facts.MachineID != "abc" || facts.OS != "Debian GNU/Linux 12 (bookworm)" {
		t.Errorf("%+v", facts)
	}
	var mounts []string
	for _, d := range facts.Disks {
		mounts = append(mounts, d.Device+" "+d.Mount)
	}
	if want := []string{"/dev/sda2 /", "/dev/sda1 /boot/efi", "/dev/sda3 /home", "/dev/sdb1 /mnt/b"}; !reflect.DeepEqual(mounts, want) {
		t.Errorf("disks %q", mounts)
	}
	want := []wire.Gpu{{Index: 0, Vendor: "nvidia", Model: "NVIDIA GeForce RTX 3090", MemMib: 24576}, {Index: 1, Vendor: "amd", Model: "AMD GPU 0x73bf", MemMib: 16368}}
	if !reflect.DeepEqual(facts.Gpus, want) {
		t.Errorf("gpus %+v", facts.Gpus)
	}
}

func TestFactsOfContainersAndBareMachines(t *testing.T) {
	overlay := files("proc/self/mountinfo", "1 0 0:70 / / rw - overlay overlay rw\n2 1 8:2 /x /etc/hosts rw - ext4 /dev/sda2 rw\n")
	facts := ReadFacts(overlay, Host{Statfs: fakeStatfs})
	if len(facts.Disks) != 1 || facts.Disks[0].Mount != "/" {
		t.Errorf("container: %+v", facts.Disks)
	}
	none := ReadFacts(files(), Host{Statfs: fakeStatfs})
	if none.Cpus < 1 || none.OS != "Linux" || none.Disks == nil || none.Gpus == nil || none.Addresses == nil {
		t.Errorf("nothing: %+v", none)
	}
	arm := files("proc/cpuinfo", "processor : 0\nBogoMIPS : 108\n\nHardware : BCM2835\nModel : Raspberry Pi 4 Model B Rev 1.4\n")
	if got := ReadFacts(arm, Host{Statfs: fakeStatfs}).CPUModel; got != "Raspberry Pi 4 Model B Rev 1.4" {
		t.Errorf("pi: %q", got)
	}
}

func machineAt(step int) fstest.MapFS {
	stat := []string{
		"cpu  0 0 0 0\ncpu0 100 0 100 800 0 0 0 0 0 0\ncpu1 0 0 0 1000 0 0 0 0 0 0\nintr 1 2 3\n",
		"cpu  0 0 0 0\ncpu0 150 0 150 800 0 0 0 0 9 0\ncpu1 10 0 0 1040 50 0 0 0 0 0\nintr 1 2 3\n",
	}
	disk := []string{
		"   8       0 sda 10 0 1000 0 20 0 2000 0 0 0 0\n   8       1 sda1 10 0 1000 0 20 0 2000 0 0 0 0\n   7       0 loop0 1 0 9999 0 0 0 0 0 0 0 0\n",
		"   8       0 sda 10 0 3000 0 20 0 2500 0 0 0 0\n   8       1 sda1 10 0 3000 0 20 0 2500 0 0 0 0\n   7       0 loop0 1 0 99999 0 0 0 0 0 0 0 0\n",
	}
	net := []string{
		"Inter-|   Receive\n face |bytes\n    lo: 500 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n  eth0:1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\nveth12: 77 1 0 0 0 0 0 0 77 1 0 0 0 0 0 0\n",
		"Inter-|   Receive\n face |bytes\n    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n  eth0:5000 1 0 0 0 0 0 0 2100 1 0 0 0 0 0 0\nveth12: 9977 1 0 0 0 0 0 0 9977 1 0 0 0 0 0 0\n",
	}
	return files(
		"proc/stat", stat[step], "proc/diskstats", disk[step], "proc/net/dev", net[step],
		"proc/meminfo", "MemTotal: 10485760 kB\nMemFree: 2097152 kB\nMemAvailable: 1 kB\nBuffers: 102400 kB\nCached: 4096000 kB\nShmem: 204800 kB\nSReclaimable: 102400 kB\nSwapTotal: 1048576 kB\nSwapFree: 524288 kB\n",
		"proc/spl/kstat/zfs/arcstats", "13 1 0x01\nname type data\nsize                            4    1073741824\n",
		"proc/loadavg", "0.52 1.05 12.3 1/234 5678\n",
		"sys/class/net/eth0/device", "", "sys/block/sda/size", "1", "sys/block/loop0/size", "1", "sys/block/dm-0/size", "1",
		"sys/class/hwmon/hwmon0/name", "k10temp\n", "sys/class/hwmon/hwmon0/temp1_label", "Tctl\n", "sys/class/hwmon/hwmon0/temp1_input", "54250\n",
		"sys/class/hwmon/hwmon1/name", "broken\n", "sys/class/hwmon/hwmon1/temp1_input", "-128000\n",
		"sys/class/thermal/thermal_zone0/temp", "1000\n", "sys/class/thermal/thermal_zone0/type", "acpitz\n",
	)
}

func TestSampleHasRatesBetweenTwoLooks(t *testing.T) {
	s := NewSampler(machineAt(0), fakeStatfs)
	s.SetDisks([]wire.Disk{{Mount: "/", TotalMib: 1}})
	s.Prime(1000)
	after := machineAt(1)
	for _, h := range []*hotFile{s.stat, s.disk, s.net} {
		h.close()
		h.root = after
	}
	got := s.Take(3000, 42)
	if got.Seq != 1 || got.AtMs != 42 || !reflect.DeepEqual(got.PerCPU, []int64{1000, 100}) || got.CPUBusyMilli != 1100 {
		t.Errorf("cpu: %+v", got)
	}
	// 10240 - 2048 - 100 - 4000 - 100 + 200 - 1024 of the ARC
	if got.MemTotalMib != 10240 || got.MemUsedMib != 3168 || got.SwapUsedMib != 512 {
		t.Errorf("memory: %d of %d, swap %d", got.MemUsedMib, got.MemTotalMib, got.SwapUsedMib)
	}
	if got.DiskReadBytesPS != 512_000 || got.DiskWriteBytesPS != 128_000 || got.NetRxBytesPS != 2000 || got.NetTxBytesPS != 50 {
		t.Errorf("rates: %+v", got)
	}
	if !reflect.DeepEqual(got.Load, []int64{52, 105, 1230}) || !reflect.DeepEqual(got.Temps, []wire.Temp{{Name: "k10temp Tctl", MilliC: 54250}}) {
		t.Errorf("load %v temps %+v", got.Load, got.Temps)
	}
	if !reflect.DeepEqual(got.Disks, []wire.DiskUse{{Mount: "/", TotalMib: 1 << 20, UsedMib: 1 << 19}}) {
		t.Errorf("disks %+v", got.Disks)
	}
}

func TestMissingSensorsAreEmptyListsAndNotZeros(t *testing.T) {
	s := NewSampler(files(), fakeStatfs)
	s.Prime(0)
	got := s.Take(1000, 1)
	encoded, err := wire.Encode(got)
	if err != nil || strings.Contains(string(encoded), "null") {
		t.Errorf("%s %v", encoded, err)
	}
	if len(got.Temps) != 0 || len(got.Gpus) != 0 || len(got.PerCPU) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestThermalZonesWhereThereIsNoHwmonAndNetworksWithoutDevices(t *testing.T) {
	root := files(
		"sys/class/thermal/thermal_zone0/temp", "41000\n", "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n",
		"proc/net/dev", "  lo: 5 0 0 0 0 0 0 0 5 0\n eth0: 7 0 0 0 0 0 0 0 9 0\n",
	)
	s := NewSampler(root, fakeStatfs)
	s.Prime(0)
	if got := s.Take(10, 0); len(got.Temps) != 1 || got.Temps[0].Name != "cpu-thermal" {
		t.Errorf("%+v", got.Temps)
	}
	if s.rates.rx != 7 || s.rates.tx != 9 {
		t.Errorf("a container's interface is not counted: %+v", s.rates)
	}
}

func TestACounterThatGoesBackIsNoRate(t *testing.T) {
	if rate(5, 10, 1000) != 0 {
		t.Error("a negative rate")
	}
}

func TestTaskMeterWalksAProcessTree(t *testing.T) {
	command := exec.Command("sh", "-c", "sleep 60 & echo on; wait")
	pipe, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = exec.Command("sh", "-c", "kill $(cat /proc/"+itoa(command.Process.Pid)+"/task/"+itoa(command.Process.Pid)+"/children)").Run()
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	if _, err := pipe.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	meter := &TaskMeter{Cgroups: &cgroup.Driver{Kind: cgroup.KindNone}, Proc: "/proc"}
	got := meter.Measure([]TaskPid{{ID: "t-a", Pid: command.Process.Pid}}, 0, nil)
	if len(got) != 1 || got[0].Pids != 2 || got[0].MemUsedMib < 1 {
		t.Errorf("%+v", got)
	}
	if got = meter.Measure(nil, 1, got); len(got) != 0 || len(meter.before) != 0 {
		t.Error("an ended task is remembered")
	}
}

func itoa(n int) string {
	var digits []byte
	for ; n > 0; n /= 10 {
		digits = append([]byte{byte('0' + n%10)}, digits...)
	}
	return string(digits)
}

func TestThisMachineIsRead(t *testing.T) {
	facts := ReadFacts(os.DirFS("/"), ThisHost())
	if facts.Cpus < 1 || facts.MemMib < 1 || facts.Kernel == "" || facts.User == "" {
		t.Errorf("%+v", facts)
	}
	s := NewSampler(os.DirFS("/"), StatfsUnder(""))
	defer s.Close()
	s.Prime(0)
	if got := s.Take(1000, 0); len(got.PerCPU) != facts.Cpus || got.MemTotalMib != facts.MemMib {
		t.Errorf("%+v", got)
	}
	perSample := testing.AllocsPerRun(20, func() { s.Take(2000, 0) })
	if perSample > 40 {
		t.Errorf("%v allocations a sample", perSample)
	}
}
