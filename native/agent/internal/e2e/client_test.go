// Package e2e builds the real agent and drives it over its socket. Each test has its own folder and ends its daemon.
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

// client is a small master.
type client struct {
	t      *testing.T
	conn   *net.UnixConn
	mu     sync.Mutex
	nextID int64
	wait   map[int64]chan reply
	ended  chan struct{}

	statuses chan wire.Status
	samples  chan wire.Sample
	lost     chan string
	ends     map[uint32]string
	data     map[uint32][]byte
	moved    map[uint32][]moved
	dataMu   sync.Mutex
	credits  map[uint32]int64
	progress []wire.ProgressEvent
}

// moved: after so many bytes of a stream the offset is another.
type moved struct {
	at     int
	offset int64
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *wire.Error     `json:"error"`
}

func (h *host) connect() *client {
	h.t.Helper()
	conn, err := link.Dial(h.dir, time.Second)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &client{
		t: h.t, conn: conn, wait: map[int64]chan reply{}, ended: make(chan struct{}), statuses: make(chan wire.Status, 10000),
		samples: make(chan wire.Sample, 1000), lost: make(chan string, 10), ends: map[uint32]string{}, data: map[uint32][]byte{}, moved: map[uint32][]moved{},
		credits: map[uint32]int64{},
	}
	go c.read()
	h.t.Cleanup(func() { _ = conn.Close() })
	return c
}

func (c *client) read() {
	defer close(c.ended)
	frames := wire.NewReader(c.conn)
	for {
		frame, err := frames.Next()
		if err != nil {
			return
		}
		if frame.Kind == wire.KindData {
			c.dataMu.Lock()
			c.data[frame.Stream] = append(c.data[frame.Stream], frame.Payload...)
			c.dataMu.Unlock()
			continue
		}
		c.take(frame.Payload)
	}
}

func (c *client) take(payload []byte) {
	var m struct {
		ID     int64       `json:"id"`
		Event  string      `json:"event"`
		Status wire.Status `json:"status"`
		Sample wire.Sample `json:"sample"`
		Stream uint32      `json:"stream"`
		Cause  string      `json:"cause"`
		Offset int64       `json:"offset"`
		Holder string      `json:"holder"`
		Bytes  int64       `json:"bytes"`
		reply
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		c.t.Errorf("bad message: %v %s", err, payload)
		return
	}
	switch m.Event {
	case "":
		c.mu.Lock()
		waiting := c.wait[m.ID]
		delete(c.wait, m.ID)
		c.mu.Unlock()
		if waiting != nil {
			waiting <- m.reply
		}
	case "status-update":
		c.statuses <- m.Status
	case "sample":
		c.samples <- m.Sample
	case "stream-end":
		c.dataMu.Lock()
		c.ends[m.Stream] = m.Cause
		c.dataMu.Unlock()
	case "stream-credit":
		c.dataMu.Lock()
		c.credits[m.Stream] += m.Bytes
		c.dataMu.Unlock()
	case "task-progress":
		var p wire.ProgressEvent
		if err := json.Unmarshal(payload, &p); err != nil {
			c.t.Errorf("bad progress: %v %s", err, payload)
		}
		c.dataMu.Lock()
		c.progress = append(c.progress, p)
		c.dataMu.Unlock()
	case "stream-moved":
		c.dataMu.Lock()
		c.moved[m.Stream] = append(c.moved[m.Stream], moved{at: len(c.data[m.Stream]), offset: m.Offset})
		c.dataMu.Unlock()
	case "lease-lost":
		c.lost <- m.Holder
	}
}

// send makes a call and does not wait for its answer.
func (c *client) send(call string, params interface{}) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextID++
	body, err := wire.Encode(map[string]interface{}{"v": 1, "id": c.nextID, "call": call, "params": params})
	if err != nil {
		return err
	}
	frame, err := wire.AppendJSON(nil, body)
	if err != nil {
		return err
	}
	_, err = c.conn.Write(frame)
	return err
}

var errEnded = errors.New("connection ended")

func (c *client) try(call string, params, result interface{}) error {
	c.t.Helper()
	c.mu.Lock()
	c.nextID++
	id := c.nextID
	waiting := make(chan reply, 1)
	c.wait[id] = waiting
	c.mu.Unlock()
	body, err := wire.Encode(map[string]interface{}{"v": 1, "id": id, "call": call, "params": params})
	if err != nil {
		return err
	}
	frame, err := wire.AppendJSON(nil, body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	_, err = c.conn.Write(frame)
	c.mu.Unlock()
	if err != nil {
		return errEnded
	}
	var r reply
	select {
	case r = <-waiting:
	case <-c.ended:
		// An answer that was the last word is there, and so is the end.
		select {
		case r = <-waiting:
		default:
			return errEnded
		}
	case <-time.After(patience):
		return fmt.Errorf("no answer to %s", call)
	}
	if r.Error != nil {
		return r.Error
	}
	if result != nil {
		return json.Unmarshal(r.Result, result)
	}
	return nil
}

func (c *client) call(call string, params, result interface{}) {
	c.t.Helper()
	if err := c.try(call, params, result); err != nil {
		c.t.Fatalf("%s: %v", call, err)
	}
}

func helloOf(master string, epoch int64) wire.HelloParams {
	return wire.HelloParams{VersionMin: 1, Version: 1, MasterID: master, Epoch: epoch, AppVersion: "test"}
}

// greet connects and says hello.
func (h *host) greet() (*client, wire.HelloResult) {
	h.t.Helper()
	c := h.connect()
	var result wire.HelloResult
	c.call("hello", helloOf("master-test", 1), &result)
	return c, result
}

func shell(id, line string) map[string]interface{} {
	return map[string]interface{}{
		"taskId": id, "name": id,
		"resources": map[string]interface{}{"cpusMilli": 100, "memMib": 0, "diskMib": 0, "gpus": 0, "ports": []int{}},
		"command": map[string]interface{}{
			"shell": true, "value": line, "arguments": []string{}, "environment": []string{}, "workingFolder": nil, "user": nil,
		},
		"killPolicy": map[string]interface{}{"graceMs": 1000}, "labels": []string{},
	}
}

func argv(id string, args ...string) map[string]interface{} {
	info := shell(id, args[0])
	command := info["command"].(map[string]interface{})
	command["shell"], command["arguments"] = false, args
	return info
}

func with(info map[string]interface{}, field string, value interface{}) map[string]interface{} {
	info["command"].(map[string]interface{})[field] = value
	return info
}

func (c *client) launch(info map[string]interface{}) {
	c.t.Helper()
	c.call("task.launch", map[string]interface{}{"info": info}, nil)
}

// status waits for the next update and acknowledges it.
func (c *client) status() wire.Status {
	c.t.Helper()
	status := c.statusNoAck()
	c.ack(status)
	return status
}

func (c *client) statusNoAck() wire.Status {
	c.t.Helper()
	select {
	case status := <-c.statuses:
		return status
	case <-time.After(patience):
		c.t.Fatal("no status update came")
	}
	return wire.Status{}
}

func (c *client) ack(status wire.Status) {
	c.t.Helper()
	c.call("update.ack", wire.AckParams{TaskID: status.TaskID, UUID: *status.UUID}, nil)
}

// terminal waits for the end of one task and acknowledges all on the way.
func (c *client) terminal(id string) wire.Status {
	c.t.Helper()
	for {
		status := c.status()
		if status.TaskID == id && status.State != wire.StateRunning {
			return status
		}
	}
}

// log reads a whole log.
func (c *client) log(id, file string, follow bool) ([]byte, string) {
	c.t.Helper()
	var opened wire.LogOpenResult
	c.call("log.open", wire.LogOpenParams{TaskID: id, File: file, Follow: follow}, &opened)
	c.call("stream.credit", wire.CreditParams{Stream: opened.Stream, Bytes: 1 << 40}, nil)
	until := time.Now().Add(2 * patience)
	for time.Now().Before(until) {
		c.dataMu.Lock()
		cause, over := c.ends[opened.Stream]
		data := c.data[opened.Stream]
		c.dataMu.Unlock()
		if over {
			return data, cause
		}
		time.Sleep(time.Millisecond)
	}
	c.t.Fatal("the log did not end")
	return nil, ""
}

func pidAlive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func (h *host) file(id, name string) string { return filepath.Join(h.dir, "tasks", id, name) }

// pidIn waits for a pid that a task wrote.
func (h *host) pidIn(path string) int {
	h.t.Helper()
	pid := 0
	h.eventually("a pid in "+path, func() bool {
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(string(data), "\n") {
			return false
		}
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		return pid > 1
	})
	return pid
}

func exitCode(status wire.Status) string {
	if status.ExitCode == nil {
		return "none"
	}
	return strconv.Itoa(*status.ExitCode)
}
