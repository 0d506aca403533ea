package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"mesolite/agent/internal/fetch"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/results"
	"mesolite/agent/internal/task"
	"mesolite/agent/internal/wire"
)

// reserveBytes of the disk are never filled by artifacts: journals, logs and the tasks themselves need room.
const reserveBytes = 256 << 20

// stoppingBudget is how long results may take when the agent waits for the end of its last tasks.
const stoppingBudget = 5 * time.Second

// artifacts is what is done for tasks before their first start and after their end. Its fields belong to the loop.
type artifacts struct {
	cache    *fetch.Cache
	preparer *fetch.Preparer
	under    map[string]*errandOf // prepares and collects under way, by task
}

// errandOf is one of them.
type errandOf struct{ cancel context.CancelFunc }

// errandOver is told by its goroutine; then is what the machine hears.
type errandOver struct {
	taskID string
	of     *errandOf
	then   task.Event
}

// progressed is for the eye only.
type progressed struct{ wire.ProgressEvent }

func openArtifacts(f *folder, exe string, keeping wire.Keeping) (artifacts, error) {
	cache, err := fetch.OpenCache(f.path("cache"), keeping.CacheMib, reserveBytes)
	if err != nil {
		return artifacts{}, err
	}
	return artifacts{cache: cache, preparer: fetch.NewPreparer(cache, exe), under: map[string]*errandOf{}}, nil
}

// missing lists the hashes that only the master has.
func missing(cache *fetch.Cache, info *wire.TaskInfo) []string {
	var wanted []string
	for _, artifact := range info.Artifacts {
		if artifact.URL == nil {
			wanted = append(wanted, *artifact.SHA256)
		}
	}
	present := map[string]bool{}
	for _, hash := range cache.Find(wanted) {
		present[hash] = true
	}
	var list []string
	for _, hash := range wanted {
		if !present[hash] {
			present[hash] = true // named once
			list = append(list, hash)
		}
	}
	return list
}

// admit tells why a task cannot be taken here, or nil: an artifact that is missing, no such container engine.
func (a *Agent) admit(info *wire.TaskInfo) *wire.Error {
	if list := missing(a.artifacts.cache, info); len(list) > 0 {
		return wire.Refuse(wire.CodeNotFound, "artifact-missing", "%s", strings.Join(list, " "))
	}
	return nil
}

// begin starts an errand of a task in a goroutine of its own. What it returns is told to the machine.
func (a *Agent) begin(taskID string, do func(ctx context.Context) task.Event) {
	a.abandon(taskID)
	ctx, cancel := context.WithCancel(context.Background())
	of := &errandOf{cancel}
	a.artifacts.under[taskID] = of
	go func() {
		then := do(ctx)
		cancel()
		a.post(errandOver{taskID, of, then})
	}()
}

// errandEnded passes on what became of an errand, unless nobody waits for it any more.
func (a *Agent) errandEnded(e errandOver) {
	if a.artifacts.under[e.taskID] == e.of {
		delete(a.artifacts.under, e.taskID)
		a.step(e.then)
	}
}

// abandon ends a prepare that nobody waits for any more.
func (a *Agent) abandon(taskID string) {
	if of, ok := a.artifacts.under[taskID]; ok {
		of.cancel()
		delete(a.artifacts.under, taskID)
	}
}

// hurry ends the collecting of results: what was found until now is kept.
func (a *Agent) hurry(taskID string) {
	if record := a.machine.Get(taskID); record != nil && record.Phase == task.PhaseCollecting {
		if of, ok := a.artifacts.under[taskID]; ok {
			of.cancel()
		}
	}
}

// prepare brings artifacts into the sandbox before the first start, and tells the machine.
func (a *Agent) prepare(info wire.TaskInfo) {
	var pins []func()
	for _, artifact := range info.Artifacts {
		if artifact.SHA256 == nil {
			continue
		}
		if release, ok := a.artifacts.cache.Pin(*artifact.SHA256); ok {
			pins = append(pins, release)
		}
	}
	a.begin(info.TaskID, func(ctx context.Context) task.Event {
		defer func() {
			for _, release := range pins {
				release()
			}
		}()
		err := a.bring(ctx, &info)
		if err == nil {
			return task.Prepared{TaskID: info.TaskID}
		}
		if !errors.Is(err, context.Canceled) {
			a.log.Line("task not prepared task=%s cause=%q", info.TaskID, err.Error())
		}
		return task.Prepared{TaskID: info.TaskID, Problem: err.Error()}
	})
}

func (a *Agent) bring(ctx context.Context, info *wire.TaskInfo) error {
	if fetch.IsPrepared(a.launcher.TaskDir(info.TaskID), a.bootID) {
		return nil // by an agent that died before it could say so
	}
	who, err := launch.WhoRuns(info)
	if err != nil {
		return err
	}
	return a.artifacts.preparer.Prepare(ctx, *info, func() (fetch.Home, error) {
		dir, err := a.launcher.EmptyHome(info.TaskID, who)
		return fetch.Home{Dir: dir, BootID: a.bootID, As: who}, err
	}, a.progressOf(info.TaskID))
}

func (a *Agent) progressOf(taskID string) fetch.Progress {
	return func(phase, what string, done int64, total *int64) {
		a.post(progressed{wire.ProgressEvent{
			V: wire.Version, Event: "task-progress", TaskID: taskID, Phase: phase, What: what, DoneBytes: done, TotalBytes: total,
		}})
	}
}

func (a *Agent) tellProgress(e progressed) {
	if a.holder != nil && a.greeted {
		_ = a.holder.conn.Send(e.ProgressEvent) // ended: nobody looks
	}
}

// collect lists the results of a task that ended for good, and tells the machine.
func (a *Agent) collect(info wire.TaskInfo) {
	progress := a.progressOf(info.TaskID)
	job := results.Collect{Patterns: info.Results}
	if a.stopping != nil {
		job.Budget = stoppingBudget
	}
	a.begin(info.TaskID, func(ctx context.Context) task.Event {
		who, err := launch.WhoRuns(&info)
		if err == nil {
			err = results.Gather(ctx, a.launcher.Exe, a.launcher.TaskDir(info.TaskID), job, who, func(what string, done int64) {
				progress(wire.ProgressCollect, what, done, nil)
			})
		}
		if err != nil {
			a.log.Line("results are not complete task=%s cause=%q", info.TaskID, err.Error())
		}
		return task.Collected{TaskID: info.TaskID}
	})
}

func (a *Agent) resultsList(r request) *wire.Error {
	var params wire.ResultsListParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	record := a.machine.Get(params.TaskID)
	switch {
	case record == nil:
		return wire.Refuse(wire.CodeNotFound, "task", "no task %.80q here", params.TaskID)
	case record.Phase != task.PhaseEnded:
		return wire.Refuse(wire.CodeNotFound, "results-not-yet", "the task has not ended")
	}
	if len(record.Parsed.Results) == 0 {
		r.from.answer(r.ID, wire.ResultsListResult{Files: []wire.ResultFile{}})
		return nil
	}
	dir := a.launcher.TaskDir(params.TaskID)
	go func() {
		list, err := results.Read(dir)
		if err != nil {
			r.from.refuse(r.ID, wire.Refuse(wire.CodeInternal, "results", "the list of results cannot be read: %v", err))
			return
		}
		files, more := list.Page(params.After, pageBytes)
		r.from.answer(r.ID, wire.ResultsListResult{Files: files, Left: list.Left, More: more})
	}()
	return nil
}
