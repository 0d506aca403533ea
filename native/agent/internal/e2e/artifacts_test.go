package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func text(s string) *string { return &s }

func (c *client) phases(task string) map[string]int {
	c.dataMu.Lock()
	defer c.dataMu.Unlock()
	seen := map[string]int{}
	for _, p := range c.progress {
		if p.TaskID == task {
			seen[p.Phase]++
		}
	}
	return seen
}

func (c *client) refusal(call string, params interface{}) wire.Error {
	c.t.Helper()
	err := c.try(call, params, nil)
	var refused *wire.Error
	if !errors.As(err, &refused) {
		c.t.Fatalf("%s was not refused: %v", call, err)
	}
	return *refused
}

func bringing(info map[string]interface{}, artifacts ...wire.Artifact) map[string]interface{} {
	info["artifacts"] = artifacts
	return info
}

// packed is a file of an archive.
type packed struct {
	name, body string
	mode       int64
}

func tarGz(t *testing.T, files ...packed) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, file := range files {
		err := archive.WriteHeader(&tar.Header{Name: file.name, Typeflag: tar.TypeReg, Mode: file.mode, Size: int64(len(file.body))})
		if err == nil {
			_, err = archive.Write([]byte(file.body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if archive.Close() != nil || zipped.Close() != nil {
		t.Fatal("the archive cannot be closed")
	}
	return out.Bytes()
}

func TestUploadedArtifactsComeIntoTheSandboxBeforeTheStart(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	plain := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	archive := tarGz(t, packed{"bin/tool", "#!/bin/sh\necho tool runs\n", 0o4777}, packed{"data/a.txt", "A", 0o600})

	info := bringing(shell("t-bring", "./pack/bin/tool && cat pack/data/a.txt && wc -c < deep/in/plain && test -x run.sh && ./run.sh; stat -c %a pack/bin/tool deep/in/plain"),
		wire.Artifact{SHA256: text(hashOf(plain)), Path: "deep/in/plain"},
		wire.Artifact{SHA256: text(hashOf(archive)), Path: "pack", Extract: true},
		wire.Artifact{SHA256: text(hashOf([]byte("#!/bin/sh\necho mine\n"))), Path: "run.sh", Executable: true})
	refused := c.refusal("task.launch", map[string]interface{}{"info": info})
	if refused.Code != "not-found" || refused.Reason != "artifact-missing" || len(strings.Fields(refused.Detail)) != 3 || !strings.Contains(refused.Detail, hashOf(plain)) {
		t.Fatalf("refusal: %+v", refused)
	}
	if _, err := os.Lstat(h.file("t-bring", "")); !os.IsNotExist(err) {
		t.Errorf("something was written for a refused task: %v", err)
	}
	for _, data := range [][]byte{plain, archive, []byte("#!/bin/sh\necho mine\n")} {
		c.put(data)
	}
	var found wire.ArtifactFindResult
	c.call("artifact.find", wire.ArtifactFindParams{SHA256: []string{hashOf(plain), strings.Repeat("0", 64)}}, &found)
	if len(found.Present) != 1 || found.Present[0] != hashOf(plain) {
		t.Errorf("find: %v", found)
	}
	c.launch(info)
	if end := c.terminal("t-bring"); end.State != wire.StateFinished {
		t.Fatalf("end: %+v", end)
	}
	if out, _ := c.log("t-bring", "stdout", true); string(out) != "tool runs\nA1600000\nmine\n755\n644\n" {
		t.Errorf("stdout %q", out)
	}
}

// server serves files, and counts what it is asked for.
type server struct {
	*httptest.Server
	asked atomic.Int64
	mu    sync.Mutex
	marks []string // Range headers
}

func newServer(t *testing.T, handle func(s *server, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		s.marks = append(s.marks, r.Header.Get("Range"))
		s.mu.Unlock()
		handle(s, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAddressesAreFetchedByTheAgent(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	archive := tarGz(t, packed{"hello", "from the archive", 0o644})
	s := newServer(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/plain", http.StatusFound)
		case "/plain":
			_, _ = w.Write([]byte("plain bytes"))
		case "/archive":
			_, _ = w.Write(archive)
		default:
			http.NotFound(w, r)
		}
	})
	both := func(id string) map[string]interface{} {
		return bringing(shell(id, "cat moved hello; test ! -x moved"),
			wire.Artifact{URL: text(s.URL + "/moved"), Path: "moved"},
			wire.Artifact{URL: text(s.URL + "/archive"), SHA256: text(hashOf(archive)), Path: ".", Extract: true})
	}
	for i, asked := range []int64{3, 5} { // the archive is fetched once
		id := "t-fetch" + strconv.Itoa(i)
		c.launch(both(id))
		if end := c.terminal(id); end.State != wire.StateFinished {
			t.Fatalf("end: %+v", end)
		}
		if out, _ := c.log(id, "stdout", true); string(out) != "plain bytesfrom the archive" {
			t.Errorf("stdout %q", out)
		}
		if s.asked.Load() != asked {
			t.Errorf("the server was asked %d times", s.asked.Load())
		}
	}
}

func TestABrokenDownloadGoesOnWhereItWas(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	data := bytes.Repeat([]byte("0123456789"), 200_000)
	s := newServer(t, func(s *server, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		if s.asked.Load() == 1 {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data[:700_000])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "data", time.Time{}, bytes.NewReader(data))
	})
	c.launch(bringing(shell("t-range", "sha256sum data"), wire.Artifact{URL: text(s.URL), SHA256: text(hashOf(data)), Path: "data"}))
	if end := c.terminal("t-range"); end.State != wire.StateFinished {
		t.Fatalf("end: %+v", end)
	}
	if out, _ := c.log("t-range", "stdout", true); !strings.HasPrefix(string(out), hashOf(data)) {
		t.Errorf("stdout %q", out)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.marks) != 2 || s.marks[1] == "" {
		t.Errorf("asked for %q", s.marks)
	}
}

func TestWhatCannotBeFetchedIsSaidInWords(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	s := newServer(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/bytes":
			_, _ = w.Write([]byte("bytes"))
		case "/xz":
			_, _ = w.Write([]byte("\xfd7zXZ\x00 and so on"))
		case "/huge":
			w.Header().Set("Content-Length", "1125899906842624")
			_, _ = w.Write([]byte("x"))
		default:
			http.NotFound(w, r)
		}
	})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	withPassword := "http://me:" + "secret@" + strings.TrimPrefix(s.URL, "http://") + "/none"
	for i, want := range []struct {
		artifact wire.Artifact
		words    string
	}{
		{wire.Artifact{URL: text(s.URL + "/none"), Path: "x"}, "fetch " + s.URL + "/none: the server answered 404 Not Found"},
		{wire.Artifact{URL: text(withPassword), Path: "x"}, "me:xxxxx@"},
		{wire.Artifact{URL: text(s.URL + "/loop"), Path: "x"}, "more than 10 redirects"},
		{wire.Artifact{URL: text(s.URL + "/file"), Path: "x"}, "it redirects to file:///etc/passwd, and only http and https are fetched"},
		{wire.Artifact{URL: text(s.URL + "/bytes"), SHA256: text(strings.Repeat("0", 64)), Path: "x"}, "its SHA-256 is " + hashOf([]byte("bytes"))},
		{wire.Artifact{URL: text(s.URL + "/bytes"), Path: "x", Extract: true}, "it is neither tar, tar.gz, tar.bz2 nor zip"},
		{wire.Artifact{URL: text(s.URL + "/xz"), Path: "x", Extract: true}, "packed with xz, which is not supported"},
		{wire.Artifact{URL: text(s.URL + "/huge"), Path: "x"}, "there is room for"},
		{wire.Artifact{URL: text("http://" + closed.Addr().String() + "/"), Path: "x"}, "the connection was refused"},
	} {
		id := "t-words" + strconv.Itoa(i)
		c.launch(bringing(shell(id, "true"), want.artifact))
		end := c.terminal(id)
		if end.State != wire.StateFailed || end.Reason == nil || *end.Reason != wire.ReasonLaunchFailed || !strings.HasPrefix(end.Message, "cannot start: ") ||
			!strings.Contains(end.Message, want.words) || strings.Contains(end.Message, "secret@") {
			t.Errorf("%d: %+v, want %q", i, end, want.words)
		}
	}
}

func TestAKillDuringThePreparationWorksAtOnce(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	asked := make(chan struct{}, 1)
	s := newServer(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(make([]byte, 100_000))
		w.(http.Flusher).Flush()
		asked <- struct{}{}
		<-r.Context().Done() // the agent hangs up
	})
	c.launch(bringing(shell("t-slow", "true"), wire.Artifact{URL: text(s.URL), Path: "x"}))
	<-asked
	h.eventually("progress is told", func() bool { return c.phases("t-slow")["fetch"] > 0 })
	c.call("task.kill", wire.KillParams{TaskID: "t-slow"}, nil)
	if end := c.terminal("t-slow"); end.State != wire.StateKilled {
		t.Fatalf("end: %+v", end)
	}
	c.call("task.forget", wire.TaskParams{TaskID: "t-slow"}, nil)
	h.eventually("its folder is gone", func() bool { _, err := os.Lstat(h.file("t-slow", "")); return os.IsNotExist(err) })
}

func TestACrashDuringThePreparationBeginsItAnew(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	first := make(chan struct{}, 2)
	go1 := make(chan struct{})
	s := newServer(t, func(s *server, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/one" {
			_, _ = w.Write([]byte("one"))
			return
		}
		first <- struct{}{}
		select {
		case <-go1:
			_, _ = w.Write([]byte("two"))
		case <-r.Context().Done():
		}
	})
	c.launch(bringing(shell("t-anew", "ls; cat one two"), wire.Artifact{URL: text(s.URL + "/one"), Path: "one"}, wire.Artifact{URL: text(s.URL + "/two"), Path: "two"}))
	<-first
	h.kill9()
	if err := os.WriteFile(h.file("t-anew", "sandbox/litter"), []byte("of a try that was cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start()
	c, hello := h.greet()
	if len(hello.Tasks) != 1 {
		t.Fatalf("tasks: %+v", hello.Tasks)
	}
	<-first
	close(go1)
	if end := c.terminal("t-anew"); end.State != wire.StateFinished {
		t.Fatalf("end: %+v", end)
	}
	if out, _ := c.log("t-anew", "stdout", true); string(out) != "one\ntwo\nonetwo" {
		t.Errorf("stdout %q", out)
	}
}

func TestArtifactsBelongToTheTasksUser(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	archive := tarGz(t, packed{"d/f", "x", 0o6777})
	c.put(archive)
	c.put([]byte("plain"))
	info := bringing(shell("t-other", "find . -mindepth 1 -printf '%p %u %m\\n' | sort; touch d/new"),
		wire.Artifact{SHA256: text(hashOf(archive)), Path: ".", Extract: true}, wire.Artifact{SHA256: text(hashOf([]byte("plain"))), Path: "e/plain"})
	info["results"] = []string{"**"}
	if !c.launchAsNobody(info) {
		return
	}
	if end := c.terminal("t-other"); end.State != wire.StateFinished {
		t.Fatalf("end: %+v", end)
	}
	if out, _ := c.log("t-other", "stdout", true); string(out) != "./d nobody 755\n./d/f nobody 755\n./e nobody 755\n./e/plain nobody 644\n" {
		t.Errorf("stdout %q", out)
	}
	var list wire.ResultsListResult
	c.call("results.list", wire.ResultsListParams{TaskID: "t-other"}, &list)
	if len(list.Files) != 3 || list.Left != 0 || list.Files[0].Path != "d/f" || list.Files[2].SHA256 != hashOf([]byte("plain")) {
		t.Errorf("results %+v", list)
	}
}

func TestResultsAreListedWithTheirHashesBeforeTheEndIsTold(t *testing.T) {
	h := newHost(t)
	c, _ := h.greet()
	info := shell("t-results", "mkdir -p out/deep; echo a > out/a.txt; echo b > out/deep/b.txt; echo c > c.log; ln -s out/a.txt latest; ln -s /etc/passwd out/passwd.txt; ln -s .. out/up; exit 3")
	info["results"] = []string{"out/**/*.txt", "latest", "none*"}
	c.launch(info)
	if refused := c.refusal("results.list", wire.ResultsListParams{TaskID: "t-nobody"}); refused.Code != "not-found" {
		t.Errorf("of an unknown task: %+v", refused)
	}
	if end := c.terminal("t-results"); end.State != wire.StateFailed || exitCode(end) != "3" {
		t.Fatalf("end: %+v", end)
	}
	var list wire.ResultsListResult
	c.call("results.list", wire.ResultsListParams{TaskID: "t-results"}, &list)
	want := []wire.ResultFile{
		{Path: "latest", SizeBytes: 2, SHA256: hashOf([]byte("a\n"))}, {Path: "out/a.txt", SizeBytes: 2, SHA256: hashOf([]byte("a\n"))},
		{Path: "out/deep/b.txt", SizeBytes: 2, SHA256: hashOf([]byte("b\n"))},
	}
	if fmt.Sprint(list.Files) != fmt.Sprint(want) || list.Left != 0 || list.More {
		t.Errorf("results %+v", list)
	}
	var page wire.ResultsListResult
	c.call("results.list", wire.ResultsListParams{TaskID: "t-results", After: "out/a.txt"}, &page)
	if len(page.Files) != 1 || page.Files[0].Path != "out/deep/b.txt" {
		t.Errorf("page %+v", page)
	}
}
