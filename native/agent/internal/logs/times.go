package logs

import (
	"encoding/binary"
	"os"
	"sync"
	"sync/atomic"

	"mesolite/agent/internal/wire"
)

const (
	// Bytes that came within this belong to the same moment.
	timeStepMs = 100
	// A times file is thinned out when it is this large.
	timesCap = 128 * 1024
	// MaxTimes in one answer.
	MaxTimes = 4096
)

// timeLine is when the bytes of a log were written: NAME.times holds pairs (uvarint of the step in the offset, at least
// 1, and zigzag varint of the step in ms), the first one from (-1, 0). The first pair is written with the second: a log
// that was written at once needs no file, its own time says it.
type timeLine struct {
	mu    sync.Mutex
	path  string
	size  int64 // of the file
	last  wire.LogTime
	any   bool
	first bool // last is the only pair, and not on disk yet

	has     atomic.Bool
	lastOff atomic.Int64
}

// load reads the file and cuts a torn tail.
func (t *timeLine) load(path, log string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.publish()
	t.path = path
	data, err := os.ReadFile(path)
	if err != nil {
		if info, err := os.Stat(log); err == nil && info.Size() > 0 {
			t.last, t.any, t.first = wire.LogTime{Offset: 0, AtMs: info.ModTime().UnixNano() / 1e6}, true, true
		}
		return
	}
	pairs, sound := decodeTimes(data)
	if sound < len(data) {
		_ = os.Truncate(path, int64(sound)) // else it is cut again at the next start
	}
	t.size = int64(sound)
	if t.any = len(pairs) > 0; t.any {
		t.last = pairs[len(pairs)-1]
	}
}

func (t *timeLine) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.publish()
	_ = os.Remove(t.path) // none is fine
	t.size, t.any, t.first, t.last = 0, false, false, wire.LogTime{}
}

// known and lastOffset do not wait for the disk, as all else here may.
func (t *timeLine) known() bool { return t.has.Load() }

func (t *timeLine) lastOffset() int64 { return t.lastOff.Load() }

// publish is called with the lock held.
func (t *timeLine) publish() {
	t.has.Store(t.any)
	t.lastOff.Store(t.last.Offset)
}

func appendTime(to []byte, last, next wire.LogTime) []byte {
	to = binary.AppendUvarint(to, uint64(next.Offset-last.Offset))
	return binary.AppendVarint(to, next.AtMs-last.AtMs)
}

var beforeFirst = wire.LogTime{Offset: -1}

// decodeTimes gives the pairs and how many bytes of the file are sound.
func decodeTimes(data []byte) (pairs []wire.LogTime, sound int) {
	last := beforeFirst
	for sound < len(data) {
		step, n := binary.Uvarint(data[sound:])
		if n <= 0 || step == 0 || step > 1<<60 {
			break
		}
		ms, m := binary.Varint(data[sound+n:])
		if m <= 0 {
			break
		}
		last = wire.LogTime{Offset: last.Offset + int64(step), AtMs: last.AtMs + ms}
		pairs = append(pairs, last)
		sound += n + m
	}
	return pairs, sound
}

// note says that bytes from this offset on came now. Head: nothing before it is of interest any more.
func (t *timeLine) note(offset, nowMs, head int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.publish()
	next := wire.LogTime{Offset: offset, AtMs: nowMs}
	if !t.any {
		t.last, t.any, t.first = next, true, true
		return
	}
	if step := nowMs - t.last.AtMs; offset <= t.last.Offset || (step >= 0 && step < timeStepMs) {
		return
	}
	var out []byte
	if t.first {
		out = appendTime(out, beforeFirst, t.last)
	}
	out = appendTime(out, t.last, next)
	if t.size+int64(len(out)) > timesCap {
		t.thin(head)
		if out = appendTime(nil, t.last, next); t.size+int64(len(out)) > timesCap {
			return
		}
	}
	if writeAtEnd(t.path, out, t.size) {
		t.size += int64(len(out))
		t.last, t.first = next, false
	}
}

// writeAtEnd appends all or nothing. False: the disk is full, so these bytes stay without a time of their own.
func writeAtEnd(path string, data []byte, size int64) bool {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	_, err = file.WriteAt(data, size)
	if err != nil {
		_ = file.Truncate(size) // the tail is cut at the next start otherwise
	}
	return file.Close() == nil && err == nil
}

// thin drops what is before the head, and every second pair when that is not enough.
func (t *timeLine) thin(head int64) {
	data, err := os.ReadFile(t.path)
	if err != nil {
		return
	}
	pairs, _ := decodeTimes(data)
	from := covering(pairs, head)
	pairs = pairs[from:]
	encode := func(every int) []byte {
		out, last := []byte{}, beforeFirst
		for i, pair := range pairs {
			if i%every == 0 || i == len(pairs)-1 {
				out, last = appendTime(out, last, pair), pair
			}
		}
		return out
	}
	out := encode(1)
	if len(out) > timesCap/2 {
		out = encode(2)
	}
	if os.WriteFile(t.path+".tmp", out, 0o600) == nil && os.Rename(t.path+".tmp", t.path) == nil {
		t.size = int64(len(out))
	}
}

// covering is the index of the pair that covers an offset.
func covering(pairs []wire.LogTime, offset int64) int {
	low, high := 0, len(pairs)
	for low < high {
		middle := (low + high) / 2
		if pairs[middle].Offset <= offset {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low > 0 {
		low--
	}
	return low
}

// all gives every pair that is known.
func (t *timeLine) all() []wire.LogTime {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first {
		return []wire.LogTime{t.last}
	}
	data, err := os.ReadFile(t.path)
	if err != nil {
		return nil
	}
	pairs, _ := decodeTimes(data)
	return pairs
}

// Times answers for the bytes from..to: ascending, at most MaxTimes. The first pair may begin before from.
func (r *Reader) Times(from, to int64) []wire.LogTime {
	pairs := r.log.when().all()
	if head := r.Head(); from < head {
		from = head
	}
	pairs = pairs[covering(pairs, from):]
	out := []wire.LogTime{}
	for _, pair := range pairs {
		if (pair.Offset >= to && len(out) > 0) || len(out) == MaxTimes {
			break
		}
		out = append(out, pair)
	}
	return out
}
