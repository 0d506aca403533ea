package spool

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

const (
	magic          = "mesolite-journal 1" // the first record
	recordHeader   = 8
	maxRecordBytes = 4 << 20
	readBytes      = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendRecord frames a payload as the journal does.
func AppendRecord(to, payload []byte) []byte {
	var header [recordHeader]byte
	binary.LittleEndian.PutUint32(header[0:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(header[4:], crc32.Checksum(payload, castagnoli))
	to = append(to, header[:]...)
	return append(to, payload...)
}

// replay gives the length of the sound part and how many bytes after it must be cut.
func replay(file io.ReaderAt, each func([]byte) error) (sound, cut int64, err error) {
	source := bufio.NewReaderSize(io.NewSectionReader(file, 0, 1<<62), readBytes)
	var header [recordHeader]byte
	var buf []byte
	first := true
	for {
		n, err := io.ReadFull(source, header[:])
		if err == io.EOF {
			return sound, 0, nil
		}
		if err != nil {
			return sound, int64(n), nil
		}
		length := binary.LittleEndian.Uint32(header[0:])
		if header == [recordHeader]byte{} {
			return sound, 0, nil
		}
		if length == 0 || length > maxRecordBytes {
			return sound, 1, nil
		}
		if uint32(cap(buf)) < length {
			buf = make([]byte, length)
		}
		payload := buf[:length]
		if _, err := io.ReadFull(source, payload); err != nil {
			return sound, 1, nil
		}
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
			return sound, 1, nil
		}
		switch {
		case first && string(payload) != magic:
			return 0, 0, fmt.Errorf("not a journal of this version: %.40q", payload)
		case !first && each != nil:
			if err := each(payload); err != nil {
				return 0, 0, fmt.Errorf("replay: %w", err)
			}
		}
		first = false
		sound += recordHeader + int64(length)
	}
}

// cleanTail gives the end of the zeros that follow the last record. Anything else there is cut off: a record of it
// could be taken for one that comes after those we append.
func cleanTail(file *os.File, size int64) (room int64, err error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || end == size {
		return size, err
	}
	if end-size <= 2*reserveBytes {
		tail := make([]byte, end-size)
		if _, err := file.ReadAt(tail, size); err == nil && allZero(tail) {
			return end, nil
		}
	}
	return size, file.Truncate(size)
}

func allZero(data []byte) bool {
	for len(data) > len(zeros) {
		if !bytes.Equal(data[:len(zeros)], zeros[:]) {
			return false
		}
		data = data[len(zeros):]
	}
	return bytes.Equal(data, zeros[:len(data)])
}
