package check

import (
	"context"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// serve answers each connection with text, after it read a request. An empty text keeps it waiting.
func serve(t *testing.T, text string) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over); _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if _, err := conn.Read(make([]byte, 4096)); err != nil {
					return
				}
				if text == "" {
					<-over
				}
				_, _ = io.WriteString(conn, text)
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func ask(kind string, port int, path string) Outcome {
	c := wire.Check{Probe: wire.Probe{Kind: kind, Port: port, Path: path}, TimeoutMs: 200, IntervalMs: 100, Failures: 1}
	return Run(context.Background(), Request{Ask: Ask{Check: c}}, (&net.Dialer{}).DialContext)
}

func TestAnswersOverHTTP(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 200 OK\r\n\r\nbody": "",
		"HTTP/1.0 399\r\n\r\n":        "",
		"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 204 None\r\n\r\n": "",
		"HTTP/1.1 500 Oh\r\n\r\n":                 "HTTP status 500",
		"HTTP/1.1 199 Oh\r\n\r\n":                 "HTTP: it closed the connection",
		"SSH-2.0-x\r\n":                           "HTTP: that is no answer of HTTP",
		"HTTP/1.1 2 OK\r\n":                       "HTTP: that is no answer of HTTP",
		"HTTP/1.1 -20 OK\r\n":                     "HTTP: that is no answer of HTTP",
		"garbage":                                 "HTTP: that is no answer of HTTP",
		"\x00\x01" + strings.Repeat("x", 100_000): "HTTP: that is no answer of HTTP",
		"": "HTTP: no answer in 200 ms",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("x: y\r\n", 50_000) + "\r\n": "",
	} {
		outcome := ask(wire.ProbeHTTP, serve(t, answer), "/")
		if outcome.Words != want || outcome.Good != (want == "") || outcome.Void {
			t.Errorf("%.40q: %+v", answer, outcome)
		}
	}
}

func TestAPathCannotAddToTheRequest(t *testing.T) {
	if got := escape("/a b\r\nX: y\x00ü"); got != "/a%20b%0D%0AX:%20y%00%C3%BC" {
		t.Error(got)
	}
}

func TestAPortThatIsClosedIsBadAndOneThatAcceptsIsGood(t *testing.T) {
	if outcome := ask(wire.ProbeTCP, serve(t, ""), ""); !outcome.Good {
		t.Errorf("%+v", outcome)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	if outcome := ask(wire.ProbeTCP, port, ""); outcome.Good || outcome.Void || !strings.HasSuffix(outcome.Words, ": connection refused") {
		t.Errorf("%+v", outcome)
	}
}

func TestWhatTheAgentLacksOrNobodyWantsIsNoAnswer(t *testing.T) {
	request := Request{Ask: Ask{Check: *every(100)}}
	lacking := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EMFILE }
	if outcome := Run(context.Background(), request, lacking); !outcome.Void {
		t.Errorf("%+v", outcome)
	}
	ctx, cancel := context.WithCancel(context.Background())
	request.Check.Probe = wire.Probe{Kind: wire.ProbeHTTP, Port: serve(t, ""), Path: "/"}
	request.Check.TimeoutMs = 60_000
	from := time.Now()
	time.AfterFunc(20*time.Millisecond, cancel)
	if outcome := Run(ctx, request, (&net.Dialer{}).DialContext); outcome.Good || time.Since(from) > 5*time.Second {
		t.Errorf("%+v after %v", outcome, time.Since(from))
	}
}
