package fetch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"
)

func hashed(n int) string { return fmt.Sprintf("%064x", n) }

// cacheOf opens a cache of so many MiB whose clock stands until it is moved.
func cacheOf(t *testing.T, dir string, capMib int64) (*Cache, *time.Time) {
	t.Helper()
	c, err := OpenCache(dir, capMib, 0)
	must(t, err)
	now := time.Unix(1_800_000_000, 0)
	c.now = func() time.Time { return now }
	t.Cleanup(func() { c.trimAt.Stop() })
	return c, &now
}

func put(t *testing.T, c *Cache, n, mib int) {
	t.Helper()
	part, err := c.Claim(hashed(n))
	must(t, err)
	must(t, part.File.Truncate(int64(mib)<<20))
	must(t, part.Commit())
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, strings.TrimLeft(e.Name(), "0"))
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

func TestTheLeastRecentlyUsedGoesAndNeverWhatALaunchNeeds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c, now := cacheOf(t, dir, 10)
	for n := 1; n <= 3; n++ {
		put(t, c, n, 3)
		*now = now.Add(time.Minute)
	}
	release, ok := c.Pin(hashed(1))
	if !ok {
		t.Fatal("1 is not there")
	}
	put(t, c, 4, 3) // 12 MiB, but all of them just came or are needed
	if got := names(t, dir); got != "1 2 3 4" {
		t.Errorf("what a launch may need was evicted: %s", got)
	}
	*now = now.Add(graceTime)
	if present := c.Find([]string{hashed(2), hashed(9)}); len(present) != 1 {
		t.Errorf("present: %v", present)
	}
	c.SetCap(8)
	if got := names(t, dir); got != "1 2" {
		t.Errorf("want the pinned and the one just asked for: %s", got)
	}
	*now = now.Add(2 * graceTime)
	c.SetCap(5)
	if got := names(t, dir); got != "1" {
		t.Errorf("the pinned stays, though it is the oldest: %s", got)
	}
	c.SetCap(1)
	if got := names(t, dir); got != "1" {
		t.Errorf("the pinned is gone: %s", got)
	}
	release()
	release()
	if got := names(t, dir); got != "" {
		t.Errorf("it has served: %s", got)
	}
}

func TestTheOrderOfUseOutlivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c, now := cacheOf(t, dir, 10)
	for n := 1; n <= 3; n++ {
		put(t, c, n, 3)
		*now = now.Add(time.Hour)
	}
	c.Find([]string{hashed(1)})
	must(t, os.WriteFile(filepath.Join(dir, "litter"), []byte("x"), 0o600))
	again, later := cacheOf(t, dir, 10)
	*later = now.Add(time.Hour)
	again.SetCap(4)
	if got := names(t, dir); got != "1" {
		t.Errorf("left: %s", got)
	}
}

func TestOneWriterAtATimeAndAPartIsGoneOnFrom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c, now := cacheOf(t, dir, 100)
	*now = time.Now()
	part, err := c.Claim(hashed(1))
	must(t, err)
	if _, err := c.Claim(hashed(1)); !errors.Is(err, ErrBusy) {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := part.File.WriteString("half"); err != nil {
		t.Fatal(err)
	}
	waited := make(chan struct{})
	go func() { c.Await(hashed(1), nil); close(waited) }()
	part.Leave()
	<-waited
	part, err = c.Claim(hashed(1))
	must(t, err)
	if part.Size != 4 {
		t.Errorf("part of %d bytes", part.Size)
	}
	part.Drop()
	if got := names(t, dir); got != "" {
		t.Errorf("left: %s", got)
	}
	part, err = c.Claim(hashed(2))
	must(t, err)
	part.Leave()
	if got := names(t, dir); got != "" {
		t.Errorf("an empty part stays: %s", got)
	}
}

func TestPartsAreBoundedInAgeAndNumber(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c, now := cacheOf(t, dir, 100)
	*now = time.Now()
	for n := 1; n <= maxParts+4; n++ {
		path := filepath.Join(dir, hashed(n)+partSuffix)
		must(t, os.WriteFile(path, []byte("x"), 0o600))
		at := now.Add(-time.Duration(n) * time.Minute)
		must(t, os.Chtimes(path, at, at))
	}
	c.SetCap(100)
	if left := len(strings.Fields(names(t, dir))); left != maxParts {
		t.Errorf("%d parts stay", left)
	}
	*now = now.Add(partAge)
	c.SetCap(100)
	if got := names(t, dir); got != "" {
		t.Errorf("old parts stay: %s", got)
	}
}

func TestRoomIsMadeOnAFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c, now := cacheOf(t, dir, 1<<20)
	put(t, c, 1, 1)
	if !c.MakeRoom(0) {
		t.Error("nothing needs no room")
	}
	const moreThanAnyDisk = 1 << 60
	if c.MakeRoom(moreThanAnyDisk) || names(t, dir) != "1" {
		t.Error("what just came was evicted")
	}
	*now = now.Add(2 * graceTime)
	if c.MakeRoom(moreThanAnyDisk) || names(t, dir) != "" {
		t.Error("room was found, or nothing was evicted for it")
	}
}
