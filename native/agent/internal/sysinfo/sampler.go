package sysinfo

import (
	"bytes"
	"io/fs"
	"strings"

	"mesolite/agent/internal/wire"
)

// How often the slow things are looked at, in ms.
const (
	tempsEveryMs = 5_000
	gpusEveryMs  = 2_000
	disksEveryMs = 5_000
	namesEveryMs = 60_000
)

// Sampler makes samples. It is used by one goroutine; the sample it gives is valid until the next one.
type Sampler struct {
	root   fs.FS
	statfs Statfs

	stat, memory, load, disk, net, arc *hotFile

	sample  wire.Sample
	seq     int64
	atMs    int64
	prevCPU [][2]int64 // busy and total ticks of each CPU
	rates   rates
	hasPrev bool

	disks      []wire.Disk
	physical   map[string]bool // network interfaces with a device; nil: none, count all but lo
	wholeDisks map[string]bool
	sensors    []sensor
	nvidia     int
	disksAtMs  int64
	tempsAtMs  int64
	gpusAtMs   int64
	namesAtMs  int64
}

type rates struct{ diskRead, diskWrite, rx, tx int64 }

// NewSampler reads from root.
func NewSampler(root fs.FS, statfs Statfs) *Sampler {
	return &Sampler{
		root: root, statfs: statfs,
		stat: newHot(root, "proc/stat"), memory: newHot(root, "proc/meminfo"), load: newHot(root, "proc/loadavg"),
		disk: newHot(root, "proc/diskstats"), net: newHot(root, "proc/net/dev"), arc: newHot(root, "proc/spl/kstat/zfs/arcstats"),
		sample: wire.Sample{
			PerCPU: []int64{}, Disks: []wire.DiskUse{}, Load: []int64{0, 0, 0}, Temps: []wire.Temp{}, Gpus: []wire.GpuUse{}, Tasks: []wire.TaskUse{},
		},
	}
}

// SetDisks names the file systems of the facts; samples list the same.
func (s *Sampler) SetDisks(disks []wire.Disk) { s.disks, s.disksAtMs = disks, 0 }

// Close gives the open files back until the next use.
func (s *Sampler) Close() {
	for _, h := range []*hotFile{s.stat, s.memory, s.load, s.disk, s.net, s.arc} {
		h.close()
	}
	for _, sensor := range s.sensors {
		sensor.file.close()
	}
	s.hasPrev, s.namesAtMs = false, 0
}

// Prime takes the counters without a sample, so that the next Take has rates.
func (s *Sampler) Prime(monoMs int64) {
	s.names(monoMs)
	s.cpu()
	s.rates = s.counters()
	s.atMs, s.hasPrev = monoMs, true
}

// Primed tells whether rates are known from not too long ago.
func (s *Sampler) Primed(monoMs int64) bool { return s.hasPrev && monoMs-s.atMs < 10_000 }

// Take makes a sample. monoMs is for rates, wallMs for display.
func (s *Sampler) Take(monoMs, wallMs int64) *wire.Sample {
	s.names(monoMs)
	out := &s.sample
	s.seq++
	out.Seq, out.AtMs = s.seq, wallMs
	s.cpu()
	if busy, ok := busyMilli(); ok {
		out.CPUBusyMilli = busy // a system that does not tell it of each CPU
	}
	mem := parseMeminfo(s.memory.read())
	out.MemTotalMib, out.MemUsedMib = mem.total>>10, mem.used(arcKib(s.arc.read()))>>10
	out.SwapUsedMib = (mem.swapTotal - mem.swapFree) >> 10
	now := s.counters()
	if passed := monoMs - s.atMs; s.hasPrev && passed > 0 {
		out.DiskReadBytesPS = rate(now.diskRead, s.rates.diskRead, passed)
		out.DiskWriteBytesPS = rate(now.diskWrite, s.rates.diskWrite, passed)
		out.NetRxBytesPS = rate(now.rx, s.rates.rx, passed)
		out.NetTxBytesPS = rate(now.tx, s.rates.tx, passed)
	}
	s.rates, s.atMs, s.hasPrev = now, monoMs, true
	parseLoad(s.load.read(), out.Load)
	s.slow(monoMs)
	return out
}

func rate(now, before, passedMs int64) int64 {
	if now < before {
		return 0 // a counter wrapped, or a device went
	}
	return (now - before) * 1000 / passedMs
}

// names looks up what rarely changes.
func (s *Sampler) names(monoMs int64) {
	if s.namesAtMs != 0 && monoMs-s.namesAtMs < namesEveryMs {
		return
	}
	s.namesAtMs = monoMs + 1
	s.physical = nil
	links, _ := fs.Glob(s.root, "sys/class/net/*/device") // the pattern is sound
	for _, link := range links {
		if s.physical == nil {
			s.physical = map[string]bool{}
		}
		s.physical[strings.Split(link, "/")[3]] = true
	}
	s.wholeDisks = map[string]bool{}
	blocks, _ := fs.ReadDir(s.root, "sys/block") // missing: no disk counts
	for _, block := range blocks {
		name := block.Name()
		virtual := strings.HasPrefix(name, "loop") || strings.HasPrefix(name, "ram") || strings.HasPrefix(name, "zram") ||
			strings.HasPrefix(name, "dm-") || strings.HasPrefix(name, "md") // what they carry is counted below them
		if !virtual {
			s.wholeDisks[name] = true
		}
	}
	for _, sensor := range s.sensors {
		sensor.file.close()
	}
	s.sensors = findSensors(s.root)
	s.nvidia = len(nvidiaDirs(s.root))
}

func (s *Sampler) slow(monoMs int64) {
	out := &s.sample
	if s.disksAtMs == 0 || monoMs-s.disksAtMs >= disksEveryMs {
		s.disksAtMs = monoMs + 1
		out.Disks = out.Disks[:0]
		for _, d := range s.disks {
			use := wire.DiskUse{Mount: d.Mount, TotalMib: d.TotalMib}
			if total, used, ok := s.statfs(d.Mount); ok {
				use.TotalMib, use.UsedMib = int64(total>>20), int64(used>>20)
			}
			out.Disks = append(out.Disks, use)
		}
	}
	if s.tempsAtMs == 0 || monoMs-s.tempsAtMs >= tempsEveryMs {
		s.tempsAtMs = monoMs + 1
		out.Temps = readTemps(s.sensors, out.Temps)
	}
	if s.gpusAtMs == 0 || monoMs-s.gpusAtMs >= gpusEveryMs {
		s.gpusAtMs = monoMs + 1
		out.Gpus = gpuUse(s.root, out.Gpus, s.nvidia)
	}
}

// cpu reads /proc/stat: the share of each CPU that was neither idle nor waiting for a disk.
func (s *Sampler) cpu() {
	data := s.stat.read()
	out := &s.sample
	out.PerCPU, out.CPUBusyMilli = out.PerCPU[:0], 0
	index := 0
	for len(data) > 0 {
		var line []byte
		line, data = nextLine(data)
		if !bytes.HasPrefix(line, []byte("cpu")) {
			break // the CPUs come first; the rest is long
		}
		name, rest := nextField(line)
		if len(name) == 3 {
			continue // the sum
		}
		busy, total := cpuTicks(rest)
		if index == len(s.prevCPU) {
			s.prevCPU = append(s.prevCPU, [2]int64{busy, total})
		}
		before := &s.prevCPU[index]
		milli := int64(0)
		if total > before[1] && busy >= before[0] {
			milli = (busy - before[0]) * 1000 / (total - before[1])
		}
		*before = [2]int64{busy, total}
		if milli > 1000 {
			milli = 1000
		}
		out.PerCPU = append(out.PerCPU, milli)
		out.CPUBusyMilli += milli
		index++
	}
}

// cpuTicks: user nice system idle iowait irq softirq steal. Guest time is part of user already.
func cpuTicks(rest []byte) (busy, total int64) {
	for i := 0; i < 8; i++ {
		var field []byte
		field, rest = nextField(rest)
		ticks := toInt(field)
		total += ticks
		if i != 3 && i != 4 {
			busy += ticks
		}
	}
	return busy, total
}

func (s *Sampler) counters() rates {
	var r rates
	data := s.disk.read()
	for len(data) > 0 {
		var line []byte
		line, data = nextLine(data)
		var fields [10][]byte
		for i := range fields {
			fields[i], line = nextField(line)
		}
		if s.wholeDisks[string(fields[2])] {
			r.diskRead += toInt(fields[5]) * 512
			r.diskWrite += toInt(fields[9]) * 512
		}
	}
	data = s.net.read()
	for len(data) > 0 {
		var line []byte
		line, data = nextLine(data)
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		name := bytes.TrimSpace(line[:colon])
		if string(name) == "lo" || s.physical != nil && !s.physical[string(name)] {
			continue
		}
		line = line[colon+1:]
		var field []byte
		for i := 0; i < 9; i++ {
			field, line = nextField(line)
			switch i {
			case 0:
				r.rx += toInt(field)
			case 8:
				r.tx += toInt(field)
			}
		}
	}
	return r
}

// parseLoad reads "0.52 0.40 0.33 1/234 5678" as hundredths.
func parseLoad(data []byte, into []int64) {
	for i := range into {
		var field []byte
		field, data = nextField(data)
		dot := bytes.IndexByte(field, '.')
		if dot < 0 {
			into[i] = toInt(field) * 100
			continue
		}
		cents := field[dot+1:]
		into[i] = toInt(field[:dot]) * 100
		if len(cents) >= 2 {
			into[i] += toInt(cents[:2])
		} else {
			into[i] += toInt(cents) * 10
		}
	}
}

func arcKib(data []byte) int64 {
	for len(data) > 0 {
		var line []byte
		line, data = nextLine(data)
		name, rest := nextField(line)
		if string(name) == "size" {
			_, rest = nextField(rest)
			value, _ := nextField(rest)
			return toInt(value) >> 10
		}
	}
	return 0
}
