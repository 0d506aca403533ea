package agent

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"mesolite/agent/internal/boot"
	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/disk"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/sysinfo"
	"mesolite/agent/internal/wire"
)

// factSource reads the facts; it may be used from any goroutine.
type factSource struct {
	root   string
	dir    string
	cgroup string
	limits wire.Isolation
	mu     sync.Mutex
	facts  wire.Facts
	known  bool
	nvidia []int64 // memory of each card, once it is known
	// engines knows the container engines; nil: nobody looks for them.
	engines *engine.Finder
}

// nvidiaLimit is how long the one question to nvidia-smi may take.
const nvidiaLimit = 20 * time.Second

func newFactSource(root, dir string, groups *cgroup.Driver) *factSource {
	f := &factSource{root: root, dir: dir, cgroup: groups.Kind, limits: launch.Isolation(groups.Worth(), os.Geteuid() == 0)}
	if _, err := os.Stat(root + "/proc/driver/nvidia/gpus"); err == nil {
		go f.askNvidia()
	}
	return f
}

// askNvidia asks once per start: the driver's /proc does not tell the memory, and nvidia-smi wakes sleeping cards.
func (f *factSource) askNvidia() {
	ctx, cancel := context.WithTimeout(context.Background(), nvidiaLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits").Output()
	if err != nil {
		return // not installed: the memory stays unknown
	}
	list := parseMib(string(out))
	f.mu.Lock()
	f.nvidia = list
	f.mu.Unlock()
}

// parseMib reads a number on each line; what is none is 0.
func parseMib(text string) []int64 {
	var list []int64
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		n, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64) // "[N/A]" is 0
		list = append(list, n)
	}
	return list
}

func (f *factSource) read() wire.Facts {
	host := sysinfo.ThisHost()
	host.Cgroup, host.Boot = f.cgroup, boot.Kind(f.dir)
	f.mu.Lock()
	host.NvidiaMem = f.nvidia
	f.mu.Unlock()
	facts := sysinfo.ReadFacts(sysinfo.Files(f.root), host)
	limits := f.limits
	if len(facts.Gpus) == 0 {
		limits.GPU = "none"
	}
	facts.Isolation = &limits
	if f.engines != nil {
		facts.Engines = f.engines.Known()
	}
	f.mu.Lock()
	f.facts, f.known = facts, true
	f.mu.Unlock()
	return facts
}

// last is what was read last.
func (f *factSource) last() wire.Facts {
	f.mu.Lock()
	known, facts := f.known, f.facts
	f.mu.Unlock()
	if known {
		return facts
	}
	return f.read()
}

// diskMib is the size of the file system that holds the state folder.
func diskMib(dir string) int64 {
	room, err := disk.RoomOf(dir)
	if err != nil {
		return 0
	}
	return room.TotalBytes >> 20
}

func freeMib(dir string) (int64, bool) {
	room, err := disk.RoomOf(dir)
	return room.FreeBytes >> 20, err == nil
}
