package agent

import (
	"sync"

	"mesolite/agent/internal/task"
)

// startQueue hands tasks to the starters; it never makes the loop wait.
type startQueue struct {
	mu   sync.Mutex
	list []task.Start
	wake chan struct{}
}

func (q *startQueue) put(start task.Start) {
	q.mu.Lock()
	q.list = append(q.list, start)
	q.mu.Unlock()
	q.poke()
}

func (q *startQueue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *startQueue) take() (task.Start, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return task.Start{}, false
	}
	start := q.list[0]
	q.list = q.list[1:]
	if len(q.list) > 0 {
		q.poke()
	}
	return start, true
}

func (a *Agent) startLoop() {
	for {
		select {
		case <-a.queue.wake:
		case <-a.done:
			return
		}
		for {
			start, ok := a.queue.take()
			if !ok {
				break
			}
			a.logs.Begin(start.Info.TaskID, start.Info.LogMib) // before it can write
			a.runnerOf(&start.Info).Start(start.Info, start.Run)
		}
	}
}
