package e2e

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func TestAnAddressOverTLSNeedsAnAuthorityTheMachineKnows(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("over TLS")) }))
	t.Cleanup(s.Close)
	own := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_DIR", "/nonexistent")
	for _, c := range []struct{ name, bundle, state, words string }{
		{"known", own, wire.StateFinished, ""},
		{"none", "/nonexistent", wire.StateFailed, "this machine has no certificates of authorities (package ca-certificates)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("SSL_CERT_FILE", c.bundle)
			h := newHost(t)
			m, _ := h.greet()
			m.launch(bringing(shell("t-tls", "grep -q 'over TLS' x"), wire.Artifact{URL: text(s.URL), Path: "x"}))
			if end := m.terminal("t-tls"); end.State != c.state || !strings.Contains(end.Message, c.words) {
				t.Errorf("end: %+v", end)
			}
		})
	}
}

func TestTasksThatNeedTheSameAddressFetchItOnce(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	data := bytes.Repeat([]byte("shared"), 100_000)
	open := make(chan struct{})
	s := newServer(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		select {
		case <-open:
		case <-r.Context().Done():
		}
		_, _ = w.Write(data)
	})
	ids := []string{"t-one", "t-two", "t-three", "t-four", "t-five", "t-six"}
	for _, id := range ids {
		c.launch(bringing(shell(id, "wc -c < data"), wire.Artifact{URL: text(s.URL), SHA256: text(hashOf(data)), Path: "data"}))
	}
	h.eventually("the server is asked", func() bool { return s.asked.Load() > 0 })
	close(open)
	ended := map[string]string{}
	for len(ended) < len(ids) {
		if status := c.status(); status.State != wire.StateRunning {
			ended[status.TaskID] = status.State
		}
	}
	for id, state := range ended {
		if state != wire.StateFinished {
			t.Errorf("%s: %s", id, state)
		}
	}
	if s.asked.Load() != 1 {
		t.Errorf("the server was asked %d times", s.asked.Load())
	}
}

func TestAFetchThatFailsIsTriedAgainWhenThePolicySaysSo(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	s := newServer(t, func(s *server, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" && s.asked.Load() < 4 {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("bytes"))
	})
	info := bringing(shell("t-again", "ls"), wire.Artifact{URL: text(s.URL + "/first"), Path: "first"}, wire.Artifact{URL: text(s.URL + "/late"), Path: "late"})
	info["restart"] = wire.Restart{On: wire.RestartFailure}
	c.launch(info)
	waits := 0
	for {
		status := c.status()
		if status.State == wire.StateStarting && strings.Contains(status.Message, "404 Not Found") {
			waits++
		}
		if status.State == wire.StateFinished {
			break
		}
		if status.State == wire.StateFailed {
			t.Fatalf("end: %+v", status)
		}
	}
	if out, _ := c.log("t-again", "stdout", true); waits != 1 || string(out) != "first\nlate\n" {
		t.Errorf("%d waits, stdout %q", waits, out)
	}
}

func TestAKillEndsTheCollectingOfResults(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	info := shell("t-huge", "echo small > a; truncate -s 1T huge")
	info["results"] = []string{"*"}
	c.launch(info)
	h.eventually("it collects", func() bool { return c.phases("t-huge")["collect"] > 0 })
	c.call("task.kill", wire.KillParams{TaskID: "t-huge"}, nil)
	begin := time.Now()
	if end := c.terminal("t-huge"); end.State != wire.StateFinished {
		t.Fatalf("end: %+v", end)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	var list wire.ResultsListResult
	c.call("results.list", wire.ResultsListParams{TaskID: "t-huge"}, &list)
	if list.Left < 1 || len(list.Files) > 1 {
		t.Errorf("results %+v", list)
	}
}

func TestACrashWhileResultsAreCollectedLosesNothing(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	info := shell("t-crash", "truncate -s 1T huge; exit 4")
	info["results"] = []string{"*"}
	c.launch(info)
	h.eventually("it collects", func() bool { return c.phases("t-crash")["collect"] > 0 })
	h.kill9()
	h.start()
	c, _ = h.greet()
	h.eventually("it collects again", func() bool { return c.phases("t-crash")["collect"] > 0 })
	c.call("task.kill", wire.KillParams{TaskID: "t-crash"}, nil)
	if end := c.terminal("t-crash"); end.State != wire.StateFailed || exitCode(end) != "4" {
		t.Fatalf("end: %+v", end)
	}
}

func TestAnAgentThatDiedLeavesNoErrandBehind(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	hungUp := make(chan struct{}, 10)
	s := newServer(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		hungUp <- struct{}{}
	})
	c.launch(bringing(shell("t-orphan", "true"), wire.Artifact{URL: text(s.URL), Path: "x"}))
	h.eventually("it fetches", func() bool { return s.asked.Load() > 0 })
	h.kill9()
	select {
	case <-hungUp:
	case <-time.After(patience):
		t.Error("the download goes on without its agent")
	}
	h.start()
	c, _ = h.greet()
	c.call("task.kill", wire.KillParams{TaskID: "t-orphan"}, nil)
	if end := c.terminal("t-orphan"); end.State != wire.StateKilled {
		t.Fatalf("end: %+v", end)
	}
}

func TestTheSizesThatWereAskedForHold(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	large := bytes.Repeat([]byte("x"), 3<<20)
	archive := tarGz(t, packed{"large", string(large), 0o644})
	c.put(large)
	c.put(archive)
	for id, artifact := range map[string]wire.Artifact{
		"t-place": {SHA256: text(hashOf(large)), Path: "x"}, "t-unpack": {SHA256: text(hashOf(archive)), Path: "x", Extract: true},
	} {
		info := bringing(shell(id, "true"), artifact)
		info["resources"].(map[string]interface{})["diskMib"] = 2
		c.launch(info)
		end := c.terminal(id)
		if end.State != wire.StateFailed || *end.Reason != wire.ReasonLaunchFailed || !strings.Contains(end.Message, "2 MiB") {
			t.Errorf("%s: %+v", id, end)
		}
	}
	keeping := wire.DefaultKeeping
	keeping.CacheMib = 16
	c.call("agent.configure", wire.ConfigureParams{Keeping: keeping}, nil)
	h.eventually("the cache is smaller", func() bool {
		refused := c.try("artifact.put", wire.ArtifactPutParams{SHA256: strings.Repeat("c", 64), SizeBytes: 17 << 20}, nil)
		return refused != nil && strings.Contains(refused.Error(), "cache-small")
	})
}

func TestAnUploadThatWaitsHoldsNobodyUp(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	data := bytes.Repeat([]byte("slow"), 1<<20)
	c.upload(data, 100_000) // and no more for now
	begin := time.Now()
	for i := 0; i < 100; i++ {
		c.call("ping", struct{}{}, nil)
	}
	c.launch(shell("t-beside", "true"))
	if end := c.terminal("t-beside"); end.State != wire.StateFinished {
		t.Errorf("end: %+v", end)
	}
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("it took %s", took)
	}
}
