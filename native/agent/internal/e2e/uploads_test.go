package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// sendData writes one data frame.
func (c *client) sendData(stream uint32, data []byte) error {
	frame, err := wire.AppendData(nil, stream, data)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.conn.Write(frame)
	return err
}

// upload sends as much as the credit allows, from the offset the agent names to the end (or to until).
func (c *client) upload(data []byte, until int) (stream uint32, offset int64) {
	c.t.Helper()
	var put wire.ArtifactPutResult
	c.call("artifact.put", wire.ArtifactPutParams{SHA256: hashOf(data), SizeBytes: int64(len(data))}, &put)
	start := int(put.Offset)
	for at := start; at < until; {
		allowed := start + wire.InitialCreditBytes + int(c.credit(put.Stream))
		if at >= allowed {
			time.Sleep(time.Millisecond)
			continue
		}
		end := at + wire.MaxDataBytes
		if end > allowed {
			end = allowed
		}
		if end > until {
			end = until
		}
		if err := c.sendData(put.Stream, data[at:end]); err != nil {
			c.t.Fatal(err)
		}
		at = end
	}
	return put.Stream, put.Offset
}

func (c *client) put(data []byte) string {
	c.t.Helper()
	stream, _ := c.upload(data, len(data))
	c.call("artifact.done", wire.StreamParams{Stream: stream}, nil)
	return hashOf(data)
}

func (c *client) credit(stream uint32) int64 {
	c.dataMu.Lock()
	defer c.dataMu.Unlock()
	return c.credits[stream]
}

func TestABrokenUploadGoesOnWhereItWas(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	data := bytes.Repeat([]byte("abcdefgh"), 300_000)
	c.upload(data, 1_000_000)
	h.eventually("what was sent is on disk", func() bool {
		info, err := os.Stat(filepath.Join(h.dir, "cache", hashOf(data)+".part"))
		return err == nil && info.Size() == 1_000_000
	})
	if again := c.refusal("artifact.put", wire.ArtifactPutParams{SHA256: hashOf(data), SizeBytes: int64(len(data))}); again.Reason != "artifact-busy" {
		t.Errorf("a second upload on the same connection: %+v", again)
	}
	_ = c.conn.Close()
	c, _ = h.greet()
	stream, offset := c.upload(data, 2_000_000)
	if offset != 1_000_000 {
		t.Fatalf("offset %d", offset)
	}
	if short := c.refusal("artifact.done", wire.StreamParams{Stream: stream}); short.Reason != "artifact-size" {
		t.Errorf("done too early: %+v", short)
	}
	h.kill9()
	h.start()
	c, _ = h.greet()
	if stream, offset = c.upload(data, len(data)); offset != 2_000_000 {
		t.Fatalf("offset after a crash %d", offset)
	}
	c.call("artifact.done", wire.StreamParams{Stream: stream}, nil)
	if kept, err := os.ReadFile(filepath.Join(h.dir, "cache", hashOf(data))); err != nil || !bytes.Equal(kept, data) {
		t.Errorf("kept %d bytes, %v", len(kept), err)
	}
	if _, offset = c.upload(data, len(data)); offset != int64(len(data)) {
		t.Errorf("what is there is asked for again from %d", offset)
	}
}

func TestUploadsThatDoNotKeepTheRules(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	wrong := []byte("these are other bytes")
	var put wire.ArtifactPutResult
	c.call("artifact.put", wire.ArtifactPutParams{SHA256: strings.Repeat("a", 64), SizeBytes: int64(len(wrong))}, &put)
	if err := c.sendData(put.Stream, wrong); err != nil {
		t.Fatal(err)
	}
	if bad := c.refusal("artifact.done", wire.StreamParams{Stream: put.Stream}); bad.Reason != "artifact-hash" || !strings.Contains(bad.Detail, hashOf(wrong)) {
		t.Errorf("wrong bytes: %+v", bad)
	}
	c.call("artifact.put", wire.ArtifactPutParams{SHA256: strings.Repeat("a", 64), SizeBytes: 5}, &put)
	if put.Offset != 0 {
		t.Errorf("wrong bytes were kept: %d", put.Offset)
	}
	if err := c.sendData(put.Stream, wrong); err != nil {
		t.Fatal(err)
	}
	h.eventually("more than announced ends the upload", func() bool {
		c.dataMu.Lock()
		defer c.dataMu.Unlock()
		return c.ends[put.Stream] == "failed"
	})
	if bad := c.refusal("artifact.done", wire.StreamParams{Stream: put.Stream}); bad.Reason != "artifact-size" {
		t.Errorf("too many bytes: %+v", bad)
	}
	if bad := c.refusal("artifact.put", wire.ArtifactPutParams{SHA256: "../../etc/passwd", SizeBytes: 5}); bad.Code != "invalid" {
		t.Errorf("a hash that is none: %+v", bad)
	}
	if bad := c.refusal("artifact.put", wire.ArtifactPutParams{SHA256: strings.Repeat("b", 64), SizeBytes: 1 << 50}); bad.Reason != "cache-small" {
		t.Errorf("too large: %+v", bad)
	}
	for i := 0; i < 8; i++ {
		c.call("artifact.put", wire.ArtifactPutParams{SHA256: fmt.Sprintf("%064x", i), SizeBytes: 5}, &put)
	}
	if bad := c.refusal("artifact.put", wire.ArtifactPutParams{SHA256: fmt.Sprintf("%064x", 8), SizeBytes: 5}); bad.Reason != "too-many-uploads" {
		t.Errorf("the ninth: %+v", bad)
	}
	c.call("stream.close", wire.StreamParams{Stream: put.Stream}, nil)
	h.eventually("a closed upload makes room", func() bool {
		return c.try("artifact.put", wire.ArtifactPutParams{SHA256: fmt.Sprintf("%064x", 9), SizeBytes: 5}, &put) == nil
	})
	// More than was granted is the end of the connection: its memory is not for those who do not listen.
	c.call("artifact.find", wire.ArtifactFindParams{SHA256: []string{}}, nil)
	flood := make([]byte, wire.MaxDataBytes)
	for i := 0; i < 64; i++ {
		if c.sendData(put.Stream, flood) != nil {
			break
		}
	}
	other := h.connect()
	other.call("hello", helloOf("master-test", 2), nil)
}
