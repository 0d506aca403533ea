package agent

import (
	"os"
	"sync"
	"syscall"

	"mesolite/agent/internal/boot"
	"mesolite/agent/internal/sysinfo"
	"mesolite/agent/internal/wire"
)

// factSource reads the facts; it may be used from any goroutine.
type factSource struct {
	root   string
	dir    string
	cgroup string
	mu     sync.Mutex
	facts  wire.Facts
	known  bool
}

func newFactSource(root, dir, cgroup string) *factSource {
	return &factSource{root: root, dir: dir, cgroup: cgroup}
}

func (f *factSource) read() wire.Facts {
	host := sysinfo.ThisHost()
	host.Cgroup, host.Boot = f.cgroup, boot.Kind(f.dir)
	facts := sysinfo.ReadFacts(os.DirFS(f.root+"/"), host)
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
	total, _, ok := sysinfo.StatfsUnder("")(dir)
	if !ok {
		return 0
	}
	return int64(total >> 20)
}

func freeMib(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize) >> 20, true
}
