package logs

import (
	"runtime"
	"sync"
	"time"
)

const (
	// Several logs at full speed are cut side by side: each cut waits for the write that its own task is in.
	maxCutters  = 4
	cutterIdles = 5 * time.Second
)

// cutters are threads that come when they are needed and go when they are not.
type cutters struct {
	mu    sync.Mutex
	free  int
	all   int
	jobs  chan func()
	under sync.WaitGroup
}

// give hands a job to a thread of its own. False: all are busy.
func (c *cutters) give(job func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.jobs == nil {
		c.jobs = make(chan func(), maxCutters)
	}
	switch {
	case c.free > 0:
		c.free--
	case c.all < maxCutters:
		c.all++
		go c.work()
	default:
		return false
	}
	c.under.Add(1)
	c.jobs <- job
	return true
}

func (c *cutters) work() {
	// Never unlocked: the thread ends with this goroutine, and with it its place before the tasks.
	runtime.LockOSThread()
	hurry()
	idle := time.NewTimer(cutterIdles)
	defer idle.Stop()
	for {
		select {
		case job := <-c.jobs:
			job()
			c.under.Done()
			c.mu.Lock()
			c.free++
			c.mu.Unlock()
			idle.Reset(cutterIdles)
		case <-idle.C:
			c.mu.Lock()
			if c.free == 0 { // a job is just coming
				c.mu.Unlock()
				idle.Reset(cutterIdles)
				continue
			}
			c.free--
			c.all--
			c.mu.Unlock()
			return
		}
	}
}
