package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func checkOf(probe map[string]interface{}, failures int) map[string]interface{} {
	return map[string]interface{}{"probe": probe, "delayMs": 0, "intervalMs": 100, "timeoutMs": 300, "failures": failures, "graceMs": 0}
}

func command(line string) map[string]interface{} {
	return map[string]interface{}{"kind": "command", "line": line}
}

// changed waits for a status that a check caused.
func (c *client) changed(id, reason string) wire.Status {
	c.t.Helper()
	for {
		if status := c.status(); status.TaskID == id && status.Reason != nil && *status.Reason == reason {
			return status
		}
	}
}

func TestUnhealthyIsEndedByTheKillPolicyAndStartsAgain(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	info := and(shell("t-sick", "touch well; sleep 1000"), "restart", restart("failure", nil))
	c.launch(and(info, "health", checkOf(command("test -e well && test -n \"$MESOS_TASK_ID\""), 3)))
	if status := c.changed("t-sick", wire.ReasonHealthCheck); status.State != wire.StateRunning || status.Healthy == nil || !*status.Healthy || status.Message != "healthy" {
		t.Fatalf("%+v", status)
	}
	if err := os.Remove(h.file("t-sick", "sandbox/well")); err != nil {
		t.Fatal(err)
	}
	sick := c.changed("t-sick", wire.ReasonHealthCheck)
	if sick.State != wire.StateRunning || sick.Healthy == nil || *sick.Healthy || sick.Message != "unhealthy: exit 1 three times in a row" {
		t.Errorf("%+v", sick)
	}
	ended := c.next("t-sick", wire.StateStarting)
	if ended.Reason == nil || *ended.Reason != wire.ReasonHealthCheck || ended.Message != "unhealthy: exit 1 three times in a row; killed by signal 15 (TERM)" || ended.Healthy != nil {
		t.Errorf("%+v", ended)
	}
	again := c.changed("t-sick", wire.ReasonHealthCheck)
	if !*again.Healthy || number(again.Restarts) != 1 {
		t.Errorf("%+v", again)
	}
}

func TestWithoutARestartPolicyAnUnhealthyTaskHasFailed(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	c.launch(and(shell("t-sick", "trap 'exit 0' TERM; sleep 1000 & wait"), "health", checkOf(command("exit 7"), 1)))
	status := c.end("t-sick")
	if status.State != wire.StateFailed || status.Message != "unhealthy: exit 7; exited with code 0" || *status.Reason != wire.ReasonHealthCheck {
		t.Errorf("%+v", status)
	}
}

// answerHTTP is a server whose answer can be changed: 0 gives none.
func answerHTTP(t *testing.T) (port int, status *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	status = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				buf := make([]byte, 4096)
				n, _ := conn.Read(buf)
				if code := status.Load(); code > 0 && strings.HasPrefix(string(buf[:n]), "GET /up?a=b HTTP/1.1\r\nHost: 127.0.0.1:") {
					_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok", code)
					return
				}
				time.Sleep(600 * time.Millisecond)
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, status
}

func TestReadinessOverHTTPIsToldAndNotActedOn(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	port, answer := answerHTTP(t)
	answer.Store(503)
	c.launch(and(shell("t-web", "sleep 1000"), "readiness", checkOf(map[string]interface{}{"kind": "http", "port": port, "path": "/up?a=b"}, 1)))
	expect := func(ready bool, words string) {
		t.Helper()
		status := c.changed("t-web", wire.ReasonCheck)
		if status.State != wire.StateRunning || status.Ready == nil || *status.Ready != ready || status.Message != words {
			t.Errorf("%+v", status)
		}
	}
	expect(false, "not ready: HTTP status 503")
	answer.Store(204)
	expect(true, "ready")
	answer.Store(0)
	expect(false, "not ready: HTTP: no answer in 300 ms")
	answer.Store(302)
	expect(true, "ready")
	// What was told is known to the next agent: nothing is told twice.
	h.kill9()
	h.start()
	c, hello := h.greet()
	if ready := hello.Tasks[0].Status.Ready; ready == nil || !*ready {
		t.Errorf("%+v", hello.Tasks[0].Status)
	}
	answer.Store(500)
	expect(false, "not ready: HTTP status 500")
}

func TestHealthOverTCP(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	port, _ := answerHTTP(t)
	c.launch(and(shell("t-up", "sleep 1000"), "health", checkOf(map[string]interface{}{"kind": "tcp", "port": port}, 2)))
	if status := c.changed("t-up", wire.ReasonHealthCheck); !*status.Healthy {
		t.Errorf("%+v", status)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	late := checkOf(map[string]interface{}{"kind": "tcp", "port": closed}, 2)
	late["graceMs"] = 400
	from := time.Now()
	c.launch(and(shell("t-down", "sleep 1000"), "health", late))
	status := c.end("t-down")
	if want := fmt.Sprintf("unhealthy: port %d: connection refused twice in a row; killed by signal 15 (TERM)", closed); status.Message != want || time.Since(from) < 400*time.Millisecond {
		t.Errorf("after %v: %+v", time.Since(from), status)
	}
}

func TestAProbeThatHangsIsEndedWithAllItStarted(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	pids := filepath.Join(filepath.Dir(h.dir), "pids")
	line := "trap '' TERM; echo $$ >> " + pids + "; setsid sh -c 'echo $$ >> " + pids + "; sleep 1000' & sleep 1000"
	c.launch(and(shell("t-hang", "sleep 1000"), "readiness", checkOf(command(line), 1)))
	if status := c.changed("t-hang", wire.ReasonCheck); status.Message != "not ready: no answer in 300 ms" {
		t.Errorf("%+v", status)
	}
	gone := func() bool {
		data, _ := os.ReadFile(pids)
		list := strings.Fields(string(data))
		alive := 0
		for _, text := range list {
			pid := 0
			if _, err := fmt.Sscan(text, &pid); err == nil && pidAlive(pid) {
				alive++
			}
		}
		return len(list) >= 2 && alive <= 2 // of the probe that runs now
	}
	h.eventually("only one probe lives", gone)
	h.kill9()
	h.eventually("a probe ends with its agent", func() bool {
		data, _ := os.ReadFile(pids)
		for _, text := range strings.Fields(string(data)) {
			pid := 0
			if _, err := fmt.Sscan(text, &pid); err == nil && pidAlive(pid) {
				return false
			}
		}
		return true
	})
	h.start()
	_, hello := h.greet()
	if hello.Tasks[0].Status.State != wire.StateRunning {
		t.Errorf("the task ended with the agent: %+v", hello.Tasks[0].Status)
	}
}

func TestAProbeRunsAsTheUserOfItsTaskInItsGroup(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	seen := "echo $(id -un) $OWN $(pwd) $(grep -c t-who /proc/self/cgroup)"
	info := with(shell("t-who", seen+" > own; sleep 1000"), "environment", []map[string]string{{"name": "OWN", "value": "mine"}})
	if os.Geteuid() == 0 { // only root runs tasks as others
		info = with(info, "user", "nobody")
	}
	c.launch(and(info, "health", checkOf(command("test -s own && "+seen+" > seen.tmp && mv seen.tmp seen"), 30)))
	if status := c.changed("t-who", wire.ReasonHealthCheck); !*status.Healthy {
		t.Fatalf("%+v", status)
	}
	own, _ := os.ReadFile(h.file("t-who", "sandbox/own")) // a difference is told below
	probe, err := os.ReadFile(h.file("t-who", "sandbox/seen"))
	if err != nil || string(probe) != string(own) || !strings.Contains(string(own), " mine "+h.file("t-who", "sandbox")) {
		t.Errorf("%v: the task is %q, its probe %q", err, own, probe)
	}
	if os.Geteuid() == 0 && !strings.HasPrefix(string(probe), "nobody ") {
		t.Errorf("%q", probe)
	}
}
