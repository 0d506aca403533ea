package container

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mesolite/agent/internal/cgroup"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

const patience = 15 * time.Second

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == Pump { // the runner starts this very program as its pump
		if err := RunPump(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fakeEngine is an engine whose containers are goroutine-less: they do what the test says.
type fakeEngine struct {
	t      *testing.T
	socket string
	server *http.Server

	mu         sync.Mutex
	containers map[string]*fakeContainer // by name
	images     map[string]bool
	starts     int
	// before is asked first for each call; it may answer it by itself.
	before func(method, path string, w http.ResponseWriter) bool
	pull   []string // lines
	hold   chan struct{}
}

type fakeContainer struct {
	engine.Container
	name  string
	spec  engine.Spec
	over  chan struct{}
	kills []string
}

func newFake(t *testing.T) *fakeEngine {
	t.Helper()
	f := &fakeEngine{
		t: t, socket: filepath.Join(t.TempDir(), "sock"), containers: map[string]*fakeContainer{}, images: map[string]bool{"img": true},
	}
	f.serve()
	t.Cleanup(f.stop)
	return f
}

func (f *fakeEngine) serve() {
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		f.t.Fatal(err)
	}
	f.server = &http.Server{Handler: http.HandlerFunc(f.answer)}
	go func(s *http.Server) { _ = s.Serve(listener) }(f.server)
}

// stop is the death of the engine; its containers live on.
func (f *fakeEngine) stop() { _ = f.server.Close() }

func refuse(w http.ResponseWriter, status int, words string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": words})
}

func (f *fakeEngine) answer(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.44")
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	if before != nil && before(r.Method, path, w) {
		return
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/_ping":
		w.Header().Set("Api-Version", "1.44")
		w.Header().Set("Server", "Docker/24.0.5 (linux)")
	case path == "/containers/create":
		f.create(w, r)
	case path == "/containers/json":
		f.list(w)
	case path == "/images/create":
		f.pulling(w, r)
	case parts[0] == "images":
		f.mu.Lock()
		known := f.images[strings.Join(parts[1:len(parts)-1], "/")]
		f.mu.Unlock()
		if !known {
			refuse(w, 404, "No such image")
			return
		}
		_, _ = w.Write([]byte(`{"Id":"sha256:1","Config":{"Entrypoint":["/entry"],"Cmd":["a","b"]}}`))
	case parts[0] == "containers" && len(parts) >= 2:
		f.container(w, r, parts)
	default:
		refuse(w, 404, "page not found")
	}
}

func (f *fakeEngine) create(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.containers[name] != nil {
		refuse(w, 409, "Conflict. The container name "+name+" is already in use")
		return
	}
	c := &fakeContainer{name: name, over: make(chan struct{})}
	if err := json.NewDecoder(r.Body).Decode(&c.spec); err != nil {
		refuse(w, 400, err.Error())
		return
	}
	c.ID, c.Image, c.State.Status, c.Config.Labels = fmt.Sprintf("%064d", len(f.containers)+1), "sha256:1", "created", c.spec.Labels
	f.containers[name] = c
	w.WriteHeader(201)
	_ = json.NewEncoder(w).Encode(map[string]string{"Id": c.ID})
}

func (f *fakeEngine) list(w http.ResponseWriter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []engine.Listed{}
	for _, c := range f.containers {
		all = append(all, engine.Listed{ID: c.ID, Labels: c.Config.Labels})
	}
	_ = json.NewEncoder(w).Encode(all)
}

func (f *fakeEngine) pulling(w http.ResponseWriter, r *http.Request) {
	for _, line := range f.pull {
		_, _ = fmt.Fprintln(w, line)
		w.(http.Flusher).Flush()
	}
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-r.Context().Done():
		}
	}
}

func (f *fakeEngine) container(w http.ResponseWriter, r *http.Request, parts []string) {
	f.mu.Lock()
	var c *fakeContainer
	for name, other := range f.containers {
		if name == parts[1] || other.ID == parts[1] {
			c = other
		}
	}
	if c == nil {
		f.mu.Unlock()
		refuse(w, 404, "No such container")
		return
	}
	verb := ""
	if len(parts) > 2 {
		verb = parts[2]
	}
	switch {
	case r.Method == "DELETE":
		delete(f.containers, c.name)
		w.WriteHeader(204)
	case verb == "json":
		_ = json.NewEncoder(w).Encode(c.Container)
	case verb == "start":
		if c.State.Status == "created" {
			f.starts++
			c.State.Status, c.State.Running, c.State.StartedAt = "running", true, "2026-01-02T03:04:05.678Z"
			c.begin()
		}
		w.WriteHeader(204)
	case verb == "kill":
		c.kills = append(c.kills, r.URL.Query().Get("signal"))
		if r.URL.Query().Get("signal") == "KILL" {
			c.endLocked(137)
		}
		w.WriteHeader(204)
	case verb == "wait":
		running := c.State.Running
		f.mu.Unlock()
		if running {
			select {
			case <-c.over:
			case <-r.Context().Done():
			}
		}
		_, _ = w.Write([]byte(`{"StatusCode":0}`))
		return
	}
	f.mu.Unlock()
}

// bind gives the place on this machine of a place in the container.
func (c *fakeContainer) bind(inside string) string {
	for _, b := range c.spec.HostConfig.Binds {
		if parts := strings.Split(b, ":"); parts[1] == inside {
			return parts[0]
		}
	}
	return ""
}

// begin does what our first program does.
func (c *fakeContainer) begin() {
	_ = os.WriteFile(c.bind(insideRun), []byte("S\n"), 0o600)
}

// say writes to the standard output of a container, as it would.
func (c *fakeContainer) say(t *testing.T, text string) {
	t.Helper()
	fifo, err := os.OpenFile(filepath.Join(c.bind(insideFolder), "out"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fifo.Close() }()
	if _, err := fifo.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func (c *fakeContainer) endLocked(code int) {
	if !c.State.Running {
		return
	}
	c.State.Status, c.State.Running, c.State.ExitCode, c.State.FinishedAt = "exited", false, code, "2026-01-02T03:04:06.789Z"
	close(c.over)
}

func (f *fakeEngine) end(name string, code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.containers[name].endLocked(code)
}

func (f *fakeEngine) get(name string) *fakeContainer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.containers[name]
}

// put makes a container by hand.
func (f *fakeEngine) put(name, status string, labels map[string]string) *fakeContainer {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &fakeContainer{name: name, over: make(chan struct{})}
	c.ID, c.State.Status, c.State.Running, c.Config.Labels = fmt.Sprintf("%064d", 900+len(f.containers)), status, status == "running", labels
	f.containers[name] = c
	return c
}

// rig is an agent as far as this package needs one.
type rig struct {
	*Runner
	t        *testing.T
	fake     *fakeEngine
	news     chan launch.News
	progress chan wire.ProgressEvent
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, fake: newFake(t)}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tasks"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.restart(dir)
	t.Cleanup(func() { r.Close(false) })
	return r
}

// restart is a new agent in the same folder; nothing of the old one is told any more.
func (r *rig) restart(dir string) {
	news, progress := make(chan launch.News, 100), make(chan wire.ProgressEvent, 1000)
	r.news, r.progress = news, progress
	finder := engine.NewFinder(dir, "")
	finder.Getenv = func(name string) string {
		if name == "DOCKER_HOST" {
			return "unix://" + r.fake.socket
		}
		return ""
	}
	finder.LookFor = func(string) (string, error) { return "", os.ErrNotExist }
	finder.Root = "/nowhere"
	if r.Runner != nil {
		r.Close(true)
	}
	r.Runner = &Runner{
		Dir: dir, AgentID: "a-1", Exe: "/proc/self/exe", Engines: finder, Cgroups: &cgroup.Driver{Kind: cgroup.KindNone},
		Tell: func(n launch.News) { news <- n }, Progress: func(e wire.ProgressEvent) { progress <- e },
		Log: func(string, ...interface{}) {},
	}
}

func task(id string) wire.TaskInfo {
	return wire.TaskInfo{
		TaskID: id, Name: id, Command: wire.Command{Value: "/x", Arguments: []string{"x"}},
		Container: &wire.Container{Image: "img", Pull: "missing", Network: "bridge"},
	}
}

func (r *rig) next() launch.News {
	r.t.Helper()
	select {
	case n := <-r.news:
		return n
	case <-time.After(patience):
		r.t.Fatal("no news")
	}
	return launch.News{}
}

func (r *rig) started() launch.News {
	r.t.Helper()
	n := r.next()
	if !n.Started {
		r.t.Fatalf("not started: %+v %+v", n, n.Exit)
	}
	return n
}

func (r *rig) exit() *launch.Exit {
	r.t.Helper()
	n := r.next()
	if n.Exit == nil {
		r.t.Fatalf("no exit: %+v", n)
	}
	return n.Exit
}

func (r *rig) eventually(what string, is func() bool) {
	r.t.Helper()
	for until := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			r.t.Fatalf("never came true: %s", what)
		}
	}
}

func (r *rig) quiet() {
	r.t.Helper()
	select {
	case n := <-r.news:
		r.t.Errorf("unexpected news: %+v %+v", n, n.Exit)
	default:
	}
}
