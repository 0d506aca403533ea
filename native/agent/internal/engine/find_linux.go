package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mesolite/agent/internal/wire"
)

const (
	// askLimit is how long an engine has to say who it is: a dead one must not hold anything up.
	askLimit = 2 * time.Second
	// knownFor is how long the answer is good.
	knownFor = 30 * time.Second
	// firstWait is how long the first hello may be held up.
	firstWait = time.Second
	// serviceIdleS is how long a Podman service of ours stays when nobody asks anything of it.
	serviceIdleS = 10
	serviceLimit = 15 * time.Second
)

// Finder knows the engines of this machine. It may be used from any goroutine.
type Finder struct {
	Dir     string                   // ours, for the socket of a Podman service
	Getenv  func(name string) string // os.Getenv
	Root    string                   // where /run and /var are looked for
	LookFor func(program string) (path string, err error)

	asking  sync.Mutex // one search at a time
	mu      sync.Mutex
	known   []*Client
	knownAt time.Time
	podman  *wire.Engine // the program, when no service of it runs
	service *exec.Cmd
	quiet   bool // a socket is there whose engine did not answer
}

// NewFinder looks at this machine.
func NewFinder(dir, root string) *Finder {
	return &Finder{Dir: dir, Getenv: os.Getenv, Root: root, LookFor: exec.LookPath}
}

// sockets in the order they are asked.
func (f *Finder) sockets() []string {
	var list []string
	seen := map[string]bool{}
	add := func(path string) {
		if path == "" || seen[path] {
			return
		}
		seen[path] = true
		if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
			list = append(list, path)
		}
	}
	for _, name := range []string{"DOCKER_HOST", "CONTAINER_HOST"} {
		if path := strings.TrimPrefix(f.Getenv(name), "unix://"); strings.HasPrefix(path, "/") {
			add(path)
		}
	}
	own := f.Getenv("XDG_RUNTIME_DIR")
	if own == "" {
		own = f.Root + "/run/user/" + strconv.Itoa(os.Geteuid())
	}
	add(f.Root + "/var/run/docker.sock")
	add(filepath.Join(own, "docker.sock"))
	add(f.Root + "/run/podman/podman.sock")
	add(filepath.Join(own, "podman", "podman.sock"))
	add(f.socket())
	return list
}

func (f *Finder) socket() string { return filepath.Join(f.Dir, "podman.sock") }

// Known are the engines that answered last, for the facts. An old answer is asked for anew meanwhile; only the very
// first one is waited for, a little.
func (f *Finder) Known() []wire.Engine {
	f.mu.Lock()
	if time.Since(f.knownAt) > knownFor {
		looked := make(chan struct{})
		first := f.knownAt.IsZero()
		go func() {
			f.Look(context.Background())
			close(looked)
		}()
		f.mu.Unlock()
		if first {
			select {
			case <-looked:
			case <-time.After(firstWait):
			}
		}
		f.mu.Lock()
	}
	defer f.mu.Unlock()
	list := []wire.Engine{}
	for _, c := range f.known {
		list = append(list, c.About)
	}
	if f.podman != nil && f.clientLocked(wire.EnginePodman) == nil {
		list = append(list, *f.podman)
	}
	return list
}

// Look asks every socket at the same time.
func (f *Finder) Look(ctx context.Context) {
	f.asking.Lock()
	defer f.asking.Unlock()
	f.mu.Lock()
	fresh := time.Since(f.knownAt) < time.Second
	f.mu.Unlock()
	if fresh {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	sockets := f.sockets()
	found, failed := make([]*Client, len(sockets)), make([]error, len(sockets))
	var all sync.WaitGroup
	for i, socket := range sockets {
		all.Add(1)
		go func(i int, socket string) {
			defer all.Done()
			found[i], failed[i] = Open(ctx, socket) // one that does not answer is none
		}(i, socket)
	}
	program := f.askProgram(ctx)
	all.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known, f.podman, f.knownAt, f.quiet = nil, program, time.Now(), false
	for _, err := range failed {
		f.quiet = f.quiet || err != nil && !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.EACCES)
	}
	for _, c := range found {
		if c != nil && f.clientLocked(c.About.Engine) == nil {
			f.known = append(f.known, c)
		}
	}
}

// askProgram finds a Podman without a service: it can be given one.
func (f *Finder) askProgram(ctx context.Context) *wire.Engine {
	f.mu.Lock()
	known := f.podman
	f.mu.Unlock()
	path, err := f.LookFor("podman")
	if err != nil || f.Root != "" {
		return nil
	}
	if known != nil {
		return known // asking costs some 50 ms of a CPU: once is enough
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) != 3 {
		return nil
	}
	return &wire.Engine{Engine: wire.EnginePodman, Version: fields[2], Rootless: os.Geteuid() != 0}
}

func (f *Finder) clientLocked(kind string) *Client {
	for _, c := range f.known {
		if kind == "" || c.About.Engine == kind {
			return c
		}
	}
	return nil
}

// ErrNone says that there is no engine of the kind asked for.
var ErrNone = errors.New("no container engine answers on this machine")

// Client gives an engine of a kind (empty: whichever there is, Docker first) that answered a moment ago.
func (f *Finder) Client(ctx context.Context, kind string) (*Client, error) {
	if c := f.alive(ctx, kind); c != nil {
		return c, nil
	}
	f.Look(ctx)
	f.mu.Lock()
	c, program := f.clientLocked(kind), f.podman
	f.mu.Unlock()
	// One that is there and says nothing may be busy, or just starting: a task can wait a little.
	for until := time.Now().Add(serviceLimit); c == nil && program == nil && len(f.sockets()) > 0 && time.Now().Before(until) && f.silent(); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
		f.Look(ctx)
		f.mu.Lock()
		c, program = f.clientLocked(kind), f.podman
		f.mu.Unlock()
	}
	if c != nil {
		return c, nil
	}
	if program != nil && kind != wire.EngineDocker {
		return f.serve(ctx)
	}
	if kind != "" {
		return nil, errors.New("no engine of the kind " + kind + " answers on this machine")
	}
	return nil, ErrNone
}

func (f *Finder) silent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.quiet
}

// alive is the engine known, if it still answers.
func (f *Finder) alive(ctx context.Context, kind string) *Client {
	f.mu.Lock()
	c := f.clientLocked(kind)
	f.mu.Unlock()
	if c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	if c.get(ctx, "/_ping", nil) != nil {
		f.mu.Lock()
		f.knownAt = time.Time{}
		f.mu.Unlock()
		return nil
	}
	return c
}

// serve starts a Podman service of ours. It ends by itself when nobody is connected to it; while a container of ours
// runs, somebody is. A crash of the agent leaves it to the next one, which finds its socket.
func (f *Finder) serve(ctx context.Context) (*Client, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	if c, err := Open(ctx, f.socket()); err == nil {
		return f.remember(c), nil // another task was first
	}
	path, err := f.LookFor("podman")
	if err != nil {
		return nil, ErrNone
	}
	_ = os.Remove(f.socket()) // nobody answers there
	cmd := exec.Command(path, "system", "service", "--time="+strconv.Itoa(serviceIdleS), "unix://"+f.socket())
	cmd.Dir = f.Dir
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "CONTAINER_HOST=") { // with one it would be a client of another
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	words := &tail{}
	cmd.Stderr = words
	if err := cmd.Start(); err != nil {
		return nil, errors.New("cannot start the service of Podman: " + err.Error())
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended shows in what it said
		close(ended)
	}()
	f.mu.Lock()
	f.service = cmd
	f.mu.Unlock()
	for {
		if c, err := Open(ctx, f.socket()); err == nil {
			return f.remember(c), nil
		}
		select {
		case <-ended:
			return nil, errors.New("the service of Podman ended: " + words.String())
		case <-ctx.Done():
			return nil, errors.New("the service of Podman does not answer")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (f *Finder) remember(c *Client) *Client {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := f.known[:0:0]
	for _, other := range f.known {
		if other.About.Engine != c.About.Engine {
			kept = append(kept, other)
		}
	}
	f.known = append(kept, c)
	return c
}

// Close ends the service of ours, which holds no container: each has a monitor of its own.
func (f *Finder) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.service != nil {
		_ = f.service.Process.Signal(syscall.SIGTERM) // gone is fine
		f.service = nil
	}
}

// tail keeps the end of what a program says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > maxWords {
		t.text = append([]byte(nil), t.text[len(t.text)-maxWords:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return oneLine(string(t.text))
}

// At gives the engine behind a socket, if it answers; the service of ours is started again.
func (f *Finder) At(ctx context.Context, socket string) (*Client, error) {
	within, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	f.mu.Lock()
	var known *Client
	for _, c := range f.known {
		if c.Socket == socket {
			known = c
		}
	}
	f.mu.Unlock()
	if known != nil && known.get(within, "/_ping", nil) == nil {
		return known, nil
	}
	c, err := Open(within, socket)
	if err != nil && socket == f.socket() {
		return f.serve(ctx)
	}
	if err != nil {
		return nil, err
	}
	return f.remember(c), nil
}

// All gives every engine that answers, and starts the service of ours if there was one.
func (f *Finder) All(ctx context.Context) []*Client {
	f.Look(ctx)
	if _, err := os.Stat(f.socket()); err == nil {
		_, _ = f.At(ctx, f.socket()) // none: then it has no containers of ours either
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Client(nil), f.known...)
}
