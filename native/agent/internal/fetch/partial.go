package fetch

import (
	"os"
	"syscall"

	"mesolite/agent/internal/spool"
)

// Partial is the one writer of an artifact that is not complete yet.
type Partial struct {
	File  *os.File
	Size  int64 // what an earlier writer has left
	cache *Cache
	hash  string
}

// Claim makes the caller the one writer of an artifact. Others wait for it with Await.
func (c *Cache) Claim(hash string) (*Partial, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writers[hash] {
		return nil, ErrBusy
	}
	file, err := os.OpenFile(c.path(hash)+partSuffix, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // the first error tells more
		return nil, err
	}
	c.writers[hash] = true
	return &Partial{File: file, Size: info.Size(), cache: c, hash: hash}, nil
}

// Await waits until nobody writes an artifact, or the time is over.
func (c *Cache) Await(hash string, done <-chan struct{}) {
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-done:
			c.mu.Lock()
			c.freed.Broadcast()
			c.mu.Unlock()
		case <-stop:
		}
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writers[hash] {
		select {
		case <-done:
			return
		default:
		}
		c.freed.Wait()
	}
}

// Fit makes the part begin anew when it is longer than the whole shall be.
func (p *Partial) Fit(sizeBytes int64) error {
	if p.Size <= sizeBytes {
		return nil
	}
	p.Size = 0
	return p.File.Truncate(0)
}

// Leave ends the writing; the next writer goes on from there.
func (p *Partial) Leave() {
	if info, err := p.File.Stat(); err == nil && info.Size() == 0 && info.Sys().(*syscall.Stat_t).Nlink > 0 {
		_ = os.Remove(p.cache.path(p.hash) + partSuffix) // there is nothing to go on from
	}
	_ = p.File.Close() // nothing is promised of a part
	p.release()
}

// Drop ends the writing and takes the part away.
func (p *Partial) Drop() {
	_ = p.File.Close()                               // it goes
	_ = os.Remove(p.cache.path(p.hash) + partSuffix) // best effort: the next writer's hash will not fit
	p.release()
}

func (p *Partial) release() {
	c := p.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.writers, p.hash)
	c.freed.Broadcast()
	c.trim()
}

// Commit makes the part an artifact. Its bytes were checked by the caller. On disk before it is known.
func (p *Partial) Commit() error {
	info, err := p.File.Stat()
	if err == nil {
		err = p.File.Sync()
	}
	if err != nil {
		p.Leave()
		return err
	}
	c := p.cache
	if err := os.Rename(c.path(p.hash)+partSuffix, c.path(p.hash)); err != nil {
		p.Leave()
		return err
	}
	if err := spool.SyncFolder(c.dir); err != nil {
		p.Leave()
		return err
	}
	c.mu.Lock()
	e := c.entries[p.hash]
	if e == nil {
		e = &entry{}
		c.entries[p.hash] = e
	}
	e.size = info.Size()
	c.touch(p.hash, e)
	c.mu.Unlock()
	p.Leave()
	return nil
}
