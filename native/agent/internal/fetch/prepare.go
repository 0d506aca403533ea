package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mesolite/agent/internal/errand"
	"mesolite/agent/internal/wire"
)

const (
	// markerName says in a task's folder that all its artifacts are in its sandbox.
	markerName = "prepared"
	// preparers work at a time; the others wait.
	preparers = 4
	maxWhat   = 512
)

// Home is where a task's artifacts go.
type Home struct {
	Dir    string // the task's folder; `sandbox` is in it
	BootID string
	As     *errand.Who
}

// Progress tells of what is being done; total nil: nobody knows.
type Progress func(phase, what string, done int64, total *int64)

// Preparer puts artifacts into sandboxes.
type Preparer struct {
	cache *Cache
	exe   string
	slots chan struct{}

	mu    sync.Mutex
	tasks map[string]chan struct{}
}

// NewPreparer uses our own program for the errands.
func NewPreparer(cache *Cache, exe string) *Preparer {
	return &Preparer{cache: cache, exe: exe, slots: make(chan struct{}, preparers), tasks: map[string]chan struct{}{}}
}

// IsPrepared tells whether all artifacts of a task are in its sandbox, by the word of an agent of the same boot: what
// was written before a power cut may be torn.
func IsPrepared(dir, bootID string) bool {
	data, err := os.ReadFile(filepath.Join(dir, markerName))
	return err == nil && string(data) == bootID+"\n"
}

// Prepare puts all artifacts of a task into its sandbox, which makeHome makes empty. A failure is in words for people.
// Only one at a time works for a task: one that was abandoned may still be about to notice.
func (p *Preparer) Prepare(ctx context.Context, info wire.TaskInfo, makeHome func() (Home, error), progress Progress) error {
	defer p.alone(info.TaskID)()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	home, err := makeHome()
	if err != nil {
		return err
	}
	sandbox, err := os.Open(filepath.Join(home.Dir, "sandbox"))
	if err != nil {
		return err
	}
	defer func() { _ = sandbox.Close() }()
	calm := calmly(progress)
	for _, artifact := range info.Artifacts {
		one := &bringing{p: p, ctx: ctx, artifact: artifact, home: home, sandbox: sandbox, progress: calm, diskMib: info.Resources.DiskMib}
		if err := one.bring(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
	}
	// A task that may run again after a power cut shall find whole files then. It takes as long as the whole file system
	// needs, so others do not wait for it.
	if again := info.Restart; again != nil && again.On != wire.RestartNever {
		if err := syncAll(sandbox); err != nil {
			return fmt.Errorf("keep the artifacts: %w", onDisk(err))
		}
	}
	return os.WriteFile(filepath.Join(home.Dir, markerName), []byte(home.BootID+"\n"), 0o600)
}

// alone waits for whoever works for the same task.
func (p *Preparer) alone(taskID string) (done func()) {
	over := make(chan struct{})
	for {
		p.mu.Lock()
		other := p.tasks[taskID]
		if other == nil {
			p.tasks[taskID] = over
			p.mu.Unlock()
			break
		}
		p.mu.Unlock()
		<-other
	}
	return func() {
		p.mu.Lock()
		delete(p.tasks, taskID)
		p.mu.Unlock()
		close(over)
	}
}

// calmly lets through four a second.
func calmly(progress Progress) Progress {
	var mu sync.Mutex
	var last time.Time
	return func(phase, what string, done int64, total *int64) {
		mu.Lock()
		now := time.Now()
		skip := now.Sub(last) < progressEvery
		if !skip {
			last = now
		}
		mu.Unlock()
		if !skip {
			progress(phase, what, done, total)
		}
	}
}

// bringing is one artifact on its way.
type bringing struct {
	p        *Preparer
	ctx      context.Context
	artifact wire.Artifact
	home     Home
	sandbox  *os.File
	progress Progress
	diskMib  int64
}

// label names an artifact for people, without a password in its address.
func (b *bringing) label() string {
	if b.artifact.URL == nil {
		return fmt.Sprintf("%s (uploaded, %.12s…)", b.artifact.Path, *b.artifact.SHA256)
	}
	if u, err := url.Parse(*b.artifact.URL); err == nil {
		return u.Redacted()
	}
	return *b.artifact.URL
}

func (b *bringing) bring() error {
	if b.artifact.SHA256 == nil && !b.artifact.Extract {
		return b.into()
	}
	src, done, err := b.source()
	if err != nil {
		return b.failed("fetch", err)
	}
	defer done()
	defer func() { _ = src.Close() }()
	if _, err := src.Seek(0, io.SeekStart); err != nil { // the child that fetched it moved it
		return b.failed("fetch", err)
	}
	if b.artifact.Extract {
		job := Unpack{Path: b.artifact.Path, MaxBytes: b.room()}
		err = b.errand(kindUnpack, job, wire.ProgressUnpack, b.home.As, src, b.sandbox)
		return b.failed("unpack", err)
	}
	job := Place{Path: b.artifact.Path, Executable: b.artifact.Executable, MaxBytes: b.room()}
	err = b.errand(kindPlace, job, wire.ProgressFetch, b.home.As, src, b.sandbox)
	return b.failed("place", err)
}

func (b *bringing) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, b.label(), err)
}

// room is what may come into the sandbox.
func (b *bringing) room() int64 {
	room := b.p.cache.RoomBytes()
	if b.diskMib > 0 && b.diskMib<<20 < room {
		room = b.diskMib << 20
	}
	return room
}

// into downloads straight into the sandbox: nothing vouches for these bytes, so nobody else shall get them.
func (b *bringing) into() error {
	job := intoJob{
		Place:    Place{Path: b.artifact.Path, Executable: b.artifact.Executable},
		Download: Download{URL: *b.artifact.URL, MaxBytes: b.room()},
	}
	return b.failed("fetch", b.errand(kindInto, job, wire.ProgressFetch, b.home.As, b.sandbox))
}

func (b *bringing) errand(kind string, job interface{}, phase string, as *errand.Who, files ...*os.File) error {
	what := cut(b.label())
	return errand.Run(b.ctx, errand.Order{Exe: b.p.exe, Kind: kind, Job: job, Files: files, As: as, Nice: 5}, func(told json.RawMessage) {
		var line progressLine
		if json.Unmarshal(told, &line) != nil {
			return
		}
		var total *int64
		if line.Total >= 0 {
			total = &line.Total
			if kind == kindFetch {
				b.p.cache.MakeRoom(line.Total - line.Done)
			}
		}
		b.progress(phase, what, line.Done, total)
	})
}

func cut(what string) string {
	if len(what) > maxWhat {
		what = what[:maxWhat]
	}
	return strings.ToValidUTF8(what, "")
}

// source gives the file of an artifact; done when it is no longer needed.
func (b *bringing) source() (file *os.File, done func(), err error) {
	if b.artifact.SHA256 == nil {
		return b.private()
	}
	hash := *b.artifact.SHA256
	for {
		if release, ok := b.p.cache.Pin(hash); ok {
			file, err := b.p.cache.Open(hash)
			if err == nil {
				return file, release, nil
			}
			release()
			b.p.cache.Drop(hash) // somebody took it away
		}
		if b.artifact.URL == nil {
			return nil, nil, errors.New("it is no longer in the cache of this machine")
		}
		part, err := b.p.cache.Claim(hash)
		if errors.Is(err, ErrBusy) {
			b.p.cache.Await(hash, b.ctx.Done()) // another task fetches it, or it is being uploaded
			if b.ctx.Err() != nil {
				return nil, nil, b.ctx.Err()
			}
			continue
		}
		if err != nil {
			return nil, nil, onDisk(err)
		}
		file, done, err := b.download(part, hash)
		if file != nil || err != nil {
			return file, done, err
		}
	}
}

// download fills a part. It becomes an artifact of the cache if it fits there (then there is no file), and is used and
// thrown away otherwise.
func (b *bringing) download(part *Partial, hash string) (*os.File, func(), error) {
	job := Download{URL: *b.artifact.URL, SHA256: hash, MaxBytes: part.Size + b.p.cache.RoomBytes() + b.p.cache.evictable()}
	if err := b.errand(kindFetch, job, wire.ProgressFetch, nil, part.File); err != nil {
		part.Leave()
		return nil, nil, err
	}
	info, err := part.File.Stat()
	if err != nil {
		part.Leave()
		return nil, nil, err
	}
	if info.Size() <= b.p.cache.CapBytes() {
		return nil, nil, onDisk(part.Commit())
	}
	file, err := os.Open(part.File.Name())
	if err != nil {
		part.Drop()
		return nil, nil, err
	}
	return file, part.Drop, nil
}

// private downloads to a file without a name.
func (b *bringing) private() (*os.File, func(), error) {
	file, err := os.CreateTemp(b.home.Dir, "fetch-")
	if err != nil {
		return nil, nil, onDisk(err)
	}
	_ = os.Remove(file.Name()) // it lives as long as it is open
	job := Download{URL: *b.artifact.URL, MaxBytes: b.p.cache.RoomBytes()}
	if err := b.errand(kindFetch, job, wire.ProgressFetch, nil, file); err != nil {
		_ = file.Close() // it goes
		return nil, nil, err
	}
	return file, func() {}, nil
}
