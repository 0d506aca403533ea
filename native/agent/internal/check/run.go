package check

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mesolite/agent/internal/wire"
)

// Request is a probe with all that running it needs.
type Request struct {
	Info wire.TaskInfo
	Ask
}

// Timeout is how long an answer may take.
func (r Request) Timeout() time.Duration { return time.Duration(r.Check.TimeoutMs) * time.Millisecond }

// Runner is what runs a task, asked to look into it: a command probe runs where the task runs, as its user and with
// its environment (in a container: by exec in it), and whatever it left is ended with it. When ctx ends the run of
// the task is over and the answer is not wanted any more.
type Runner interface {
	RunProbe(ctx context.Context, r Request) Outcome
}

// Dial connects like net.Dialer: a runner may give one that reaches into the network of a container.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// most of an answer over HTTP is read for its status, or thrown away so that the server sees an ordered end.
const most = 64 * 1024

// Run asks over TCP or HTTP.
func Run(ctx context.Context, r Request, dial Dial) Outcome {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout())
	defer cancel()
	port := strconv.Itoa(r.Check.Probe.Port)
	conn, err := dial(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		return Bad("port "+port+": "+words(err, r), err)
	}
	defer func() { _ = conn.Close() }() // only read from
	if r.Check.Probe.Kind == wire.ProbeTCP {
		return Outcome{Good: true}
	}
	until, _ := ctx.Deadline() // WithTimeout gives one
	_ = conn.SetDeadline(until)
	defer AfterDone(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	status, err := get(conn, r.Check.Probe.Path, port)
	switch {
	case err != nil:
		return Bad("HTTP: "+words(err, r), err)
	case status < 200 || status > 399:
		return Outcome{Words: "HTTP status " + strconv.Itoa(status)}
	}
	return Outcome{Good: true}
}

// AfterDone calls do once the context ends, unless stop was called before. (context.AfterFunc came with Go 1.21.)
func AfterDone(ctx context.Context, do func()) (stop func()) {
	stopped := make(chan struct{})
	var once sync.Once
	go func() {
		select {
		case <-ctx.Done():
			do()
		case <-stopped:
		}
	}()
	return func() { once.Do(func() { close(stopped) }) }
}

// Bad is an answer that did not come. What the agent itself lacks says nothing about the task.
func Bad(words string, err error) Outcome {
	own := errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, context.Canceled)
	return Outcome{Void: own, Words: words}
}

// NoAnswer says that the time is over.
func NoAnswer(r Request) string {
	ms := r.Check.TimeoutMs
	if ms%1000 == 0 {
		return fmt.Sprintf("no answer in %d s", ms/1000)
	}
	return fmt.Sprintf("no answer in %d ms", ms)
}

func words(err error, r Request) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return NoAnswer(r)
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	}
	return err.Error()
}

var errNotHTTP = errors.New("that is no answer of HTTP")

// get is as little of HTTP/1.1 as a check needs: one request, and the number in the first line of the answer.
func get(conn net.Conn, path, port string) (status int, err error) {
	request := "GET " + escape(path) + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nUser-Agent: mesolite-check\r\nAccept: */*\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, err
	}
	limited := bufio.NewReaderSize(io.LimitReader(conn, most), 4096)
	for informational := 0; informational < 5; informational++ {
		line, err := limited.ReadString('\n')
		if err != nil {
			if err == io.EOF && line != "" {
				return 0, errNotHTTP
			}
			return 0, err
		}
		if status, err = parseStatus(line); err != nil || status >= 200 {
			_, _ = io.Copy(io.Discard, limited) // what it says beyond the status is not asked for
			return status, err
		}
		for line != "\r\n" && line != "\n" { // a status below 200 announces another one
			if line, err = limited.ReadString('\n'); err != nil {
				return 0, err
			}
		}
	}
	return status, nil
}

func parseStatus(line string) (int, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/1.") || len(fields[1]) != 3 {
		return 0, errNotHTTP
	}
	status, err := strconv.Atoi(fields[1])
	if err != nil || status < 100 {
		return 0, errNotHTTP
	}
	return status, nil
}

// escape keeps a path from ending the line it stands in.
func escape(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
