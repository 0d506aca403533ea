package agent

import (
	"sync"

	"mesolite/agent/internal/wire"
)

// startQueue hands tasks to the starters; it never makes the loop wait.
type startQueue struct {
	mu   sync.Mutex
	list []wire.TaskInfo
	wake chan struct{}
}

func (q *startQueue) put(info wire.TaskInfo) {
	q.mu.Lock()
	q.list = append(q.list, info)
	q.mu.Unlock()
	q.poke()
}

func (q *startQueue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *startQueue) take() (wire.TaskInfo, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return wire.TaskInfo{}, false
	}
	info := q.list[0]
	q.list = q.list[1:]
	if len(q.list) > 0 {
		q.poke()
	}
	return info, true
}

func (a *Agent) startLoop() {
	for {
		select {
		case <-a.queue.wake:
		case <-a.done:
			return
		}
		for {
			info, ok := a.queue.take()
			if !ok {
				break
			}
			a.launcher.Start(info)
		}
	}
}
