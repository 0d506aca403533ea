// Package fetch brings artifacts to a task: a cache by hash, uploads into it, downloads, and what is unpacked or
// placed in the sandbox. Downloading and unpacking are errands: they happen in a child, the latter as the task's user.
// It may import beneath, disk, errand, spool and wire.
package fetch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"mesolite/agent/internal/disk"
	"mesolite/agent/internal/wire"
)

const (
	partSuffix = ".part"
	// graceTime keeps what was just put or asked for: the launch that needs it is about to come.
	graceTime = 10 * time.Minute
	// What broke off waits so long for its rest, and only so many do.
	partAge  = 24 * time.Hour
	maxParts = 16
	// reserveShare of a disk is the most that is kept free.
	reserveShare = 20
)

// ErrBusy: somebody else writes this artifact.
var ErrBusy = errors.New("this artifact is being written")

type entry struct {
	size int64
	used time.Time
	keep time.Time // not evicted before
	pins int
}

// Cache is DIR/cache: files named by their SHA-256, complete and checked, and `.part` files that are not. Safe for use
// from any goroutine.
type Cache struct {
	dir string
	// reserve of the disk, in bytes, is never filled by artifacts.
	reserve int64
	now     func() time.Time

	mu      sync.Mutex
	cap     int64
	entries map[string]*entry
	writers map[string]bool
	freed   sync.Cond // a writer has gone
	trimAt  *time.Timer
}

// OpenCache looks what is there.
func OpenCache(dir string, capMib, reserveBytes int64) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	c := &Cache{dir: dir, cap: capMib << 20, reserve: reserveBytes, now: time.Now, entries: map[string]*entry{}, writers: map[string]bool{}}
	c.freed.L = &c.mu
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read cache: %w", err)
	}
	for _, name := range names {
		info, err := name.Info()
		switch {
		case err != nil || strings.HasSuffix(name.Name(), partSuffix):
		case wire.ValidSHA256(name.Name()) && info.Mode().IsRegular():
			c.entries[name.Name()] = &entry{size: info.Size(), used: info.ModTime()}
		default:
			_ = os.RemoveAll(filepath.Join(dir, name.Name())) // not ours to keep: the folder is a cache
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trimLater(graceTime) // not now: the tasks that need some of it are only found again
	return c, nil
}

func (c *Cache) path(hash string) string { return filepath.Join(c.dir, hash) }

// SetCap changes the size of the cache.
func (c *Cache) SetCap(mib int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cap = mib << 20
	c.trim()
}

// CapBytes is the size it may have.
func (c *Cache) CapBytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cap
}

// Find gives those of the hashes that are there, and keeps them for the launch that follows.
func (c *Cache) Find(hashes []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	present := []string{}
	for _, hash := range hashes {
		if e := c.entries[hash]; e != nil {
			c.touch(hash, e)
			present = append(present, hash)
		}
	}
	return present
}

func (c *Cache) touch(hash string, e *entry) {
	e.used = c.now()
	e.keep = e.used.Add(graceTime)
	_ = os.Chtimes(c.path(hash), e.used, e.used) // only the order of eviction after a restart
}

// Pin keeps an artifact until it is released; false: it is not there.
func (c *Cache) Pin(hash string) (release func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[hash]
	if e == nil {
		return nil, false
	}
	c.touch(hash, e)
	e.pins++
	var once sync.Once
	return func() {
		once.Do(func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			e.pins--
			e.keep = time.Time{} // it has served
			c.trim()
		})
	}, true
}

// Open opens a complete artifact for reading.
func (c *Cache) Open(hash string) (*os.File, error) { return os.Open(c.path(hash)) }

// Drop takes an artifact out, as its bytes are not what they should be.
func (c *Cache) Drop(hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, hash)
	_ = os.Remove(c.path(hash)) // best effort: it is fetched anew
}

// RoomBytes is what may still be written to the disk of the cache.
func (c *Cache) RoomBytes() int64 {
	has, err := disk.RoomOf(c.dir)
	if err != nil {
		return 1 << 62 // the write itself will tell
	}
	reserve := c.reserve
	if share := has.TotalBytes / reserveShare; share < reserve {
		reserve = share // a small disk
	}
	room := has.FreeBytes - reserve
	if room < 0 {
		return 0
	}
	return room
}

// trim evicts the least recently used until the cap holds. What is pinned or just came stays, so the cap may be
// exceeded for a while.
func (c *Cache) trim() {
	parts := c.trimParts()
	var total int64
	for _, size := range parts {
		total += size
	}
	var order []string
	now := c.now()
	next := time.Time{}
	for hash, e := range c.entries {
		total += e.size
		if e.pins > 0 {
			continue
		}
		if e.keep.After(now) {
			if next.IsZero() || e.keep.Before(next) {
				next = e.keep
			}
			continue
		}
		order = append(order, hash)
	}
	sort.Slice(order, func(i, j int) bool { return c.entries[order[i]].used.Before(c.entries[order[j]].used) })
	for _, hash := range order {
		if total <= c.cap {
			return
		}
		if err := os.Remove(c.path(hash)); err != nil && !errors.Is(err, os.ErrNotExist) {
			continue
		}
		total -= c.entries[hash].size
		delete(c.entries, hash)
	}
	if total > c.cap && !next.IsZero() {
		c.trimLater(next.Sub(now))
	}
}

// MakeRoom evicts until so much may be written to the disk, or nothing more can be evicted; false: it cannot.
func (c *Cache) MakeRoom(bytes int64) bool {
	if c.RoomBytes() >= bytes {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.RoomBytes() < bytes {
		oldest := ""
		for hash, e := range c.entries {
			if e.pins == 0 && !e.keep.After(c.now()) && (oldest == "" || e.used.Before(c.entries[oldest].used)) {
				oldest = hash
			}
		}
		if oldest == "" || os.Remove(c.path(oldest)) != nil {
			return false
		}
		delete(c.entries, oldest)
	}
	return true
}

// evictable is how much MakeRoom could give.
func (c *Cache) evictable() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var bytes int64
	for _, e := range c.entries {
		if e.pins == 0 && !e.keep.After(c.now()) {
			bytes += e.size
		}
	}
	return bytes
}

func (c *Cache) trimLater(wait time.Duration) {
	if c.trimAt != nil {
		c.trimAt.Stop()
	}
	c.trimAt = time.AfterFunc(wait+time.Second, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.trim()
	})
}

// trimParts removes old and surplus parts that nobody writes, and gives the sizes of those that stay.
func (c *Cache) trimParts() []int64 {
	names, err := os.ReadDir(c.dir)
	if err != nil {
		return nil
	}
	type part struct {
		name string
		size int64
		at   time.Time
	}
	var idle []part
	var sizes []int64
	for _, name := range names {
		info, err := name.Info()
		if err != nil || !strings.HasSuffix(name.Name(), partSuffix) {
			continue
		}
		if c.writers[strings.TrimSuffix(name.Name(), partSuffix)] {
			sizes = append(sizes, info.Size())
			continue
		}
		idle = append(idle, part{name.Name(), info.Size(), info.ModTime()})
	}
	sort.Slice(idle, func(i, j int) bool { return idle[i].at.After(idle[j].at) })
	for i, p := range idle {
		if i >= maxParts || c.now().Sub(p.at) > partAge {
			_ = os.Remove(filepath.Join(c.dir, p.name)) // best effort
			continue
		}
		sizes = append(sizes, p.size)
	}
	return sizes
}
