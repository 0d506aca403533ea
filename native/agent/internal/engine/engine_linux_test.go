package engine

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serveText answers each connection with the next text, byte for byte.
func serveText(t *testing.T, answers ...string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for _, text := range answers {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			reader := bufio.NewReader(conn)
			for line := "x"; line != "\r\n" && err == nil; {
				line, err = reader.ReadString('\n')
			}
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}()
	return socket
}

func ask(t *testing.T, answer string) (string, int, error) {
	t.Helper()
	a, err := exchange(context.Background(), serveText(t, answer), "GET", "/x", nil)
	if err != nil {
		return "", 0, err
	}
	defer a.close()
	data, err := io.ReadAll(a.body)
	return string(data), a.status, err
}

func TestBodiesEndWhereTheirHeadSays(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"length":  {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", "abc"},
		"chunks":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n", "abcde"},
		"to end":  {"HTTP/1.0 200 OK\n\nall of it", "all of it"},
		"none":    {"HTTP/1.1 204 No Content\r\n\r\nrest", ""},
		"interim": {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x"},
	} {
		if got, _, err := ask(t, c.answer); err != nil || got != c.want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func TestHalfAnAnswerIsNeverTakenForOne(t *testing.T) {
	for _, answer := range []string{
		"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 100) + "\r\n", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 100_000),
	} {
		if got, _, err := ask(t, answer); err == nil {
			t.Errorf("%.40q was taken for %q", answer, got)
		}
	}
}

func TestTheEndOfAContextEndsAnAnswerThatDoesNotCome(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, socket); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestAnEngineSaysWhoItIs(t *testing.T) {
	docker := "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nServer: Docker/28.3.1 (linux)\r\nContent-Length: 2\r\n\r\nOK"
	podman := "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\nServer: Libpod/4.3.1 (linux)\r\nContent-Length: 2\r\n\r\nOK"
	c, err := Open(context.Background(), serveText(t, docker))
	if err != nil || c.About.Engine != "docker" || c.About.Version != "28.3.1" || c.api != "/v1.44" || c.About.Rootless != (os.Geteuid() != 0) {
		t.Errorf("%+v %v", c, err)
	}
	c, err = Open(context.Background(), serveText(t, podman))
	if err != nil || c.About.Engine != "podman" || c.About.Version != "4.3.1" || c.api != "/v1.41" {
		t.Errorf("%+v %v", c, err)
	}
	if _, err = Open(context.Background(), serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")); err == nil {
		t.Error("a web server was taken for an engine")
	}
}

func TestARefusalIsToldInTheEnginesWords(t *testing.T) {
	c := &Client{Socket: serveText(t, "HTTP/1.1 409 Conflict\r\nContent-Length: 25\r\n\r\n{\"message\":\"name in use\"}")}
	err := c.get(context.Background(), "/x", nil)
	if !IsStatus(err, 409) || err.Error() != "name in use" || !Answered(err) {
		t.Errorf("%v", err)
	}
	if err := (&Client{Socket: "/nowhere"}).get(context.Background(), "/x", nil); err == nil || Answered(err) {
		t.Errorf("%v", err)
	}
}

func TestImagesArePartedFromTheirTags(t *testing.T) {
	for name, want := range map[string][2]string{
		"nginx": {"nginx", "latest"}, "nginx:1.2": {"nginx", "1.2"}, "reg:5000/a/b": {"reg:5000/a/b", "latest"},
		"reg:5000/a/b:x": {"reg:5000/a/b", "x"}, "a/b@sha256:00": {"a/b", "sha256:00"},
	} {
		if from, tag := splitImage(name); from != want[0] || tag != want[1] {
			t.Errorf("%s: %s %s", name, from, tag)
		}
	}
}

func TestPullSumsTheLayers(t *testing.T) {
	lines := `{"status":"Pulling from x"}
{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"}
{"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"b"}
{"status":"Download complete","progressDetail":{},"id":"a"}
`
	var last Progress
	c := &Client{Socket: serveText(t, "HTTP/1.1 200 OK\r\n\r\n"+lines)}
	if err := c.Pull(context.Background(), "x", func(p Progress) { last = p }); err != nil || last != (Progress{105, 150}) {
		t.Errorf("%+v %v", last, err)
	}
}

func TestVersionsAreComparedByNumber(t *testing.T) {
	if !older("1.9", "1.41") || older("1.44", "1.41") || older("1.41", "1.41") || !older("1.41", "2.0") {
		t.Error("wrong order")
	}
}

func TestSocketsAreAskedInOrderAndOnlyThoseThatAreThere(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"var/run/docker.sock", "run/podman/podman.sock", "own/docker.sock"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o700); err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("unix", filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
	}
	f := NewFinder(t.TempDir(), root)
	f.Getenv = func(name string) string {
		return map[string]string{"XDG_RUNTIME_DIR": root + "/own", "DOCKER_HOST": "tcp://10.0.0.1:2375"}[name]
	}
	want := []string{root + "/var/run/docker.sock", root + "/own/docker.sock", root + "/run/podman/podman.sock"}
	if got := f.sockets(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v", got)
	}
}
