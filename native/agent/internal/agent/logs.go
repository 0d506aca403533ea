package agent

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"mesolite/agent/internal/link"
	"mesolite/agent/internal/logs"
	"mesolite/agent/internal/stream"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

const (
	// searchBudget is how long one call of log.search looks; the caller goes on from where it came to.
	searchBudget = 200 * time.Millisecond
	// So many look through logs and folders at a time, and so many may wait for it.
	lookers    = 2
	maxLooking = 64
)

// looking is work for a call that takes too long for the loop.
type looking struct {
	turns   chan struct{}
	waiting atomic.Int64
}

// look does something beside the loop, never more than a few at a time, and not at all for a caller that left.
func (a *Agent) look(conn *link.Conn, do func()) *wire.Error {
	if a.looking.waiting.Add(1) > maxLooking {
		a.looking.waiting.Add(-1)
		return wire.Refuse(wire.CodeExhausted, "too-many-requests", "at most %d searches and listings may wait", maxLooking)
	}
	go func() {
		defer a.looking.waiting.Add(-1)
		select {
		case a.looking.turns <- struct{}{}:
		case <-conn.Done():
			return
		}
		defer func() { <-a.looking.turns }()
		do()
	}()
	return nil
}

func (a *Agent) newKeeper() (*logs.Keeper, error) {
	a.looking.turns = make(chan struct{}, lookers)
	return logs.NewKeeper(logs.Options{
		TaskDir: a.launcher.TaskDir, Keeping: a.keeping(), Line: a.log.Line, NowMs: a.clock.WallMs,
		Freeze: a.launcher.Cgroups.Freeze, Thaw: a.launcher.Cgroups.Thaw,
		Cap: func(taskID string, bytes int64) { a.post(logCap{taskID, bytes}) },
	}, a.config.Dir)
}

// logCap is news of the keeper: another cap for the logs of a task.
type logCap struct {
	taskID string
	bytes  int64
}

func (a *Agent) capLogs(e logCap) {
	if record := a.machine.Get(e.taskID); record != nil && record.Phase != task.PhaseEnded && record.Parsed.Container == nil {
		a.launcher.CapLogs(e.taskID, record.Run, e.bytes)
	}
}

// keeping is what the master configured, or the default. It survives a restart.
func (a *Agent) keeping() wire.Keeping {
	if a.options.Keeping != nil {
		return *a.options.Keeping
	}
	return wire.DefaultKeeping
}

// keepLogs takes up every log at a start of the agent: those that are written at once, the others little by little,
// while it serves already. It gives what is still to be done.
func (a *Agent) keepLogs() (later func()) {
	a.machine.EachAlive(func(record *task.Record) {
		// An agent that died while it held a task back must not hold it for ever.
		a.launcher.Cgroups.Thaw(record.ID)
		a.watchLogs(record.ID)
	})
	ended := a.machine.EndedIDs()
	return func() {
		for len(ended) > 0 {
			n := len(ended)
			if n > knownAtOnce {
				n = knownAtOnce
			}
			batch := knownLogs{ended[:n], make(chan struct{})}
			ended = ended[n:]
			a.post(batch)
			select {
			case <-batch.done:
			case <-a.done:
				return
			}
		}
		a.logs.KnowsAll()
	}
}

// knownAtOnce is how many tasks the loop looks at before others have their turn: about a millisecond.
const knownAtOnce = 16

// knownLogs are tasks that had ended before this start.
type knownLogs struct {
	ids  []string
	done chan struct{}
}

func (a *Agent) knowLogs(e knownLogs) {
	for _, id := range e.ids {
		if record := a.machine.Look(id); record != nil {
			a.logs.Known(endedOf(record))
		}
	}
	close(e.done)
}

// watchLogs is called at every news of a task. The starters begin to watch before they start it, so that a task which
// was killed meanwhile is set right here.
func (a *Agent) watchLogs(taskID string) {
	record := a.machine.Get(taskID)
	switch {
	case record == nil:
		a.logs.Forget(taskID)
	case record.Phase == task.PhaseEnded:
		a.logs.End(endedOf(record))
	case record.StartedAtMs != nil:
		a.logs.Begin(taskID, record.Parsed.LogMib)
	}
}

func (a *Agent) logsEnded(taskID string) {
	if record := a.machine.Get(taskID); record != nil {
		a.logs.End(endedOf(record))
	}
}

func endedOf(record *task.Record) logs.Ended {
	ended := logs.Ended{ID: record.ID, Name: record.Parsed.Name, Failed: record.Status.State == wire.StateFailed}
	if record.EndedAtMs != nil {
		ended.EndedAtMs = *record.EndedAtMs
	}
	return ended
}

// openLog finds the log that a call names.
func (a *Agent) openLog(taskID, file string) (*task.Record, *logs.Reader, *wire.Error) {
	record := a.machine.Get(taskID)
	switch {
	case record == nil:
		return nil, nil, wire.Refuse(wire.CodeNotFound, "task", "no task %.80q here", taskID)
	case file != "stdout" && file != "stderr":
		return nil, nil, wire.Refuse(wire.CodeInvalid, "file", "stdout or stderr")
	}
	reader, err := a.logs.Open(taskID, file)
	switch {
	case err == nil:
		return record, reader, nil
	case errors.Is(err, logs.ErrRemoved):
		return nil, nil, wire.Refuse(wire.CodeNotFound, "log-removed", "%v", err)
	case os.IsNotExist(err) && record.StartedAtMs == nil && record.Phase != task.PhaseEnded:
		return nil, nil, wire.Refuse(wire.CodeNotFound, "log-not-yet", "the task has not started yet")
	case os.IsNotExist(err) && record.StartedAtMs == nil:
		return nil, nil, wire.Refuse(wire.CodeNotFound, "log", "the task never started")
	}
	return nil, nil, wire.Refuse(wire.CodeNotFound, "log", "%v", err)
}

func (a *Agent) logOpen(r request) *wire.Error {
	var params wire.LogOpenParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	record, reader, refusal := a.openLog(params.TaskID, params.File)
	if refusal != nil {
		return refusal
	}
	s, refusal := a.newStream(r)
	if refusal != nil {
		reader.Close()
		return refusal
	}
	body, err := stream.OpenLog(s, reader, params.Offset, params.Follow, a.fateOf(record))
	if err != nil {
		reader.Close()
		return wire.Refuse(wire.CodeNotFound, "log", "%v", err)
	}
	r.from.streams[s.ID] = s
	offset, size := body.Start()
	r.from.answer(r.ID, wire.LogOpenResult{Stream: s.ID, SizeBytes: size, StartOffset: offset})
	go s.Run(body.Send)
	return nil
}

// newStream makes a stream towards the caller; the caller puts it among its streams.
func (a *Agent) newStream(r request) (*stream.Stream, *wire.Error) {
	a.dropEnded(r.from)
	if len(r.from.streams) >= maxStreams {
		return nil, wire.Refuse(wire.CodeExhausted, "too-many-log-streams", "at most %d logs and files at a time", maxStreams)
	}
	r.from.next++
	return stream.New(r.from.next, r.from.conn), nil
}

// fateOf gives the channels that tell followers of the end.
func (a *Agent) fateOf(record *task.Record) *stream.Fate {
	if record.Phase == task.PhaseEnded {
		fate := stream.NewFate()
		close(fate.Ended)
		return fate
	}
	fate, ok := a.fates[record.ID]
	if !ok {
		fate = stream.NewFate()
		a.fates[record.ID] = fate
	}
	return fate
}

func (a *Agent) logTimes(r request) *wire.Error {
	var params wire.LogTimesParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	_, reader, refusal := a.openLog(params.TaskID, params.File)
	if refusal != nil {
		return refusal
	}
	refusal = a.look(r.from.conn, func() {
		defer reader.Close()
		r.from.answer(r.ID, wire.LogTimesResult{Times: reader.Times(params.From, params.To)})
	})
	if refusal != nil {
		reader.Close()
	}
	return refusal
}

func (a *Agent) logSearch(r request) *wire.Error {
	var params wire.LogSearchParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	switch {
	case params.Text == "" || len(params.Text) > 4096 || strings.ContainsAny(params.Text, "\n"):
		return wire.Refuse(wire.CodeInvalid, "params", "text must be 1 to 4096 bytes of one line")
	case params.Limit < 1 || params.Limit > logs.MaxMatches || params.From < 0:
		return wire.Refuse(wire.CodeInvalid, "params", "limit must be 1 to %d, from not below 0", logs.MaxMatches)
	}
	_, reader, refusal := a.openLog(params.TaskID, params.File)
	if refusal != nil {
		return refusal
	}
	conn := r.from.conn
	refusal = a.look(conn, func() {
		defer reader.Close()
		result, err := reader.Search(logs.Query{
			Text: params.Text, MatchCase: params.MatchCase, From: params.From, Limit: params.Limit, Budget: searchBudget,
			Stop: func() bool { return isDone(conn) },
		})
		if err != nil {
			r.from.refuse(r.ID, wire.Refuse(wire.CodeInternal, "log", "%v", err))
			return
		}
		r.from.answer(r.ID, result)
	})
	if refusal != nil {
		reader.Close()
	}
	return refusal
}

func isDone(conn *link.Conn) bool {
	select {
	case <-conn.Done():
		return true
	default:
		return false
	}
}

func (a *Agent) configure(r request) *wire.Error {
	var params wire.ConfigureParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	k := params.Keeping
	switch {
	case k.LogMibPerTask < 1 || k.LogMibPerTask > 1_048_576:
		return wire.Refuse(wire.CodeInvalid, "params", "logMibPerTask must be 1 to 1048576")
	case k.LogMibTotal < 16 || k.LogMibTotal > 16_777_216:
		return wire.Refuse(wire.CodeInvalid, "params", "logMibTotal must be 16 to 16777216")
	case k.KeepDays < 0 || k.KeepDays > 3650:
		return wire.Refuse(wire.CodeInvalid, "params", "keepDays must be 0 to 3650")
	case k.CacheMib < 16 || k.CacheMib > 16_777_216:
		return wire.Refuse(wire.CodeInvalid, "params", "cacheMib must be 16 to 16777216")
	}
	if a.options.Keeping == nil || *a.options.Keeping != k {
		options := a.options
		options.Keeping = &k
		if err := writeJSON(a.folder.path("options.json"), options); err != nil {
			return wire.Refuse(wire.CodeExhausted, "disk-full", "the settings could not be kept: %v", err)
		}
		a.options = options
		a.logs.Configure(k)
		go a.artifacts.cache.SetCap(k.CacheMib) // it may have much to remove
	}
	r.from.answer(r.ID, wire.Empty{})
	return nil
}
