// Package engine speaks the Docker Engine API (Podman serves the same) over a unix socket. It imports wire for the
// names of the engines, and nothing else of ours.
//
// The little HTTP it needs is its own: net/http would more than double the file, and cost memory in an agent that
// never sees a container. One connection is one exchange, and its end is the end of the body.
package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	maxHead  = 64 * 1024 // of an answer
	maxLine  = 8 * 1024
	maxBody  = 16 << 20 // of an answer that is read as a whole
	maxWords = 1000     // of an engine's message
)

// Error is what an engine refused, in its words.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Message }

// IsStatus tells whether the engine answered with that status.
func IsStatus(err error, status int) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Status == status
}

// Answered tells whether an error is the engine's word. Otherwise it did not answer, and nothing is known.
func Answered(err error) bool {
	var refused *Error
	return errors.As(err, &refused)
}

// answer is an open exchange.
type answer struct {
	status int
	fields map[string]string // of the head, by names in lower case
	body   io.Reader
	close  func()
}

// exchange sends a request. The caller closes the answer. The end of ctx ends the connection, also while the body is read.
func exchange(ctx context.Context, socket, method, path string, body interface{}) (*answer, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	stop := endWith(ctx, conn)
	done := func() {
		stop()
		_ = conn.Close() // one exchange: nothing is left to say
	}
	if err := send(conn, method, path, body); err != nil {
		done()
		return nil, orContext(ctx, err)
	}
	reader := bufio.NewReaderSize(conn, maxLine)
	a, err := readHead(reader)
	if err != nil {
		done()
		return nil, orContext(ctx, err)
	}
	a.close = done
	return a, nil
}

func orContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// endWith breaks the connection off when ctx ends.
func endWith(ctx context.Context, conn net.Conn) (stop func()) {
	over := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			_ = conn.SetDeadline(time.Unix(1, 0)) // a closed one needs no end
		case <-over:
		}
	}()
	return func() { close(over) }
}

func send(conn net.Conn, method, path string, body interface{}) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: engine\r\nUser-Agent: mesolite-agent\r\nConnection: close\r\n", method, path)
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		fmt.Fprintf(&out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(data))
		out.Write(data)
	} else {
		out.WriteString("Content-Length: 0\r\n\r\n")
	}
	_, err := conn.Write(out.Bytes())
	return err
}

var errNotHTTP = errors.New("the engine's answer is not HTTP")

func readHead(reader *bufio.Reader) (*answer, error) {
	for {
		line, err := readLine(reader)
		if err != nil {
			return nil, err
		}
		parts := strings.SplitN(line, " ", 3)
		if len(parts) < 2 || !strings.HasPrefix(parts[0], "HTTP/1.") {
			return nil, errNotHTTP
		}
		status, err := strconv.Atoi(parts[1])
		if err != nil || status < 100 || status > 599 {
			return nil, errNotHTTP
		}
		a := &answer{status: status, fields: map[string]string{}}
		if err := a.readFields(reader); err != nil {
			return nil, err
		}
		if status >= 200 || status == 101 {
			return a, nil
		}
	}
}

// readFields reads the header and chooses how the body ends.
func (a *answer) readFields(reader *bufio.Reader) error {
	a.body = reader
	for total := 0; ; {
		line, err := readLine(reader)
		if err != nil {
			return err
		}
		if line == "" {
			break
		}
		if total += len(line); total > maxHead {
			return errNotHTTP
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		a.fields[strings.ToLower(name)] = value
		switch {
		case strings.EqualFold(name, "Transfer-Encoding") && strings.EqualFold(value, "chunked"):
			a.body = &chunked{from: reader}
		case strings.EqualFold(name, "Content-Length"):
			size, err := strconv.ParseInt(value, 10, 64)
			if err != nil || size < 0 {
				return errNotHTTP
			}
			if _, is := a.body.(*chunked); !is {
				a.body = &whole{from: reader, left: size}
			}
		}
	}
	if a.status == 204 || a.status == 304 {
		a.body = strings.NewReader("")
	}
	return nil
}

func readLine(reader *bufio.Reader) (string, error) {
	line, err := reader.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return "", errNotHTTP
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// whole is a body of a known length: less is an error, so that half an answer is never taken for one.
type whole struct {
	from io.Reader
	left int64
}

func (w *whole) Read(p []byte) (int, error) {
	if w.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > w.left {
		p = p[:w.left]
	}
	n, err := w.from.Read(p)
	w.left -= int64(n)
	if err == io.EOF && w.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunked is a body in pieces.
type chunked struct {
	from *bufio.Reader
	left int64
	over bool
	any  bool
}

func (c *chunked) Read(p []byte) (int, error) {
	if c.over {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if c.over {
			return 0, io.EOF
		}
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.from.Read(p)
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *chunked) next() error {
	if c.any {
		if line, err := readLine(c.from); err != nil || line != "" {
			return orNotHTTP(err)
		}
	}
	c.any = true
	line, err := readLine(c.from)
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	c.left, err = strconv.ParseInt(strings.TrimSpace(size), 16, 63)
	if err != nil || c.left < 0 {
		return errNotHTTP
	}
	if c.left > 0 {
		return nil
	}
	c.over = true
	for { // what may follow the last piece
		if line, err := readLine(c.from); err != nil || line == "" {
			return err
		}
	}
}

func orNotHTTP(err error) error {
	if err == nil {
		return errNotHTTP
	}
	return err
}

// refusal reads the words of an answer that is none.
func (a *answer) refusal() error {
	data, _ := io.ReadAll(io.LimitReader(a.body, maxLine)) // what came is enough
	var words struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(data, &words) != nil || words.Message == "" {
		words.Message = strings.TrimSpace(string(data))
	}
	if words.Message == "" {
		words.Message = "the engine answered " + strconv.Itoa(a.status)
	}
	if len(words.Message) > maxWords {
		words.Message = words.Message[:maxWords]
	}
	return &Error{Status: a.status, Message: words.Message}
}
