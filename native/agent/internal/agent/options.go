package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
type amounts map[string]int64

// parseAmounts reads `cpus=2,mem=1024,disk=4096,gpus=1`: CPUs with up to three decimals, MiB otherwise.
func parseAmounts(text string) (amounts, error) {
	out := amounts{}
	if text == "" {
		return out, nil
	}
	for _, part := range strings.Split(text, ",") {
		pair := strings.SplitN(part, "=", 2)
		if len(pair) != 2 {
			return nil, fmt.Errorf("%q is not name=number", part)
		}
		name := pair[0]
		number, err := strconv.ParseFloat(pair[1], 64)
		if err != nil || !(number >= 0 && number <= 1e12) { // so that NaN is refused too
			return nil, fmt.Errorf("%q is not a number", pair[1])
		}
		switch name {
		case "cpus":
			out[name] = int64(number*1000 + 0.5)
		case "mem", "disk", "gpus":
			out[name] = int64(number)
		default:
			return nil, fmt.Errorf("%q is not one of cpus, mem, disk, gpus", name)
		}
	}
	return out, nil
}

// The default reserve for the system: 256 MiB or 5 % of the memory, whichever is more, and 5 % of the disk up to 5 GiB.
const (
	reserveMemMib  = 256
	reservePercent = 5
	reserveDiskMib = 5 * 1024
)

// Resources are what may be allocated here.
func (o Options) Resources(facts wire.Facts, diskMib int64) wire.Resources {
	total := wire.Resources{
		CpusMilli: int64(facts.Cpus) * 1000, MemMib: facts.MemMib, DiskMib: diskMib, Gpus: int64(len(facts.Gpus)),
		Ports: []wire.PortRange{{Begin: 31000, End: 32000}},
	}
	capacity, _ := parseAmounts(o.Capacity) // checked when they were taken
	reserve, _ := parseAmounts(o.Reserve)
	apply := func(value *int64, name string, spare int64) {
		if own, ok := capacity[name]; ok {
			if own < *value {
				*value = own
			}
			return // a slice that was named is meant as it is
		}
		if asked, ok := reserve[name]; ok {
			spare = asked
		}
		if *value -= spare; *value < 0 {
			*value = 0
		}
	}
	apply(&total.CpusMilli, "cpus", 0)
	apply(&total.MemMib, "mem", atLeast(facts.MemMib*reservePercent/100, reserveMemMib))
	apply(&total.DiskMib, "disk", atMost(diskMib*reservePercent/100, reserveDiskMib))
	apply(&total.Gpus, "gpus", 0)
	return total
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
