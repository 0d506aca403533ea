// Package logs gives the beginning of logs back to the disk, so that their shims have room to write within the cap,
// remembers when the bytes were written, searches them, and removes those of ended tasks by age and size. It may import
// wire.
//
// The cap itself is held by the shim of a task, which never writes beyond it. Logs that are written without one (of
// containers, on darwin, of tasks that an agent before this one started) are cut as soon as a thread of high priority
// comes to it, and a task that still outruns it is frozen for the moment: that is nearly always enough.
//
// A log is one file that grows. What is beyond its cap is given back to the disk from its beginning (a hole), so that
// offsets stay true for ever and nobody has to copy anything. Where the file system makes no holes, the newest part is
// copied to NAME.old and the file is begun again; NAME.head then says which offset its first byte has.
package logs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	blockBytes = 4096
	// A cut is made at the start of a line when there is one this near.
	lineNear = 64 * 1024
	// Trimming leaves a quarter of the cap free, within these bounds: the room in which the next look may be late.
	minSlack = 256 * 1024
	maxSlack = 16 << 20
)

// Files of a log, beside it: where it begins, when it was written, and (without holes) the part before.
var companions = []string{".head", ".times", ".old"}

// FileNames of the two logs of a task.
var FileNames = []string{"stdout", "stderr"}

// Log is one file of one task. Offsets are those of the output since its beginning.
type Log struct {
	path     string
	once     sync.Once
	timeOnce sync.Once

	head      atomic.Int64 // the first byte that is still there
	base      atomic.Int64 // offset of the first byte of the file; not 0 only without holes
	old       atomic.Int64 // offset of the first byte of NAME.old
	headNoted atomic.Bool  // its head is about to be written
	turn      atomic.Int64 // odd while the three above change together

	times timeLine
	watch watched
}

func newLog(dir, name string) *Log { return &Log{path: filepath.Join(dir, name)} }

// load reads where the log begins. A head file that a power cut lost is found again by the hole at the beginning.
func (l *Log) load() {
	l.once.Do(func() {
		var head, base, old int64
		var stat syscall.Stat_t
		if syscall.Stat(l.path+".head", &stat) != syscall.ENOENT { // as it nearly always is
			data, _ := os.ReadFile(l.path + ".head") // unreadable: as if it were empty
			if n, _ := fmt.Sscanf(string(data), "%d %d %d", &head, &base, &old); n != 3 || head < 0 || base < 0 || old < 0 || old > base {
				head, base, old = 0, 0, 0
			}
		}
		if base == 0 {
			head = l.firstData(head)
		}
		l.head.Store(head)
		l.base.Store(base)
		l.old.Store(old)
	})
}

// when is the time line of the log; it is read only when somebody asks for it.
func (l *Log) when() *timeLine {
	l.timeOnce.Do(func() { l.times.load(l.path+".times", l.path) })
	return &l.times
}

func (l *Log) firstData(head int64) int64 {
	var stat syscall.Stat_t
	if syscall.Stat(l.path, &stat) != nil || head >= stat.Size || stat.Size < 2*minSlack { // so short was never cut
		return head
	}
	file, err := os.Open(l.path)
	if err != nil {
		return head
	}
	defer func() { _ = file.Close() }() // only looked at
	return dataAt(file, head)
}

// dataAt is the first byte at or after one that was not given back to the disk.
func dataAt(file *os.File, at int64) int64 {
	if found, err := file.Seek(at, seekData); err == nil && found > at {
		return found
	}
	return at
}

// findHead moves the head to where the bytes begin, and tells whether it had to: a shim cuts the log of its task itself
// while no agent does.
func (l *Log) findHead(size int64) bool {
	file, err := os.Open(l.path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // only looked at
	return l.moveHead(file, size)
}

func (l *Log) moveHead(file *os.File, size int64) bool {
	head := l.head.Load()
	first := dataAt(file, head)
	return first > head && l.head.CompareAndSwap(head, lineStart(file, first, size))
}

func (l *Log) writeHead() error {
	text := fmt.Sprintf("%d %d %d", l.head.Load(), l.base.Load(), l.old.Load())
	text += strings.Repeat(" ", 63-len(text)) + "\n" // always as long: one write in place is whole or not there
	file, err := os.OpenFile(l.path+".head", os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// kept is what the log takes on the disk when it is this long.
func (l *Log) kept(size int64) int64 {
	if base := l.base.Load(); base > 0 {
		return size - l.old.Load()
	}
	return size - l.head.Load()&^(blockBytes-1)
}

func slackOf(limit int64) int64 {
	slack := limit / 4
	if slack < minSlack {
		slack = minSlack
	}
	if slack > maxSlack {
		slack = maxSlack
	}
	if slack > limit/2 {
		slack = limit / 2
	}
	return slack
}

// trim gives the beginning back, so that keep bytes of a log of this size stay.
func (l *Log) trim(size, keep int64) error {
	if l.watch.noHoles {
		return l.rotate(keep)
	}
	file, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing of it is buffered
	from, to := l.head.Load()&^(blockBytes-1), size-keep
	if to <= l.head.Load() {
		return nil
	}
	to = lineStart(file, to, size)
	before := l.head.Load()
	// Readers see the new head before the hole is made: what they read before it they look at again. On the disk it comes
	// after the hole, which tells it as well.
	l.head.Store(to)
	if to&^(blockBytes-1) == from {
		return nil
	}
	err = punch(int(file.Fd()), from, to&^(blockBytes-1))
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		l.head.Store(before)
		l.watch.noHoles = true
		return l.rotate(keep / 2)
	}
	return err
}

// lineStart is the start of the first line at or after an offset, when it is near.
func lineStart(file *os.File, at, size int64) int64 {
	near := int64(lineNear)
	if left := (size - at) / 2; left < near {
		near = left
	}
	if at <= 0 || near <= 0 {
		return at
	}
	buf := make([]byte, near+1)
	n, _ := file.ReadAt(buf, at-1) // unreadable: cut where we are
	if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
		return at + int64(i)
	}
	return at
}

// rotate begins the file again, and keeps its newest part as NAME.old. What the task writes between the last look and
// the cut is lost, unless it stands still (the keeper freezes its group where it can).
func (l *Log) rotate(keep int64) error {
	file, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // its truncation was checked; it gives the lock back
	// The shim writes only with the lock. One that is too old for it, and whoever else has the file, is what the freezing
	// is for.
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	_ = os.Remove(l.path + ".old") // first, so that the two never stand beside a third
	l.turn.Add(1)
	defer l.turn.Add(1)
	base := l.base.Load()
	if l.head.Load() < base {
		l.head.Store(base)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	from := info.Size() - keep
	if from < 0 {
		from = 0
	}
	end, err := copyTail(file, l.path+".old", from)
	if err != nil {
		_ = os.Remove(l.path + ".old") // the room is needed more
		from, end = info.Size(), info.Size()
	}
	l.old.Store(base + from)
	if head := base + lineStart(file, from, end); head > l.head.Load() {
		l.head.Store(head)
	}
	l.base.Store(base + end)
	_ = l.writeHead() // else the log goes on, and after a restart of the agent its offsets begin again
	return file.Truncate(0)
}

// copyTail copies until nothing more comes, and gives the offset it came to.
func copyTail(file *os.File, path string, from int64) (int64, error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 256*1024)
	at := from
	for {
		n, _ := file.ReadAt(buf, at)
		if n == 0 {
			break
		}
		if _, err = out.Write(buf[:n]); err != nil {
			break
		}
		at += int64(n)
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	return at, err
}

// size is the offset of the end, and the time of the last write.
func (l *Log) size() (int64, int64, error) {
	var stat syscall.Stat_t
	for {
		turn := l.turn.Load()
		if err := syscall.Stat(l.path, &stat); err != nil {
			return 0, 0, &os.PathError{Op: "stat", Path: l.path, Err: err}
		}
		size := l.base.Load() + stat.Size
		if turn&1 == 0 && l.turn.Load() == turn {
			return size, written(&stat) / 1e6, nil
		}
	}
}

// beginAgain is for a task that truncated its own log.
func (l *Log) beginAgain() {
	l.turn.Add(1)
	if l.base.Load() == 0 {
		l.head.Store(l.firstData(0))
	}
	l.turn.Add(1)
	_ = l.writeHead() // else the hole tells it
	l.when().clear()
}
