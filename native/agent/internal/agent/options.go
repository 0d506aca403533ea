package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/wire"
)

// Options of a daemon that last: they are kept in DIR/options.json, so that a start by `attach --start` or at boot
// needs none. A new value given on the command line replaces the kept one.
type Options struct {
	// Capacity: own only this much of the machine. Parts that are absent are the whole machine's.
	Capacity string `json:"capacity,omitempty"`
	// Reserve: leave this much to the system. Empty is the default reserve.
	Reserve string `json:"reserve,omitempty"`
	// Root: read /proc, /sys and /etc below this folder (tests).
	Root string `json:"root,omitempty"`
	// Keeping is what the master configured; nil: the default.
	Keeping *wire.Keeping `json:"keeping,omitempty"`
}

// Merge takes the kept options and what was given now, and keeps the result.
func (f *folder) options(given Options) (Options, error) {
	var kept Options
	if err := readJSON(f.path("options.json"), &kept); err != nil && !errors.Is(err, os.ErrNotExist) {
		return given, fmt.Errorf("read options.json: %w", err)
	}
	merged := kept
	for _, pair := range [][2]*string{{&merged.Capacity, &given.Capacity}, {&merged.Reserve, &given.Reserve}, {&merged.Root, &given.Root}} {
		if *pair[1] != "" {
			*pair[0] = *pair[1]
		}
	}
	if _, err := parseAmounts(merged.Capacity); err != nil {
		return merged, fmt.Errorf("--capacity: %w", err)
	}
	if _, err := parseAmounts(merged.Reserve); err != nil {
		return merged, fmt.Errorf("--reserve: %w", err)
	}
	if merged != kept {
		return merged, writeJSON(f.path("options.json"), merged)
	}
	return merged, nil
}

// amounts is a partial set of resources: only what is named.
type amounts struct {
	numbers  map[string]int64
	firstGpu int64
	ports    []wire.PortRange
}

// parseAmounts reads `cpus=2,mem=1024,disk=4096,gpus=1@2,ports=20000-20999+22000-22999`: CPUs with up to three decimals,
// MiB, GPUs with the index of the first one when it is not 0.
func parseAmounts(text string) (amounts, error) {
	out := amounts{numbers: map[string]int64{}}
	if text == "" {
		return out, nil
	}
	for _, part := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return out, fmt.Errorf("%q is not name=number", part)
		}
		if err := out.take(name, value); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (a *amounts) take(name, value string) error {
	if name == "ports" {
		ranges, err := parsePorts(value)
		a.ports = ranges
		return err
	}
	if name == "gpus" {
		count, first, given := strings.Cut(value, "@")
		if index, err := strconv.ParseUint(first, 10, 16); given && err != nil {
			return fmt.Errorf("%q is not the index of a device", first)
		} else if given {
			a.firstGpu = int64(index)
		}
		value = count
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || !(number >= 0 && number <= 1e12) { // so that NaN is refused too
		return fmt.Errorf("%q is not a number", value)
	}
	switch name {
	case "cpus":
		a.numbers[name] = int64(number*1000 + 0.5)
	case "mem", "disk", "gpus":
		a.numbers[name] = int64(number)
	default:
		return fmt.Errorf("%q is not one of cpus, mem, disk, gpus, ports", name)
	}
	return nil
}

// parsePorts reads `20000-20999+22000-22999`.
func parsePorts(text string) ([]wire.PortRange, error) {
	var list []wire.PortRange
	for _, part := range strings.Split(text, "+") {
		from, to, ok := strings.Cut(part, "-")
		begin, errBegin := strconv.ParseUint(from, 10, 16)
		end, errEnd := strconv.ParseUint(to, 10, 16)
		if !ok || errBegin != nil || errEnd != nil || begin == 0 || begin > end {
			return nil, fmt.Errorf("%q is not a range of ports, as 20000-20999", part)
		}
		list = append(list, wire.PortRange{Begin: int64(begin), End: int64(end)})
	}
	return list, nil
}

// The default reserve for the system: 256 MiB or 5 % of the memory, whichever is more, and 5 % of the disk up to 5 GiB.
const (
	reserveMemMib  = 256
	reservePercent = 5
	reserveDiskMib = 5 * 1024
)

// defaultPorts are what Mesos offers, below those the kernel gives to anybody.
var defaultPorts = wire.PortRange{Begin: 31000, End: 32000}

// Resources are what may be allocated here.
func (o Options) Resources(facts wire.Facts, diskMib int64) wire.Resources {
	total := wire.Resources{
		CpusMilli: int64(facts.Cpus) * 1000, MemMib: facts.MemMib, DiskMib: diskMib, Gpus: int64(len(facts.Gpus)),
		Ports: []wire.PortRange{defaultPorts},
	}
	capacity, _ := parseAmounts(o.Capacity) // checked when they were taken
	reserve, _ := parseAmounts(o.Reserve)
	apply := func(value *int64, name string, spare int64) {
		if own, ok := capacity.numbers[name]; ok {
			if own < *value {
				*value = own
			}
			return // a slice that was named is meant as it is
		}
		if asked, ok := reserve.numbers[name]; ok {
			spare = asked
		}
		if *value -= spare; *value < 0 {
			*value = 0
		}
	}
	apply(&total.CpusMilli, "cpus", 0)
	apply(&total.MemMib, "mem", atLeast(facts.MemMib*reservePercent/100, reserveMemMib))
	apply(&total.DiskMib, "disk", atMost(diskMib*reservePercent/100, reserveDiskMib))
	total.Gpus = atLeast(total.Gpus-capacity.firstGpu, 0)
	apply(&total.Gpus, "gpus", 0)
	if len(capacity.ports) > 0 {
		total.Ports = capacity.ports
	}
	return total
}

// GpuIndexes are the devices that may be given to tasks here, as many as Resources says.
func (o Options) GpuIndexes(facts wire.Facts) []int {
	capacity, _ := parseAmounts(o.Capacity) // checked when they were taken
	var list []int
	for _, card := range facts.Gpus {
		if int64(card.Index) >= capacity.firstGpu && int64(len(list)) < o.Resources(facts, 0).Gpus {
			list = append(list, card.Index)
		}
	}
	return list
}

// A slice may have this many processes, and this many more for each CPU of it.
const (
	slicePids       = 1024
	slicePidsPerCPU = 1024
)

// Share is the ceiling of all tasks together, as far as this agent is a slice: so that one slice of a machine cannot
// take from another. The memory of an agent that has the machine ends where the reserve of the system begins.
func (o Options) Share(facts wire.Facts) cgroup.Limits {
	capacity, _ := parseAmounts(o.Capacity) // checked when they were taken
	reserve, _ := parseAmounts(o.Reserve)
	total := o.Resources(facts, 0)
	share := cgroup.Limits{MemMib: total.MemMib} // 0: not known, or none to give away
	_, slice := capacity.numbers["cpus"]
	if _, kept := reserve.numbers["cpus"]; slice || kept {
		share.CPUQuotaMilli = atLeast(total.CpusMilli, 10)
	}
	if slice {
		share.Pids = slicePids + slicePidsPerCPU*total.CpusMilli/1000
	}
	return share
}

func atLeast(v, low int64) int64 {
	if v < low {
		return low
	}
	return v
}

func atMost(v, high int64) int64 {
	if v > high {
		return high
	}
	return v
}

// KeptOptions reads DIR/options.json without a lock, for commands that only look.
func KeptOptions(dir string) Options {
	var kept Options
	_ = readJSON(filepath.Join(dir, "options.json"), &kept) // none yet: the defaults
	return kept
}
