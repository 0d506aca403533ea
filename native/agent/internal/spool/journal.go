package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// Compaction starts when the file is both this large and four times what it was after the last one.
	compactBytes = 1 << 20
	// The ballast is given up when the disk is full, so that final states still find room.
	ballastBytes = 1 << 20
	retryEvery   = 500 * time.Millisecond
	// Room after the end that the file already owns: what a task frees and fills again on a full disk cannot come
	// between us and a final state, as it can with the ballast.
	reserveBytes = 256 << 10
	zeroBytes    = 64 << 10
)

var zeros [zeroBytes]byte

// ErrClosed is given for appends after Close.
var ErrClosed = errors.New("journal closed")

// Journal is one file of records: u32 length, u32 CRC-32C of the payload, payload; little endian. The first record is
// the magic. Appends are grouped: what arrives while a sync runs shares the next one, so "on disk, then announced"
// costs one fdatasync for many changes. A torn tail (length or sum wrong) ends the replay and is cut off. Zeros may
// follow the last record. It is owned by its commit goroutine; Append may be called from anywhere.
type Journal struct {
	path string
	file *os.File
	size int64
	base int64 // size that a compaction would leave: that after the last one
	room int64 // up to here the file owns its blocks

	mu      sync.Mutex
	pending []byte
	before  []byte // to be used again
	covered int    // how much of pending a waiting snapshot holds already
	after   []func()
	closed  bool
	trouble error
	wake    chan struct{}
	compact chan []byte
	asked   bool
	ask     func()
	done    chan struct{}
}

// Options of OpenJournal.
type Options struct {
	// Replay is called for each record found, in order.
	Replay func(payload []byte) error
	// Live, asked after the last record, is how many bytes of records a compaction would leave. Without it all of them
	// count, and a journal that is opened often would never be compacted.
	Live func() int64
	// AskSnapshot is called (at most once until Compact is called) when the journal has grown enough to be
	// rewritten. The owner of the state then calls Compact.
	AskSnapshot func()
}

// OpenJournal replays the file at path, cuts a torn tail, and starts the commit goroutine.
func OpenJournal(path string, options Options) (*Journal, int64, error) {
	_ = os.Remove(path + ".tmp") // a compaction that never finished
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open journal: %w", err)
	}
	size, cut, err := replay(file, options.Replay)
	room := size
	if err == nil {
		room, err = cleanTail(file, size)
	}
	j := &Journal{
		path: path, file: file, size: size, base: size, room: room, ask: options.AskSnapshot,
		wake: make(chan struct{}, 1), done: make(chan struct{}), compact: make(chan []byte, 1),
	}
	if err == nil && size == 0 {
		err = j.begin()
	} else if options.Live != nil {
		j.base = options.Live()
	}
	if err != nil {
		_ = file.Close() // the first error tells more
		return nil, 0, fmt.Errorf("open journal: %w", err)
	}
	j.makeBallast()
	go j.commitLoop()
	return j, cut, nil
}

func (j *Journal) begin() error {
	record := AppendRecord(nil, []byte(magic))
	if _, err := j.file.WriteAt(record, 0); err != nil {
		return err
	}
	j.size, j.base = int64(len(record)), int64(len(record))
	if err := j.file.Sync(); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(j.path))
}

// Append queues a record; after runs in the commit goroutine once it is durable. A nil payload is a barrier: after
// runs when everything appended before is durable.
func (j *Journal) Append(payload []byte, after func()) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if payload != nil {
		j.pending = AppendRecord(j.pending, payload)
	}
	if after != nil {
		j.after = append(j.after, after)
	}
	j.poke()
	return nil
}

func (j *Journal) poke() {
	if len(j.wake) == 0 { // with the lock held nobody else puts one there
		j.wake <- struct{}{}
	}
}

// Trouble is why the newest write did not succeed yet, or nil.
func (j *Journal) Trouble() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.trouble
}

// Compact replaces the journal by these records (AppendRecord). They must be the state after every Append so far.
func (j *Journal) Compact(records []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	j.covered = len(j.pending)
	select {
	case <-j.compact:
	default:
	}
	j.compact <- records
	j.poke()
}

// Close writes what is pending and ends.
func (j *Journal) Close() error {
	j.mu.Lock()
	already := j.closed
	j.closed = true
	j.mu.Unlock()
	if !already {
		close(j.wake)
	}
	<-j.done
	if j.room > j.size {
		_ = j.file.Truncate(j.size) // the zeros are of use to us only
	}
	return j.file.Close()
}

func (j *Journal) commitLoop() {
	defer close(j.done)
	j.reserve()
	for range j.wake {
		j.commit()
		j.reserve() // those who waited were told before
	}
	j.commit()
}

// batch is what one commit makes durable.
type batch struct {
	records  []byte
	snapshot []byte
	covered  int
	after    []func()
}

func (j *Journal) take() (b batch, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b = batch{records: j.pending, covered: j.covered, after: j.after}
	j.pending, j.before, j.covered, j.after = j.before, nil, 0, nil
	select {
	case b.snapshot = <-j.compact:
	default:
	}
	return b, j.closed
}

func (j *Journal) commit() {
	b, closed := j.take()
	hadSnapshot, records := b.snapshot != nil, b.records
	for {
		err := j.write(&b)
		j.mu.Lock()
		if j.trouble = err; err == nil && cap(records) <= zeroBytes {
			j.before = records[:0]
		}
		closed = closed || j.closed
		j.mu.Unlock()
		if err == nil {
			break
		}
		if closed {
			return // not durable: nobody is told
		}
		if os.Remove(j.ballastPath()) == nil {
			continue // at once: others want its room too
		}
		time.Sleep(retryEvery) // the only way on is that the disk gets room again; nothing is announced meanwhile
	}
	for _, f := range b.after {
		f()
	}
	if hadSnapshot {
		j.asked = false
		j.makeBallast()
	}
	if j.ask != nil && !j.asked && j.size > compactBytes && j.size > 4*j.base {
		j.asked = true
		j.ask()
	}
}

func (j *Journal) write(b *batch) error {
	if b.snapshot != nil {
		// A snapshot that finds no room is given up: the records it covers are then appended as usual.
		if err := j.rewrite(b.snapshot); err == nil {
			b.records = b.records[b.covered:]
		}
		b.snapshot = nil
	}
	if len(b.records) == 0 {
		return nil
	}
	if _, err := j.file.WriteAt(b.records, j.size); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	if err := datasync(j.file); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	j.size += int64(len(b.records))
	b.records = nil
	return nil
}

// reserve puts zeros on the disk after the end. A record then changes bytes that the file has already, and nothing
// else: its sync waits for the disk, but for no transaction of the file system, which holds what all others did there.
// A file system that never writes in place is only asked for blocks. Where that cannot be, the ballast has to do.
func (j *Journal) reserve() {
	if j.room-j.size >= reserveBytes/2 {
		return
	}
	end := j.size + reserveBytes
	if !writesInPlace(j.file) {
		if allocate(j.file, j.size, reserveBytes) == nil {
			j.room = end
		}
		return
	}
	at := j.size
	if at < j.room {
		at = j.room
	}
	for at < end {
		next := at + zeroBytes
		if next > end {
			next = end
		}
		if _, err := j.file.WriteAt(zeros[:next-at], at); err != nil {
			return
		}
		at = next
	}
	if datasync(j.file) == nil {
		j.room = end
	}
}

func (j *Journal) rewrite(snapshot []byte) error {
	data := append(AppendRecord(nil, []byte(magic)), snapshot...)
	if err := WriteFile(j.path, data, 0o600); err != nil {
		return err
	}
	file, err := os.OpenFile(j.path, os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("reopen journal: %w", err)
	}
	_ = j.file.Close() // replaced: nothing of it is needed
	j.file, j.size, j.base, j.room = file, int64(len(data)), int64(len(data)), 0
	return nil
}

func (j *Journal) ballastPath() string { return filepath.Join(filepath.Dir(j.path), "ballast") }

// makeBallast reserves room; without room there is none, and that is no error.
func (j *Journal) makeBallast() {
	if info, err := os.Stat(j.ballastPath()); err == nil && info.Size() >= ballastBytes {
		return
	}
	if err := os.WriteFile(j.ballastPath(), make([]byte, ballastBytes), 0o600); err != nil {
		_ = os.Remove(j.ballastPath())
	}
}
