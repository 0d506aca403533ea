//go:build engine

package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// A real Podman, in a mount namespace of its own, with all its state in a folder that goes with the test. Its programs
// come from MESOLITE_PODMAN_ROOT (unpacked packages, laid over /usr and /etc there), or from the machine.

const podmanConf = `
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
tmp_dir = "%[1]s/libpod"
[network]
network_config_dir = "%[1]s/net"
`

const storageConf = `
[storage]
driver = "vfs"
graphroot = "%[1]s/graph"
runroot = "%[1]s/runroot"
`

// insideNamespace lays the programs over the machine's, and hides the second cgroup tree that crun does not like.
const insideNamespace = `
set -e
dir=$1 root=$2; shift 2
if [ -n "$root" ]; then
  for part in usr etc; do
    mount -t overlay overlay -o "lowerdir=$root/$part:/$part" "/$part"
  done
fi
[ -f /sys/fs/cgroup/cgroup.controllers ] || umount /sys/fs/cgroup/unified 2>/dev/null || true
exec "$@"
`

// realEngine is one Podman service.
type realEngine struct {
	t      *testing.T
	dir    string
	socket string
	cmd    *exec.Cmd
	gone   chan struct{}
	http   *http.Client
}

// newEngine starts a Podman with the test image in it.
func newEngine(t *testing.T) *realEngine {
	t.Helper()
	needsRoot(t) // for a Podman of our own
	dir, err := os.MkdirTemp("", "mesolite-engine-")
	if err != nil {
		t.Fatal(err)
	}
	e := &realEngine{t: t, dir: dir, socket: filepath.Join(dir, "podman.sock")}
	e.write("containers.conf", fmt.Sprintf(podmanConf, dir))
	e.write("storage.conf", fmt.Sprintf(storageConf, dir))
	e.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", e.socket)
	}}}
	t.Cleanup(e.remove)
	e.start()
	e.load(testImage)
	return e
}

func (e *realEngine) write(name, text string) {
	e.t.Helper()
	if err := os.WriteFile(filepath.Join(e.dir, name), []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

func (e *realEngine) command(args ...string) *exec.Cmd {
	all := append([]string{"-m", "--propagation", "private", "sh", "-c", insideNamespace, "sh", e.dir, os.Getenv("MESOLITE_PODMAN_ROOT"), "podman"}, args...)
	cmd := exec.Command("unshare", all...)
	cmd.Env = append(localEnv(), "CONTAINERS_CONF="+e.dir+"/containers.conf", "CONTAINERS_STORAGE_CONF="+e.dir+"/storage.conf",
		"CONTAINERS_REGISTRIES_CONF="+e.dir+"/registries.conf")
	return cmd
}

// localEnv is ours without what would make Podman a client of another one.
func localEnv() []string {
	var list []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "CONTAINER_HOST=") {
			list = append(list, pair)
		}
	}
	return list
}

func (e *realEngine) start() {
	e.t.Helper()
	if _, err := os.Stat(filepath.Join(e.dir, "registries.conf")); err != nil {
		e.write("registries.conf", "")
	}
	_ = os.Remove(e.socket)
	e.cmd = e.command("system", "service", "--time=0", "unix://"+e.socket)
	var words bytes.Buffer
	e.cmd.Stderr = &words
	if err := e.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.gone = make(chan struct{})
	go func(cmd *exec.Cmd, gone chan struct{}) { _ = cmd.Wait(); close(gone) }(e.cmd, e.gone)
	for until := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if answer, err := e.http.Get("http://engine/_ping"); err == nil {
			_ = answer.Body.Close()
			return
		}
		select {
		case <-e.gone:
			e.t.Fatalf("Podman does not start: %s", words.String())
		default:
		}
		if time.Now().After(until) {
			e.t.Fatalf("Podman does not answer: %s", words.String())
		}
	}
}

// in makes the engine tell its troubles to another test.
func (e *realEngine) in(t *testing.T) {
	before := e.t
	e.t = t
	t.Cleanup(func() { e.t = before })
}

// kill9 is the death of the engine.
func (e *realEngine) kill9() {
	_ = e.cmd.Process.Signal(syscall.SIGKILL)
	<-e.gone
}

func (e *realEngine) remove() {
	for _, c := range e.list("") {
		_, _ = e.ask("DELETE", "/containers/"+c.ID+"?force=true", nil)
	}
	e.kill9()
	e.killMonitors()
	if err := os.RemoveAll(e.dir); err != nil {
		e.t.Errorf("the engine's folder stays: %v", err)
	}
}

// killMonitors ends the monitors of this engine's containers: Podman keeps that of an exec for five minutes.
func (e *realEngine) killMonitors() {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		line, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err == nil && pid > 1 && strings.Contains(string(line), "conmon\x00") && strings.Contains(string(line), e.dir+"/") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (e *realEngine) ask(method, path string, body io.Reader) (string, error) {
	request, err := http.NewRequest(method, "http://engine"+path, body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-tar")
	if body != nil && !strings.Contains(path, "images") {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := e.http.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if answer.StatusCode >= 300 {
		return string(data), fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, data)
	}
	return string(data), err
}

type listed struct {
	ID     string `json:"Id"`
	Names  []string
	Labels map[string]string
	State  string
}

// list gives the containers whose names hold a text.
func (e *realEngine) list(part string) []listed {
	text, err := e.ask("GET", "/containers/json?all=true", nil)
	if err != nil {
		return nil
	}
	var all, list []listed
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		e.t.Errorf("list: %v", err)
	}
	for _, c := range all {
		if len(c.Names) > 0 && strings.Contains(c.Names[0], part) {
			list = append(list, c)
		}
	}
	return list
}

// imageTar is a root file system with our program in it, as /bin/p and /bin/sh.
func imageTar(t *testing.T) []byte {
	t.Helper()
	program := filepath.Join(filepath.Dir(binary), "image-program")
	if _, err := os.Stat(program); err != nil {
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./testdata/program")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	put := func(h tar.Header, body []byte) {
		h.Size = int64(len(body))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"bin/", "tmp/", "etc/"} {
		put(tar.Header{Name: folder, Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	}
	put(tar.Header{Name: "bin/p", Typeflag: tar.TypeReg, Mode: 0o755}, data)
	put(tar.Header{Name: "bin/sh", Typeflag: tar.TypeLink, Linkname: "bin/p", Mode: 0o755}, nil)
	put(tar.Header{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644}, []byte("root:x:0:0::/:/bin/sh\nbob:x:1234:1234::/tmp:/bin/sh\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const testImage = "localhost/mesolite/p:latest"

// load makes the test image. Changes are lines of a Dockerfile.
func (e *realEngine) load(name string, changes ...string) {
	e.t.Helper()
	query := url.Values{"fromSrc": {"-"}, "repo": {strings.TrimSuffix(name, ":latest")}, "changes": changes}
	out, err := e.ask("POST", "/images/create?"+query.Encode(), bytes.NewReader(imageTar(e.t)))
	if err != nil || strings.Contains(out, `"error`) {
		e.t.Fatalf("load image: %v %s", err, out)
	}
}

// host starts an agent that knows this engine and no other.
func (e *realEngine) host() *host {
	e.t.Helper()
	e.t.Setenv("CONTAINER_HOST", "unix://"+e.socket)
	return newHost(e.t)
}

// inContainer is a task that runs the test program with a verb.
func inContainer(id string, change func(container, command, task map[string]interface{}), verb ...string) map[string]interface{} {
	info := shell(id, "p")
	command := info["command"].(map[string]interface{})
	command["shell"], command["value"], command["arguments"] = false, "p", append([]string{"p"}, verb...)
	container := map[string]interface{}{
		"engine": nil, "image": testImage, "pull": "missing", "volumes": []int{}, "ports": []int{}, "network": "none",
	}
	info["container"] = container
	if change != nil {
		change(container, command, info)
	}
	return info
}

// until waits for a status of a task in one of the states, and acknowledges all of it that comes.
func (c *client) until(id string, states ...string) wire.Status {
	c.t.Helper()
	limit := time.After(2 * patience)
	for {
		select {
		case s := <-c.statuses:
			if s.UUID != nil {
				c.call("update.ack", map[string]interface{}{"taskId": s.TaskID, "uuid": *s.UUID}, nil)
			}
			if s.TaskID != id {
				continue
			}
			for _, state := range states {
				if s.State == state {
					return s
				}
			}
			if s.State == wire.StateFailed || s.State == wire.StateFinished || s.State == wire.StateKilled || s.State == wire.StateLost {
				c.t.Fatalf("wanted %v: %+v", states, s)
			}
		case <-limit:
			c.t.Fatalf("task %s never came to %v", id, states)
		}
	}
}

func (h *host) log(task, file string) string {
	data, _ := os.ReadFile(filepath.Join(h.dir, "tasks", task, file))
	return string(data)
}
