package container

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAPumpWhoseFolderIsGoneGoesToo(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(pumpFolder(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "tasks", "t-1", "c0")
	if err := os.MkdirAll(filepath.Join(folder, "io"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, side := range sides {
		if err := makeFifo(filepath.Join(folder, "io", side[0]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- RunPump(dir) }()
	r := &rig{t: t}
	r.eventually("it has the run", func() bool {
		sayPump(dir, "+ "+folder+"\n")
		_, err := os.Lstat(filepath.Join(folder, pumpedFile))
		return err == nil
	})
	// It was told of the run more than once, and may be writing of it while its folder goes.
	r.eventually("the folders are gone", func() bool {
		return os.RemoveAll(filepath.Join(dir, "tasks")) == nil && os.RemoveAll(pumpFolder(dir)) == nil
	})
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("it carries on for nobody")
	}
}

func TestThePumpCarriesOnAfterAFullPipeAndIsGoneWhenNothingIsLeft(t *testing.T) {
	r := newRig(t)
	r.Start(task("t-1"), 0)
	r.started()
	big := strings.Repeat("0123456789abcdef", 40_000) // ten times what a fifo holds
	r.fake.get(name1).say(t, big)
	r.fake.end(name1, 0)
	r.exit()
	if log, _ := os.ReadFile(filepath.Join(r.Dir, "tasks", "t-1", "stdout")); string(log) != big {
		t.Errorf("%d bytes of %d", len(log), len(big))
	}
	r.Acknowledge("t-1", 0)
	r.Close(false)
	r.eventually("the pump is gone", func() bool {
		lock, err := os.Open(pumpLock(r.Dir))
		if err != nil {
			return false
		}
		defer func() { _ = lock.Close() }()
		return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	})
}
