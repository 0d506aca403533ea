package logs

import "sync"

// scribe writes the small files beside the logs, in order, so that nobody else waits for the disk.
type scribe struct {
	jobs  chan func()
	over  chan struct{}
	mu    sync.Mutex
	ended bool
}

const scribeQueue = 1024

func (s *scribe) begin() {
	s.jobs, s.over = make(chan func(), scribeQueue), make(chan struct{})
	go func() {
		defer close(s.over)
		for job := range s.jobs {
			job()
		}
	}()
}

// do queues a job. False: the disk has not kept up for long, so it is left out.
func (s *scribe) do(job func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	select {
	case s.jobs <- job:
		return true
	default:
		return false
	}
}

// end waits until all is written.
func (s *scribe) end() {
	s.mu.Lock()
	already := s.ended
	s.ended = true
	s.mu.Unlock()
	if !already {
		close(s.jobs)
	}
	<-s.over
}
