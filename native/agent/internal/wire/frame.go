// Package wire holds the agent protocol: frames, messages and their limits (docs/wire.md). The TypeScript side is
// electron/contract/wire.ts; test/fixtures/wire is decoded and re-encoded by the tests of both.
// It knows no files, clocks or connections, and imports nothing of ours.
package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits and names of docs/wire.md.
const (
	Version    = 1
	VersionMin = 1

	Preamble = "mesolite-attach 1\n"

	MaxFrameBytes      = 1 << 20
	MaxDataBytes       = 64 * 1024
	MaxDepth           = 64
	InitialCreditBytes = 256 * 1024

	KindJSON byte = 1
	KindData byte = 2

	headerBytes = 4
	// A frame buffer larger than this is given back after use, so that one big message does not stay resident.
	keepBytes = 16 * 1024
)

// Reasons a decoder ends a connection.
var (
	ErrFrameLength = errors.New("frame length out of range")
	ErrFrameKind   = errors.New("unknown frame kind")
	ErrFrameData   = errors.New("data frame length out of range")
)

// Frame is one decoded frame. Payload is valid until the next call of Reader.Next.
type Frame struct {
	Kind    byte
	Stream  uint32 // data frames only
	Payload []byte
}

// Reader decodes frames. It never allocates on the word of a length alone: the buffer grows with the bytes that came.
type Reader struct {
	source *bufio.Reader
	buf    []byte
	header [headerBytes]byte
}

// NewReader reads frames from source.
func NewReader(source io.Reader) *Reader {
	return &Reader{source: bufio.NewReaderSize(source, 4096)}
}

// Next gives the next frame; io.EOF only at a frame border.
func (r *Reader) Next() (Frame, error) {
	if _, err := io.ReadFull(r.source, r.header[:]); err != nil {
		return Frame{}, err
	}
	length := binary.BigEndian.Uint32(r.header[:])
	if length < 2 || length > MaxFrameBytes {
		return Frame{}, fmt.Errorf("%w: %d", ErrFrameLength, length)
	}
	kind, err := r.source.ReadByte()
	if err != nil {
		return Frame{}, unexpected(err)
	}
	if kind != KindJSON && kind != KindData {
		return Frame{}, fmt.Errorf("%w: %d", ErrFrameKind, kind)
	}
	size := int(length) - 1
	if kind == KindData && (size < 5 || size > MaxDataBytes+4) {
		return Frame{}, fmt.Errorf("%w: %d", ErrFrameData, length)
	}
	payload, err := r.fill(size)
	if err != nil {
		return Frame{}, err
	}
	if kind == KindData {
		return Frame{Kind: kind, Stream: binary.BigEndian.Uint32(payload), Payload: payload[4:]}, nil
	}
	return Frame{Kind: kind, Payload: payload}, nil
}

func (r *Reader) fill(size int) ([]byte, error) {
	if cap(r.buf) > keepBytes && size <= keepBytes {
		r.buf = nil
	}
	have := 0
	for have < size {
		want := size
		if step := 2*have + keepBytes; want > step {
			want = step
		}
		if cap(r.buf) < want {
			grown := make([]byte, want)
			copy(grown, r.buf[:have])
			r.buf = grown
		}
		n, err := io.ReadFull(r.source, r.buf[have:want])
		have += n
		if err != nil {
			return nil, unexpected(err)
		}
	}
	return r.buf[:size], nil
}

// unexpected is the end of the source inside a frame.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// AppendJSON appends a frame of kind 1 around an encoded message.
func AppendJSON(to []byte, message []byte) ([]byte, error) {
	if len(message) < 1 || len(message)+1 > MaxFrameBytes {
		return to, fmt.Errorf("%w: %d", ErrFrameLength, len(message)+1)
	}
	to = appendHeader(to, len(message)+1, KindJSON)
	return append(to, message...), nil
}

// AppendData appends a frame of kind 2.
func AppendData(to []byte, stream uint32, data []byte) ([]byte, error) {
	if len(data) < 1 || len(data) > MaxDataBytes {
		return to, fmt.Errorf("%w: %d", ErrFrameData, len(data))
	}
	to = appendHeader(to, len(data)+headerBytes+1, KindData)
	to = append(to, byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
	return append(to, data...), nil
}

func appendHeader(to []byte, length int, kind byte) []byte {
	return append(to, byte(length>>24), byte(length>>16), byte(length>>8), byte(length), kind)
}
