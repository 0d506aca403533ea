package agent

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/sandbox"
	"mesolite/agent/internal/stream"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// sandboxOf is the folder of a task, and with whose rights it is looked into.
func (a *Agent) sandboxOf(taskID string) (string, *task.Record, *wire.Error) {
	record := a.machine.Get(taskID)
	if record == nil {
		return "", nil, wire.Refuse(wire.CodeNotFound, "task", "no task %.80q here", taskID)
	}
	return filepath.Join(a.launcher.TaskDir(taskID), "sandbox"), record, nil
}

// whoOf is the user of a task that the agent switched to; nil when the task has the agent's own rights. In a container
// the users are not those of the machine, and what they can reach of it is the container's to say.
func whoOf(info *wire.TaskInfo) (*sandbox.Who, error) {
	who, err := launch.WhoRuns(info)
	return (*sandbox.Who)(who), err
}

func (a *Agent) sandboxList(r request) *wire.Error {
	var params wire.SandboxListParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	dir, record, refusal := a.sandboxOf(params.TaskID)
	if refusal != nil {
		return refusal
	}
	info, running := record.Parsed, record.StartedAtMs != nil
	return a.look(r.from.conn, func() {
		who, err := whoOf(&info)
		var page wire.SandboxListResult
		if err == nil {
			page, err = sandbox.List(dir, who, params.Path, params.After)
		}
		if err != nil {
			r.from.refuse(r.ID, sandboxRefusal(dir, running, err))
			return
		}
		r.from.answer(r.ID, page)
	})
}

// sandboxOpened comes back to the loop, which owns the streams.
type sandboxOpened struct {
	request
	opened sandbox.Opened
	who    *sandbox.Who
	offset int64
}

func (a *Agent) sandboxOpen(r request) *wire.Error {
	var params wire.SandboxOpenParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	dir, record, refusal := a.sandboxOf(params.TaskID)
	if refusal != nil {
		return refusal
	}
	if params.Offset < 0 {
		return wire.Refuse(wire.CodeInvalid, "params", "offset must not be below 0")
	}
	info, running := record.Parsed, record.StartedAtMs != nil
	return a.look(r.from.conn, func() {
		who, err := whoOf(&info)
		var opened sandbox.Opened
		if err == nil {
			opened, err = sandbox.Open(dir, who, params.Path)
		}
		if err != nil {
			r.from.refuse(r.ID, sandboxRefusal(dir, running, err))
			return
		}
		a.post(sandboxOpened{request: r, opened: opened, who: who, offset: params.Offset})
	})
}

// sandboxStream begins to send what was opened.
func (a *Agent) sandboxStream(e sandboxOpened) {
	file := e.opened.File
	s, refusal := a.newStream(e.request)
	if refusal == nil && a.holder != e.from {
		refusal = wire.Refuse(wire.CodeConflict, "lease-lost", "%s", a.lease.MasterID)
	}
	if refusal != nil {
		_ = file.Close() // not given
		e.from.refuse(e.ID, refusal)
		return
	}
	e.from.streams[s.ID] = s
	if e.opened.Folder {
		e.from.answer(e.ID, wire.SandboxOpenResult{Stream: s.ID, StartOffset: 0})
		go s.Run(func() string { return causeOf(sandbox.Tar(s, file, e.who)) })
		return
	}
	size, offset := e.opened.Size, e.offset
	if offset > size {
		offset = size
	}
	e.from.answer(e.ID, wire.SandboxOpenResult{Stream: s.ID, SizeBytes: &size, StartOffset: offset})
	go s.Run(func() string {
		defer func() { _ = file.Close() }() // only read from
		return s.Range(file, offset, size)
	})
}

func causeOf(err error) string {
	switch {
	case err == nil:
		return wire.EndFinished
	case errors.Is(err, stream.ErrClosed):
		return wire.EndClosed
	}
	return wire.EndFailed
}

// sandboxRefusal says why a path is not given, in words that are true for it.
func sandboxRefusal(dir string, started bool, err error) *wire.Error {
	if _, gone := os.Stat(dir); os.IsNotExist(gone) {
		if started {
			return wire.Refuse(wire.CodeNotFound, "file-removed", "the sandbox of this task was removed")
		}
		return wire.Refuse(wire.CodeNotFound, "no-such-file", "the task has no sandbox: it did not start")
	}
	switch {
	case errors.Is(err, sandbox.ErrOutside), errors.Is(err, sandbox.ErrPath), errors.Is(err, syscall.ELOOP):
		return wire.Refuse(wire.CodeInvalid, "path-leaves-sandbox", "%v", err)
	case errors.Is(err, sandbox.ErrKind), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENXIO):
		return wire.Refuse(wire.CodeInvalid, "not-a-file", "%v", err)
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENAMETOOLONG):
		return wire.Refuse(wire.CodeNotFound, "no-such-file", "%v", err)
	case errors.Is(err, sandbox.ErrForeign), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, launch.ErrNoUser):
		return wire.Refuse(wire.CodeUnauthorized, "cannot-read-file", "%v", err)
	}
	return wire.Refuse(wire.CodeInternal, "cannot-read-file", "%v", err)
}
