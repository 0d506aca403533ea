package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// Request is a call of the master.
type Request struct {
	V      int             `json:"v"`
	ID     int64           `json:"id"`
	Call   string          `json:"call"`
	Params json.RawMessage `json:"params"`
}

// Answer is the one reply to a request: result or error.
type Answer struct {
	V      int         `json:"v"`
	ID     int64       `json:"id"`
	Result interface{} `json:"result,omitempty"`
	Error  *Error      `json:"error,omitempty"`
}

// Error codes a caller can meet.
const (
	CodeInvalid      = "invalid"
	CodeNotFound     = "not-found"
	CodeConflict     = "conflict"
	CodeUnauthorized = "unauthorized"
	CodeExhausted    = "exhausted"
	CodeUnsupported  = "unsupported"
	CodeInternal     = "internal"
)

// Error is a refusal: a code of the closed list, a stable reason and a plain fact.
type Error struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string {
	return e.Code + " " + e.Reason + ": " + e.Detail
}

// Refuse makes a refusal.
func Refuse(code, reason, format string, args ...interface{}) *Error {
	return &Error{Code: code, Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Empty is the result of calls that only succeed.
type Empty struct{}

// ErrRequest is a JSON payload that is no request.
var ErrRequest = errors.New("not a request")

// ParseRequest decodes one request. A failure here ends the connection.
func ParseRequest(payload []byte) (Request, error) {
	var request Request
	if err := CheckJSON(payload); err != nil {
		return request, err
	}
	if err := json.Unmarshal(payload, &request); err != nil {
		return request, fmt.Errorf("%w: %v", ErrRequest, err)
	}
	if request.ID < 1 || request.Call == "" {
		return request, fmt.Errorf("%w: id and call are required", ErrRequest)
	}
	return request, nil
}

// encoders are kept: each message and each record on the disk needs one.
var encoders = sync.Pool{New: func() interface{} {
	e := &encoder{}
	e.to = json.NewEncoder(&e.out)
	e.to.SetEscapeHTML(false)
	return e
}}

type encoder struct {
	out bytes.Buffer
	to  *json.Encoder
}

// Encode is JSON without HTML escaping and without the final newline.
func Encode(value interface{}) ([]byte, error) {
	e := encoders.Get().(*encoder)
	e.out.Reset()
	if err := e.to.Encode(value); err != nil {
		return nil, err // an encoder that failed is not used again
	}
	body := append([]byte(nil), bytes.TrimSuffix(e.out.Bytes(), []byte{'\n'})...)
	if e.out.Cap() <= keepBytes {
		encoders.Put(e)
	}
	return body, nil
}

// HelloParams opens a connection and claims the lease.
type HelloParams struct {
	VersionMin int    `json:"versionMin"`
	Version    int    `json:"version"`
	MasterID   string `json:"masterId"`
	Epoch      int64  `json:"epoch"`
	AppVersion string `json:"appVersion"`
	TakeOver   bool   `json:"takeOver"`
}

// HelloResult is the reconciliation: who we are and every task held. More is set when the tasks did not fit in one
// frame; the rest is read by task.list after the last one.
type HelloResult struct {
	Version      int         `json:"version"`
	AgentID      string      `json:"agentId"`
	AgentVersion string      `json:"agentVersion"`
	Incarnation  string      `json:"incarnation"`
	Facts        Facts       `json:"facts"`
	Resources    Resources   `json:"resources"`
	Tasks        []AgentTask `json:"tasks"`
	More         bool        `json:"more,omitempty"`
}

// SubscribeParams asks for samples.
type SubscribeParams struct {
	EveryMs int64 `json:"everyMs"`
}

// LaunchParams carries the task as it came: Info is kept byte for byte, so that fields of a newer master survive.
type LaunchParams struct {
	Info json.RawMessage `json:"info"`
}

// LaunchResult is the answer once the record is on disk.
type LaunchResult struct {
	Accepted bool `json:"accepted"`
}

// KillParams ends a task; GraceMs nil means the task's own kill policy.
type KillParams struct {
	TaskID  string `json:"taskId"`
	GraceMs *int64 `json:"graceMs"`
}

// ListParams pages through the tasks, in order of id.
type ListParams struct {
	After string `json:"after,omitempty"`
}

// ListResult is one page.
type ListResult struct {
	Tasks []AgentTask `json:"tasks"`
	More  bool        `json:"more,omitempty"`
}

// TaskParams names one task.
type TaskParams struct {
	TaskID string `json:"taskId"`
}

// AckParams is the receipt of one status update.
type AckParams struct {
	TaskID string `json:"taskId"`
	UUID   string `json:"uuid"`
}

// Keeping is what is kept, and how long.
type Keeping struct {
	LogMibPerTask int64 `json:"logMibPerTask"`
	LogMibTotal   int64 `json:"logMibTotal"`
	KeepDays      int64 `json:"keepDays"` // 0: for ever
	CacheMib      int64 `json:"cacheMib"`
}

// DefaultKeeping holds until a master says otherwise.
var DefaultKeeping = Keeping{LogMibPerTask: 64, LogMibTotal: 2048, KeepDays: 14, CacheMib: 2048}

// ConfigureParams changes what is kept.
type ConfigureParams struct {
	Keeping Keeping `json:"keeping"`
}

// CreditParams lets a stream send more.
type CreditParams struct {
	Stream uint32 `json:"stream"`
	Bytes  int64  `json:"bytes"`
}

// StreamParams names a stream.
type StreamParams struct {
	Stream uint32 `json:"stream"`
}

// ShutdownParams ends the daemon.
type ShutdownParams struct {
	Tasks      string `json:"tasks"`
	OnlyIfIdle bool   `json:"onlyIfIdle"`
}

// AgentTask is a task as the agent holds it.
type AgentTask struct {
	Info        json.RawMessage `json:"info"`
	Status      Status          `json:"status"`
	StartedAtMs *int64          `json:"startedAtMs"`
	EndedAtMs   *int64          `json:"endedAtMs"`
}

// Events.

// SampleEvent says what is used now.
type SampleEvent struct {
	V      int    `json:"v"`
	Event  string `json:"event"`
	Sample Sample `json:"sample"`
}

// StatusEvent carries one status update.
type StatusEvent struct {
	V      int    `json:"v"`
	Event  string `json:"event"`
	Status Status `json:"status"`
}

// Causes of a stream's end.
const (
	EndFinished = "finished"
	EndClosed   = "closed"
	EndRemoved  = "removed"
	EndFailed   = "failed"
)

// StreamEndEvent is the last word of a stream.
type StreamEndEvent struct {
	V      int    `json:"v"`
	Event  string `json:"event"`
	Stream uint32 `json:"stream"`
	Cause  string `json:"cause"`
}

// StreamMovedEvent says that the bytes that follow begin at Offset: those before it were given back to the disk.
type StreamMovedEvent struct {
	V      int    `json:"v"`
	Event  string `json:"event"`
	Stream uint32 `json:"stream"`
	Offset int64  `json:"offset"`
}

// LeaseLostEvent is the last word to a connection whose lease went to another.
type LeaseLostEvent struct {
	V      int    `json:"v"`
	Event  string `json:"event"`
	Holder string `json:"holder"`
}

// StreamCreditEvent gives room for more of an upload.
type StreamCreditEvent struct {
	V      int    `json:"v"`
	Event  string `json:"event"`
	Stream uint32 `json:"stream"`
	Bytes  int64  `json:"bytes"`
}

// Phases of a task's preparation.
const (
	ProgressFetch   = "fetch"
	ProgressUnpack  = "unpack"
	ProgressPull    = "pull"
	ProgressCollect = "collect"
)

// ProgressEvent is only for the eye.
type ProgressEvent struct {
	V          int    `json:"v"`
	Event      string `json:"event"`
	TaskID     string `json:"taskId"`
	Phase      string `json:"phase"`
	What       string `json:"what"`
	DoneBytes  int64  `json:"doneBytes"`
	TotalBytes *int64 `json:"totalBytes"`
}
