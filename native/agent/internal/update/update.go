// Package update is the schedule of status updates that nobody acknowledged yet: at least once, in order for each
// task (only its oldest is out), sent again after 10 s, 20 s and so on to 10 min. Pure: time comes in as ms, what is
// to be sent goes out. Where updates are kept on disk is the business of package task.
package update

import "sort"

// Bounds of the wait before an update is sent again.
const (
	FirstRetryMs = 10_000
	MaxRetryMs   = 600_000
)

type entry struct {
	order   int64 // of arrival: oldest first
	waitMs  int64
	dueMs   int64
	uuid    string
	waiting bool // sent, not acknowledged
}

// Schedule knows for each task the head of its queue.
type Schedule struct {
	heads map[string]*entry
	order int64
	// soonestMs is at most the earliest due time: before it nothing needs to be looked at.
	soonestMs int64
}

// NewSchedule is empty.
func NewSchedule() *Schedule { return &Schedule{heads: map[string]*entry{}} }

// Head sets the update that is to be sent for a task; a new uuid is due at once. An empty uuid ends the entry.
func (s *Schedule) Head(taskID, uuid string, nowMs int64) {
	if uuid == "" {
		delete(s.heads, taskID)
		return
	}
	if e, ok := s.heads[taskID]; ok && e.uuid == uuid {
		return
	}
	s.order++
	s.heads[taskID] = &entry{order: s.order, uuid: uuid, dueMs: nowMs}
	if nowMs < s.soonestMs {
		s.soonestMs = nowMs
	}
}

// Reset makes everything due now: a master has come.
func (s *Schedule) Reset(nowMs int64) {
	for _, e := range s.heads {
		e.waiting, e.waitMs, e.dueMs = false, 0, nowMs
	}
	s.soonestMs = nowMs
}

// Due takes the tasks whose head is to be sent now, oldest first, and plans the next time.
func (s *Schedule) Due(nowMs int64) []string {
	if nowMs < s.soonestMs {
		return nil
	}
	var due []string
	s.soonestMs = nowMs + FirstRetryMs
	for task, e := range s.heads {
		if e.dueMs > nowMs {
			if e.dueMs < s.soonestMs {
				s.soonestMs = e.dueMs
			}
			continue
		}
		due = append(due, task)
	}
	sort.Slice(due, func(a, b int) bool { return s.heads[due[a]].order < s.heads[due[b]].order })
	for _, task := range due {
		e := s.heads[task]
		switch {
		case !e.waiting:
			e.waitMs = FirstRetryMs
		case e.waitMs < MaxRetryMs:
			e.waitMs *= 2
		}
		if e.waitMs > MaxRetryMs {
			e.waitMs = MaxRetryMs
		}
		e.waiting, e.dueMs = true, nowMs+e.waitMs
	}
	return due
}

// NextMs is a time before which nothing is due; false when there is nothing at all.
func (s *Schedule) NextMs() (int64, bool) {
	return s.soonestMs, len(s.heads) > 0
}

// Len is the number of tasks with an update to be acknowledged.
func (s *Schedule) Len() int { return len(s.heads) }
