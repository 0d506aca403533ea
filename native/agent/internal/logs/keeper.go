package logs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mesolite/agent/internal/wire"
)

const mib = 1 << 20

// ErrRemoved is given for a log that was there: its words say why it is not any more.
var ErrRemoved = errors.New("the log was removed")

// Options of a Keeper.
type Options struct {
	TaskDir func(taskID string) string
	Keeping wire.Keeping
	// Freeze makes a task stand still, if it can; Thaw is called after it in any case.
	Freeze func(taskID string) bool
	Thaw   func(taskID string)
	// Cap tells the shim of a task how many bytes each of its logs may have from now on. It is not told at first: CapOf.
	Cap   func(taskID string, bytes int64)
	Line  func(format string, args ...interface{}) // into the agent's log
	NowMs func() int64
}

// Ended is a task whose files are kept for a while.
type Ended struct {
	ID        string
	Name      string
	EndedAtMs int64
	Failed    bool
}

type taskLogs struct {
	id      string
	limit   int64 // bytes of each log; 0: the setting
	capTold int64 // what its shim holds each of its logs to
	logs    []*Log
	told    atomic.Bool
	settled bool
	begun   time.Time

	still   sync.Mutex // guards what follows
	frozen  int        // who wants it to stand still
	isStill bool
}

// freeze makes the task stand still, once for all that want it.
func (t *taskLogs) freeze(o *Options) bool {
	t.still.Lock()
	defer t.still.Unlock()
	if t.frozen++; t.frozen == 1 {
		t.isStill = o.Freeze(t.id)
	}
	return t.isStill
}

func (t *taskLogs) thaw(o *Options) {
	t.still.Lock()
	defer t.still.Unlock()
	if t.frozen--; t.frozen == 0 {
		o.Thaw(t.id)
	}
}

type endedTask struct {
	Ended
	kept int64
	gone bool // its log was removed
	aged bool // its sandbox too
}

// Keeper knows the logs of all tasks. Its methods return at once; the work is done by the watcher.
type Keeper struct {
	options Options
	noHoles bool
	watcher *watcher
	scribe  scribe
	done    chan struct{}
	over    chan struct{} // the sweeper is to end
	sweep   chan struct{}
	total   atomic.Int64
	knows   atomic.Bool // of every task that had ended before: nothing is removed until then

	mu       sync.Mutex
	keeping  wire.Keeping
	live     map[string]*taskLogs
	ended    map[string]*endedTask
	squeezed int64 // 0, or the most a log may keep because all together are too much
	begun    []*taskLogs
	again    []*taskLogs
	ending   []*taskLogs
	settings bool
	closing  bool
}

// NewKeeper starts the watcher.
func NewKeeper(options Options, dir string) (*Keeper, error) {
	k := &Keeper{
		options: options, keeping: options.Keeping, live: map[string]*taskLogs{}, ended: map[string]*endedTask{},
		done: make(chan struct{}), over: make(chan struct{}), sweep: make(chan struct{}, 1), noHoles: !makesHoles(dir),
	}
	if k.noHoles {
		options.Line("logs are cut by copying: this file system makes no holes dir=%s", dir)
	}
	var err error
	if k.watcher, err = newWatcher(k); err != nil {
		return nil, err
	}
	k.scribe.begin()
	go k.watcher.run()
	go k.sweepLoop()
	return k, nil
}

// makesHoles tries it. A disk that is full tells nothing: then yes, and the first cut will find out.
func makesHoles(dir string) bool {
	file, err := os.CreateTemp(dir, "hole-")
	if err != nil {
		return true
	}
	defer func() {
		_ = file.Close() // removed
		_ = os.Remove(file.Name())
	}()
	if _, err := file.Write(make([]byte, 2*blockBytes)); err != nil {
		return true
	}
	err = punch(int(file.Fd()), 0, blockBytes)
	return !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.ENOSYS)
}

// Close ends the watcher. The tasks write on; the next agent finds their logs again.
func (k *Keeper) Close() {
	k.mu.Lock()
	already := k.closing
	k.closing = true
	k.mu.Unlock()
	if !already {
		close(k.over)
		k.watcher.ring()
	}
	<-k.done
	k.scribe.end()
}

// Begin watches the logs of a task that is started or runs. Again for one that is watched: it is looked at now.
func (k *Keeper) Begin(taskID string, logMib int64) {
	k.mu.Lock()
	if task := k.live[taskID]; task != nil {
		if shimsHold && time.Since(task.begun) < maxPause { // its first look comes anyway
			k.mu.Unlock()
			return
		}
		k.again = append(k.again, task)
		k.mu.Unlock()
		k.watcher.ring()
		return
	}
	task := &taskLogs{id: taskID, limit: logMib * mib, begun: time.Now()}
	for _, name := range FileNames {
		task.logs = append(task.logs, newLog(k.options.TaskDir(taskID), name))
	}
	k.live[taskID] = task
	delete(k.ended, taskID)
	k.begun = append(k.begun, task)
	k.mu.Unlock()
	k.watcher.nudge()
}

// End cuts the logs of a task a last time, and keeps them as the settings say.
func (k *Keeper) End(e Ended) {
	k.mu.Lock()
	task := k.live[e.ID]
	if task == nil {
		if k.ended[e.ID] == nil {
			k.ended[e.ID] = &endedTask{Ended: e}
		}
		k.mu.Unlock()
		return
	}
	delete(k.live, e.ID)
	k.ended[e.ID] = &endedTask{Ended: e}
	k.ending = append(k.ending, task)
	k.mu.Unlock()
	k.watcher.nudge()
}

// Known tells of a task that had ended before this start of the agent; KnowsAll that this was the last one.
func (k *Keeper) Known(e Ended) {
	kept, gone := int64(0), true
	for _, name := range FileNames {
		for _, suffix := range append([]string{""}, companions...) {
			var stat syscall.Stat_t
			if syscall.Stat(filepath.Join(k.options.TaskDir(e.ID), name+suffix), &stat) == nil {
				kept += stat.Blocks * 512
				gone = false
			}
		}
	}
	var stat syscall.Stat_t
	aged := syscall.Stat(filepath.Join(k.options.TaskDir(e.ID), "sandbox"), &stat) != nil
	k.mu.Lock()
	k.ended[e.ID] = &endedTask{Ended: e, kept: kept, gone: gone, aged: gone && aged}
	k.mu.Unlock()
	k.total.Add(kept)
}

// KnowsAll lets what is too old or too much be removed.
func (k *Keeper) KnowsAll() {
	k.knows.Store(true)
	k.Sweep()
}

// Forget is for a task whose folder is removed.
func (k *Keeper) Forget(taskID string) {
	k.mu.Lock()
	if e := k.ended[taskID]; e != nil {
		k.total.Add(-e.kept)
		delete(k.ended, taskID)
	}
	task := k.live[taskID]
	if task != nil {
		delete(k.live, taskID)
		k.ending = append(k.ending, task)
	}
	k.mu.Unlock()
	if task != nil {
		k.watcher.ring()
	}
}

// Configure changes what is kept.
func (k *Keeper) Configure(keeping wire.Keeping) {
	k.mu.Lock()
	k.keeping, k.settings, k.squeezed = keeping, true, 0
	k.mu.Unlock()
	k.watcher.ring()
	k.Sweep()
}

// Open gives a reader of a log, also while its task writes it.
func (k *Keeper) Open(taskID, name string) (*Reader, error) {
	k.mu.Lock()
	task := k.live[taskID]
	k.mu.Unlock()
	dir := k.options.TaskDir(taskID)
	log := newLog(dir, name)
	if task != nil {
		for i, live := range FileNames {
			if live == name {
				log = task.logs[i]
			}
		}
	}
	reader, err := log.open()
	if errors.Is(err, os.ErrNotExist) {
		if why := removedWhy(dir); why != "" {
			return nil, fmt.Errorf("%w: %s", ErrRemoved, why)
		}
	}
	return reader, err
}

// The rest is for the watcher.

func (k *Keeper) takeNews() (begun, again, ended []*taskLogs, settings, closing bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	begun, again, ended, settings = k.begun, k.again, k.ending, k.settings
	k.begun, k.again, k.ending, k.settings = nil, nil, nil, false
	return begun, again, ended, settings, k.closing
}

func (k *Keeper) hasNews() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.begun)+len(k.ending) > 0
}

func (k *Keeper) eachLive(visit func(*Log)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, task := range k.live {
		for _, log := range task.logs {
			if log.watch.task != nil { // one that the watcher has taken over
				visit(log)
			}
		}
	}
}

func (k *Keeper) grew(by int64) { k.total.Add(by) }

// settle books the logs of a task that has ended: what they keep is from now on that of an ended one.
func (k *Keeper) settle(task *taskLogs) {
	kept := int64(0)
	for _, log := range task.logs {
		kept += log.watch.kept
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.squeezed = 0
	if e := k.ended[task.id]; e != nil {
		e.kept = kept
		return
	}
	k.total.Add(-kept) // forgotten meanwhile
}

func removedWhy(dir string) string {
	data, err := os.ReadFile(filepath.Join(dir, "removed"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
