package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

const fixtures = "../../../../test/fixtures/wire"

type part struct {
	Hex   string `json:"hex"`
	Times int    `json:"times"`
}

type goldenFrame struct {
	Kind   string          `json:"kind"`
	JSON   json.RawMessage `json:"json"`
	Hex    string          `json:"hex"`
	Times  int             `json:"times"`
	Depth  int             `json:"depth"`
	Stream uint32          `json:"stream"`
	Parts  []part          `json:"parts"`
}

type goldenCase struct {
	Name   string        `json:"name"`
	Parts  []part        `json:"parts"`
	Frames []goldenFrame `json:"frames"`
	Fault  *string       `json:"fault"`
}

func join(t *testing.T, parts []part) []byte {
	t.Helper()
	var out []byte
	for _, p := range parts {
		raw, err := hex.DecodeString(p.Hex)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, bytes.Repeat(raw, p.Times)...)
	}
	return out
}

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fixtures, "frames.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// decodeAll gives the frames up to the fault, in the words of the fixtures.
func decodeAll(source io.Reader) (frames []Frame, fault string) {
	reader := NewReader(source)
	for {
		frame, err := reader.Next()
		switch {
		case err == io.EOF:
			return frames, ""
		case errors.Is(err, ErrFrameLength):
			return frames, "length-out-of-range"
		case errors.Is(err, ErrFrameKind):
			return frames, "unknown-kind"
		case errors.Is(err, ErrFrameData):
			return frames, "bad-data-frame"
		case err != nil:
			return frames, "incomplete"
		}
		if frame.Kind == KindJSON {
			switch err := CheckJSON(frame.Payload); {
			case errors.Is(err, ErrDepth):
				return frames, "too-deep"
			case errors.Is(err, ErrUTF8):
				return frames, "bad-utf8"
			case !json.Valid(frame.Payload):
				return frames, "bad-json"
			}
		}
		frame.Payload = append([]byte(nil), frame.Payload...)
		frames = append(frames, frame)
	}
}

func (g goldenFrame) matches(t *testing.T, got Frame) bool {
	t.Helper()
	switch g.Kind {
	case "data":
		return got.Kind == KindData && got.Stream == g.Stream && bytes.Equal(got.Payload, join(t, g.Parts))
	case "json-string":
		return string(got.Payload) == `"`+string(join(t, []part{{g.Hex, g.Times}}))+`"`
	case "json-nested":
		return string(got.Payload) == strings.Repeat("[", g.Depth)+strings.Repeat("]", g.Depth)
	}
	return got.Kind == KindJSON && sameJSON(t, got.Payload, g.JSON)
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var left, right interface{}
	if err := json.Unmarshal(a, &left); err != nil {
		t.Fatalf("%v in %.200s", err, a)
	}
	if err := json.Unmarshal(b, &right); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(left, right)
}

func TestGoldenFramesDecodeAlikeInAnyPieces(t *testing.T) {
	for _, golden := range goldenCases(t) {
		raw := join(t, golden.Parts)
		pieces := map[string]io.Reader{"whole": bytes.NewReader(raw), "halves": iotest.HalfReader(bytes.NewReader(raw))}
		if len(raw) < 10_000 {
			pieces["bytes"] = iotest.OneByteReader(bytes.NewReader(raw))
		}
		for how, source := range pieces {
			frames, fault := decodeAll(source)
			want := ""
			if golden.Fault != nil {
				want = *golden.Fault
			}
			if fault != want || len(frames) != len(golden.Frames) {
				t.Errorf("%s (%s): fault %q want %q, %d frames want %d", golden.Name, how, fault, want, len(frames), len(golden.Frames))
				continue
			}
			for i, g := range golden.Frames {
				if !g.matches(t, frames[i]) {
					t.Errorf("%s (%s): frame %d differs", golden.Name, how, i)
				}
			}
		}
	}
}

func TestEncodedFramesDecodeToTheSame(t *testing.T) {
	var raw []byte
	raw, err := AppendJSON(raw, []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = AppendData(raw, 77, []byte{0, 1, 255}); err != nil {
		t.Fatal(err)
	}
	frames, fault := decodeAll(bytes.NewReader(raw))
	if fault != "" || len(frames) != 2 || string(frames[0].Payload) != `{"a":1}` || frames[1].Stream != 77 || !bytes.Equal(frames[1].Payload, []byte{0, 1, 255}) {
		t.Errorf("%q %+v", fault, frames)
	}
	if _, err := AppendJSON(nil, make([]byte, MaxFrameBytes)); !errors.Is(err, ErrFrameLength) {
		t.Errorf("too long a message: %v", err)
	}
	if _, err := AppendData(nil, 1, make([]byte, MaxDataBytes+1)); !errors.Is(err, ErrFrameData) {
		t.Errorf("too much data: %v", err)
	}
	if _, err := AppendData(nil, 1, nil); !errors.Is(err, ErrFrameData) {
		t.Errorf("no data: %v", err)
	}
}

// countingReader ends after the header: a length alone must not cost memory.
func TestALengthAloneAllocatesLittle(t *testing.T) {
	header := []byte{0, 0x10, 0, 0, 1}
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; i < b.N; i++ {
			_, _ = NewReader(bytes.NewReader(header)).Next()
		}
	}).AllocedBytesPerOp()
	if allocated > 64*1024 {
		t.Errorf("%d bytes for a length", allocated)
	}
}

func TestABigFrameIsNotKept(t *testing.T) {
	big, err := AppendJSON(nil, []byte(`"`+strings.Repeat("a", 900_000)+`"`))
	if err != nil {
		t.Fatal(err)
	}
	small, err := AppendJSON(nil, []byte(`1`))
	if err != nil {
		t.Fatal(err)
	}
	reader := NewReader(bytes.NewReader(append(big, small...)))
	for i := 0; i < 2; i++ {
		if _, err := reader.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(reader.buf) > keepBytes {
		t.Errorf("%d bytes are kept", cap(reader.buf))
	}
}

func FuzzDecode(f *testing.F) {
	data, err := os.ReadFile(filepath.Join(fixtures, "frames.json"))
	if err != nil {
		f.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		f.Fatal(err)
	}
	for _, golden := range cases {
		var raw []byte
		for _, p := range golden.Parts {
			one, _ := hex.DecodeString(p.Hex)
			if p.Times > 100 {
				p.Times = 100
			}
			raw = append(raw, bytes.Repeat(one, p.Times)...)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole, fault := decodeAll(bytes.NewReader(raw))
		pieces, pieceFault := decodeAll(iotest.OneByteReader(bytes.NewReader(raw)))
		if fault != pieceFault || !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("pieces differ: %q %q", fault, pieceFault)
		}
		var again []byte
		for _, frame := range whole {
			var err error
			if frame.Kind == KindData {
				again, err = AppendData(again, frame.Stream, frame.Payload)
			} else {
				again, err = AppendJSON(again, frame.Payload)
				_, _ = ParseRequest(frame.Payload) // must not panic
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(raw, again) {
			t.Fatal("encoding what was decoded gives other bytes")
		}
	})
}
