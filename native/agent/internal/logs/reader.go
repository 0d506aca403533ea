package logs

import (
	"io"
	"os"
)

// Reader reads a log by its offsets, while it grows and while its beginning is given back. Not for two goroutines.
type Reader struct {
	log  *Log
	file *os.File
}

func (l *Log) open() (*Reader, error) {
	l.load()
	file, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	return &Reader{log: l, file: file}, nil
}

// Close gives the file back.
func (r *Reader) Close() { _ = r.file.Close() } // only read from

// Head is the first offset that is still there.
func (r *Reader) Head() int64 { return r.log.head.Load() }

// Size is the offset of the end.
func (r *Reader) Size() (int64, error) {
	for {
		turn := r.log.turn.Load()
		info, err := r.file.Stat()
		if err != nil {
			return 0, err
		}
		size := r.log.base.Load() + info.Size()
		if turn&1 == 0 && r.log.turn.Load() == turn {
			return size, nil
		}
	}
}

// ReadAt reads from an offset, or from the head when that is later: at says where the bytes begin. At the end it gives
// 0 bytes and io.EOF.
func (r *Reader) ReadAt(p []byte, offset int64) (n int, at int64, err error) {
	for {
		turn := r.log.turn.Load()
		at = offset
		if head := r.log.head.Load(); at < head {
			at = head
		}
		n, err = r.readOnce(p, at)
		// Given back meanwhile, by the watcher or by the shim: what we hold may be zeros that nobody wrote.
		if n > 0 && r.log.base.Load() == 0 && r.log.moveHead(r.file, at+int64(n)) {
			continue
		}
		if turn&1 == 0 && r.log.turn.Load() == turn && r.log.head.Load() <= at {
			return n, at, err
		}
	}
}

func (r *Reader) readOnce(p []byte, at int64) (int, error) {
	base := r.log.base.Load()
	if at >= base {
		n, err := r.file.ReadAt(p, at-base)
		if n > 0 {
			err = nil
		}
		return n, err
	}
	old, err := os.Open(r.log.path + ".old")
	if err != nil {
		return 0, io.EOF
	}
	defer func() { _ = old.Close() }() // only read from
	if left := base - at; left < int64(len(p)) {
		p = p[:left]
	}
	n, err := old.ReadAt(p, at-r.log.old.Load())
	if n > 0 {
		err = nil
	}
	return n, err
}
