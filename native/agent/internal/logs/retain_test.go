package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"mesolite/agent/internal/wire"
)

func TestTheTotalTakesTheOldestEndedFirstAndTheLastFailureLast(t *testing.T) {
	keeping := wire.Keeping{LogMibPerTask: 16, LogMibTotal: 32, KeepDays: 0, CacheMib: 16}
	p := newPlace(t, keeping)
	end := func(id, name string, at int64, failed bool) {
		out := p.task(id)
		p.keeper.Begin(id, 0)
		_, err := out.Write(bytes.Repeat([]byte("0123456789abcde\n"), 13<<15))
		must(t, err)
		p.keeper.End(Ended{ID: id, Name: name, EndedAtMs: at, Failed: failed})
	}
	there := func(id string) bool { return diskUse(p.path(id, "stdout")) > 0 }
	end("t-1", "a", 1, true)
	end("t-2", "a", 2, true)
	end("t-3", "a", 3, false)
	end("t-4", "a", 4, false)
	eventually(t, "all is known", func() bool { return p.keeper.total.Load() >= 26<<20 })
	if !there("t-1") {
		t.Fatal("removed too early")
	}
	end("t-5", "a", 5, false) // 32.5 MiB are too much
	eventually(t, "the oldest is gone", func() bool { return !there("t-1") })
	end("t-6", "a", 6, false)
	eventually(t, "the next is gone", func() bool { return !there("t-3") })
	if !there("t-2") {
		t.Error("the last failure went before others")
	}
	_, err := p.keeper.Open("t-3", "stdout")
	if !errors.Is(err, ErrRemoved) || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("%v", err)
	}
	p.keeper.Configure(wire.Keeping{LogMibPerTask: 8, LogMibTotal: 4, CacheMib: 16})
	eventually(t, "even the last failure goes when nothing else is left", func() bool { return !there("t-2") })
}

func TestRunningTasksTogetherStayWithinTheTotal(t *testing.T) {
	p := newPlace(t, wire.Keeping{LogMibPerTask: 64, LogMibTotal: 32, CacheMib: 16})
	var files []*os.File
	for i := 0; i < 4; i++ {
		id := fmt.Sprintf("t-%d", i)
		files = append(files, p.task(id))
		p.keeper.Begin(id, 0)
	}
	sum := func() (sum int64) {
		for i := range files {
			sum += diskUse(p.path(fmt.Sprintf("t-%d", i), "stdout"))
		}
		return sum
	}
	for round := 0; round < 64; round++ {
		for _, file := range files {
			_, err := file.Write(bytes.Repeat([]byte("0123456789abcde\n"), 1<<16/4))
			must(t, err)
		}
		eventually(t, "within the total", func() bool { return sum() <= 33<<20 })
	}
	if sum() < 8<<20 {
		t.Errorf("only %d bytes are kept", sum())
	}
}

func TestFilesOfEndedTasksGoByAge(t *testing.T) {
	p := newPlace(t, wire.Keeping{LogMibPerTask: 8, LogMibTotal: 32, KeepDays: 3, CacheMib: 16})
	day := int64(dayMs)
	for id, e := range map[string]Ended{
		"t-old":     {Name: "a", EndedAtMs: p.nowMs - 4*day},
		"t-young":   {Name: "a", EndedAtMs: p.nowMs - 2*day},
		"t-failed1": {Name: "b", EndedAtMs: p.nowMs - 9*day, Failed: true},
		"t-failed2": {Name: "b", EndedAtMs: p.nowMs - 8*day, Failed: true},
	} {
		out := p.task(id)
		_, err := io.WriteString(out, "words\n")
		must(t, err)
		must(t, os.WriteFile(p.path(id, "sandbox/file"), []byte("x"), 0o600))
		e.ID = id
		p.keeper.Known(e)
	}
	p.keeper.Sweep()
	gone := func(id string) bool {
		_, log := os.Stat(p.path(id, "stdout"))
		_, box := os.Stat(p.path(id, "sandbox"))
		return os.IsNotExist(log) && os.IsNotExist(box)
	}
	eventually(t, "the old ones are gone", func() bool { return gone("t-old") && gone("t-failed1") })
	if gone("t-young") || gone("t-failed2") {
		t.Error("too much went")
	}
	if _, err := p.keeper.Open("t-old", "stdout"); !errors.Is(err, ErrRemoved) || !strings.Contains(err.Error(), "3 days") {
		t.Errorf("%v", err)
	}
}
