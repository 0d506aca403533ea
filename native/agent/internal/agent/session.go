package agent

import (
	"encoding/json"
	"errors"
	"io"
	"net"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/stream"
	"mesolite/agent/internal/wire"
)

const maxStreams = 64

// session is one connection as the loop sees it. Its fields belong to the loop, except conn, which is safe anywhere.
type session struct {
	agent   *Agent
	conn    *link.Conn
	socket  net.Conn
	hello   bool
	version int
	streams map[uint32]*stream.Stream
	next    uint32
	uploads uploads // safe anywhere
}

// read feeds the loop until the connection ends. It runs in a goroutine of its own.
func (s *session) read() {
	frames := wire.NewReader(s.socket)
	cause := ""
	for cause == "" {
		frame, err := frames.Next()
		if err != nil {
			cause = endCause(err)
			break
		}
		if frame.Kind != wire.KindJSON {
			if !s.uploads.push(frame.Stream, frame.Payload) {
				cause = "more data than was granted"
			}
			continue
		}
		parsed, err := wire.ParseRequest(frame.Payload)
		if err != nil {
			cause = err.Error()
			break
		}
		parsed.Params = append(json.RawMessage(nil), parsed.Params...)
		r := request{from: s, Request: parsed}
		if parsed.Call == "hello" {
			facts := s.agent.facts.read() // here, not in the loop: it may take a while
			r.facts = &facts
		}
		s.agent.post(r)
	}
	s.conn.End(cause)
	s.agent.post(closed{s})
}

func endCause(err error) string {
	if errors.Is(err, io.EOF) {
		return "closed by the other end"
	}
	return err.Error()
}

func (s *session) answer(id int64, result interface{}) {
	_ = s.conn.Send(wire.Answer{V: wire.Version, ID: id, Result: result}) // ended: nobody waits for it
}

func (s *session) refuse(id int64, refusal *wire.Error) {
	_ = s.conn.Send(wire.Answer{V: wire.Version, ID: id, Error: refusal}) // ended: nobody waits for it
}

// reply answers an empty result or a refusal.
func (s *session) reply(id int64) func(*wire.Error) {
	return s.replyWith(id, wire.Empty{})
}

func (s *session) replyWith(id int64, result interface{}) func(*wire.Error) {
	return func(refusal *wire.Error) {
		if refusal != nil {
			s.refuse(id, refusal)
			return
		}
		s.answer(id, result)
	}
}

func (a *Agent) sessionClosed(s *session) {
	s.uploads.close()
	for _, stream := range s.streams {
		stream.Close()
	}
	if s == a.holder {
		a.holder = nil
		a.sampler.unsubscribe()
		a.log.Line("master left master=%s cause=%q", a.lease.MasterID, s.conn.Cause())
	} else if cause := s.conn.Cause(); s.hello || cause != endCause(io.EOF) {
		a.log.Line("connection ended cause=%q", cause)
	}
	if a.stopping != nil && a.stopping.flush == s {
		a.stopping.flush = nil
	}
}
