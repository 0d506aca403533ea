package agent

import (
	"fmt"
	"sync"
	"time"

	"mesolite/agent/internal/disk"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

const (
	// diskEvery is the pause between two looks at the disk of the tasks that have a limit.
	diskEvery = 2 * time.Second
	// A task is measured anew at least this often; sooner when its file system filled by half of what the task has left.
	diskAtMost = 16 * time.Second
)

// diskWatch ends tasks whose sandbox and logs take more than they asked for. It has a goroutine only while there is
// such a task.
type diskWatch struct {
	dirOf func(taskID string) string
	tell  func(task.Fail)
	done  <-chan struct{}

	mu      sync.Mutex
	tasks   map[string]*diskTask
	running bool
}

type diskTask struct {
	run        int
	limitBytes int64
	// What was seen last: the task's own, and how full the file system was before that.
	own, fill int64
	at        time.Time
}

// track is called by the loop whenever something happened to a task.
func (w *diskWatch) track(record *task.Record, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if record == nil || record.Phase != task.PhaseRunning || record.Parsed.Resources.DiskMib <= 0 {
		delete(w.tasks, id)
		return
	}
	if known := w.tasks[id]; known == nil || known.run != record.Run {
		w.tasks[id] = &diskTask{run: record.Run, limitBytes: record.Parsed.Resources.DiskMib << 20}
	}
	if !w.running {
		w.running = true
		go w.watch()
	}
}

func (w *diskWatch) watch() {
	for {
		for _, id := range w.list() {
			w.look(id)
		}
		select {
		case <-time.After(diskEvery):
		case <-w.done:
			return
		}
		w.mu.Lock()
		if len(w.tasks) == 0 {
			w.running = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
	}
}

func (w *diskWatch) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]string, 0, len(w.tasks))
	for id := range w.tasks {
		ids = append(ids, id)
	}
	return ids
}

func (w *diskWatch) look(id string) {
	dir := w.dirOf(id)
	room, err := disk.RoomOf(dir)
	w.mu.Lock()
	known := w.tasks[id]
	if known == nil || err != nil || !known.isDue(room.UsedBytes, time.Now()) {
		w.mu.Unlock()
		return
	}
	limit, run := known.limitBytes, known.run
	w.mu.Unlock()
	own, ok := disk.Use(dir, 0, w.done)
	if !ok {
		return
	}
	w.mu.Lock()
	known.own, known.fill, known.at = own, room.UsedBytes, time.Now()
	w.mu.Unlock()
	if own > limit {
		w.tell(task.Fail{TaskID: id, Run: run, Reason: wire.ReasonDiskLimit, Final: true, Words: diskWords(own, limit)})
	}
}

// isDue spares the walk while the task cannot have come far: nobody filled much of the file system since. Somebody else
// may have freed as much as the task took, so it is not spared for long.
func (t *diskTask) isDue(fill int64, now time.Time) bool {
	return t.at.IsZero() || t.own > t.limitBytes || now.Sub(t.at) >= diskAtMost || fill-t.fill > (t.limitBytes-t.own)/2
}

func diskWords(own, limit int64) string {
	return fmt.Sprintf("out of disk: its sandbox and logs used %d MiB of its limit of %d MiB", (own+1<<20-1)>>20, limit>>20)
}
