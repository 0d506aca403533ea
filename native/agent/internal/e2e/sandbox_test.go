package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// fetch reads a file or folder of a sandbox, with credit given as it is taken.
func (c *client) fetch(id, path string, offset int64) (wire.SandboxOpenResult, []byte, string, error) {
	c.t.Helper()
	var opened wire.SandboxOpenResult
	if err := c.try("sandbox.open", wire.SandboxOpenParams{TaskID: id, Path: path, Offset: offset}, &opened); err != nil {
		return opened, nil, "", err
	}
	granted := 0
	for until := time.Now().Add(2 * patience); time.Now().Before(until); time.Sleep(time.Millisecond) {
		c.dataMu.Lock()
		cause, over := c.ends[opened.Stream]
		data := c.data[opened.Stream]
		c.dataMu.Unlock()
		if over {
			return opened, data, cause, nil
		}
		if more := len(data) - granted; more > 0 {
			granted += more
			c.call("stream.credit", wire.CreditParams{Stream: opened.Stream, Bytes: int64(more)}, nil)
		}
	}
	c.t.Fatal("the stream did not end")
	return opened, nil, "", nil
}

func (c *client) list(id, path, after string) wire.SandboxListResult {
	c.t.Helper()
	var page wire.SandboxListResult
	c.call("sandbox.list", wire.SandboxListParams{TaskID: id, Path: path, After: after}, &page)
	return page
}

func TestTheSandboxIsListedAndRead(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(shell("t-a", "mkdir sub; head -c 3000000 /dev/zero | tr '\\0' z > sub/big; echo hi > 'a\nb'; ln -s sub/big link; ln -s /etc/shadow out; mkfifo pipe"))
	if end := c.terminal("t-a"); end.State != wire.StateFinished {
		t.Fatalf("%+v", end)
	}
	text := ""
	for _, entry := range c.list("t-a", "", "").Entries {
		text += fmt.Sprintf("%s %s %d|", entry.Name, entry.Kind, entry.SizeBytes)
	}
	if text != "a%0Ab file 3|link link 7|out link 11|pipe other 0|sub folder 0|" {
		t.Errorf("%s", text)
	}
	if page := c.list("t-a", "", "link"); len(page.Entries) != 3 || page.More {
		t.Errorf("%+v", page)
	}
	opened, data, cause, err := c.fetch("t-a", "sub/big", 0)
	if err != nil || cause != wire.EndFinished || *opened.SizeBytes != 3_000_000 || !bytes.Equal(data, bytes.Repeat([]byte("z"), 3_000_000)) {
		t.Errorf("%+v %d bytes %s %v", opened, len(data), cause, err)
	}
	if opened, data, _, err := c.fetch("t-a", "link", 2_999_990); err != nil || opened.StartOffset != 2_999_990 || string(data) != "zzzzzzzzzz" {
		t.Errorf("%+v %q %v", opened, data, err)
	}
	if _, data, cause, err := c.fetch("t-a", "a%0Ab", 100); err != nil || len(data) != 0 || cause != wire.EndFinished {
		t.Errorf("%q %s %v", data, cause, err)
	}
	opened, data, cause, err = c.fetch("t-a", "", 0)
	if err != nil || opened.SizeBytes != nil || cause != wire.EndFinished {
		t.Fatalf("%+v %s %v", opened, cause, err)
	}
	names := map[string]bool{}
	for reader := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names[header.Name] = true
	}
	if !names["sub/big"] || !names["a\nb"] || !names["out"] || names["pipe"] {
		t.Errorf("%v", names)
	}
	for path, reason := range map[string]string{
		"out": "path-leaves-sandbox", "../run": "path-leaves-sandbox", "/etc/passwd": "path-leaves-sandbox", "pipe": "not-a-file", "none": "no-such-file",
		"sub/big/x": "not-a-file",
	} {
		_, _, _, err := c.fetch("t-a", path, 0)
		refused(t, err, reason)
	}
	refused(t, c.try("sandbox.list", wire.SandboxListParams{TaskID: "t-none"}, nil), "task")
	// A reader that closes half way ends it, and does not hold the agent.
	var half wire.SandboxOpenResult
	c.call("sandbox.open", wire.SandboxOpenParams{TaskID: "t-a", Path: "sub/big"}, &half)
	c.call("stream.close", wire.StreamParams{Stream: half.Stream}, nil)
	h.eventually("closed", func() bool {
		c.dataMu.Lock()
		defer c.dataMu.Unlock()
		return c.ends[half.Stream] == wire.EndClosed
	})
}

func TestTheAgentOfRootGivesATaskOfAnotherUserNothingOfOthers(t *testing.T) {
	needsRoot(t)
	h := newHost(t)
	c, _ := h.greet()
	c.launch(with(shell("t-a", "echo mine > mine; chmod 600 mine; sleep 100"), "user", "nobody"))
	if status := c.status(); status.State != wire.StateRunning {
		t.Fatalf("%+v", status)
	}
	box := h.file("t-a", "sandbox")
	h.eventually("it has written", func() bool { data, _ := os.ReadFile(filepath.Join(box, "mine")); return len(data) == 5 })
	secret := filepath.Join(filepath.Dir(h.dir), "secret")
	if err := os.WriteFile(secret, []byte("words of root"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(secret, filepath.Join(box, "hard")); err != nil {
		t.Fatal(err)
	}
	if _, data, _, err := c.fetch("t-a", "mine", 0); err != nil || string(data) != "mine\n" {
		t.Errorf("%q %v", data, err)
	}
	_, _, _, err := c.fetch("t-a", "hard", 0)
	refused(t, err, "cannot-read-file")
	_, data, cause, err := c.fetch("t-a", "", 0)
	if err != nil || cause != wire.EndFinished || bytes.Contains(data, []byte("words of root")) || !bytes.Contains(data, []byte("mine\n")) {
		t.Errorf("%s %v", cause, err)
	}
	// The threads that looked with less have ended: the agent is root as before.
	c.launch(with(shell("t-b", "id -u"), "user", "nobody"))
	c.launch(shell("t-c", "id -u; cat "+secret))
	seen := map[string]bool{}
	for !seen["t-b"] || !seen["t-c"] {
		if status := c.status(); status.State == wire.StateFinished {
			seen[status.TaskID] = true
		}
	}
	if data, _ := c.log("t-c", "stdout", false); string(data) != "0\nwords of root" {
		t.Errorf("%q", data)
	}
}
