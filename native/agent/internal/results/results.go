// Package results collects what a task made: the files of its sandbox that its patterns mean, with their hashes, in a
// child with low priority; and keeps the list beside the sandbox. It may import beneath, errand, spool and wire.
package results

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sort"
	"time"

	"mesolite/agent/internal/beneath"
	"mesolite/agent/internal/errand"
	"mesolite/agent/internal/spool"
	"mesolite/agent/internal/wire"
)

const (
	// Budget is how long the end of a task may be late for its results.
	Budget = time.Minute
	// A child that does not keep to its budget is ended.
	patience      = 15 * time.Second
	progressEvery = 250 * time.Millisecond
	fileName      = "results.json"
	kind          = "collect"
	nice          = 19
)

// List is results.json.
type List struct {
	Files []wire.ResultFile `json:"files"` // sorted by path
	Left  int               `json:"left"`
}

// line is what the child tells.
type line struct {
	File *wire.ResultFile `json:"file,omitempty"`
	What string           `json:"what,omitempty"`
	Done int64            `json:"done,omitempty"`
	Left *int             `json:"left,omitempty"`
}

// Kinds are what the child can do.
func Kinds() map[string]func(*errand.Work) error {
	return map[string]func(*errand.Work) error{kind: doCollect}
}

func doCollect(work *errand.Work) error {
	var job Collect
	if len(work.Files) != 1 {
		return errors.New("the order lacks its folder")
	}
	if err := json.Unmarshal(work.Job, &job); err != nil {
		return err
	}
	var last time.Time
	left := job.Run(beneath.RootOf(work.Files[0]), func(file wire.ResultFile) {
		work.Tell(line{File: &file})
	}, func(what string, done int64) {
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			work.Tell(line{What: what, Done: done})
		}
	})
	work.Tell(line{Left: &left})
	return nil
}

// Gather collects the results of a task that has ended and keeps the list in its folder; it is durable then. The end
// of the context ends the collecting, and what was found until then is kept. The error is for the log only.
func Gather(ctx context.Context, exe, dir string, job Collect, as *errand.Who, progress func(what string, done int64)) error {
	list := List{Files: []wire.ResultFile{}}
	if job.MaxFiles = MaxFiles; job.Budget == 0 {
		job.Budget = Budget
	}
	failure := gather(ctx, exe, dir, job, as, &list, progress)
	sort.Slice(list.Files, func(i, j int) bool { return list.Files[i].Path < list.Files[j].Path })
	data, err := wire.Encode(list)
	if err != nil {
		return err
	}
	if err := spool.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
		return err
	}
	return failure
}

func gather(ctx context.Context, exe, dir string, job Collect, as *errand.Who, list *List, progress func(string, int64)) error {
	sandbox, err := os.Open(filepath.Join(dir, "sandbox"))
	if err != nil {
		return err
	}
	defer func() { _ = sandbox.Close() }()
	ctx, cancel := context.WithTimeout(ctx, job.Budget+patience)
	defer cancel()
	counted := false
	order := errand.Order{Exe: exe, Kind: kind, Job: job, Files: []*os.File{sandbox}, As: as, Nice: nice, Idle: true}
	err = errand.Run(ctx, order, func(told json.RawMessage) {
		var l line
		switch {
		case json.Unmarshal(told, &l) != nil:
		case l.File != nil:
			list.Files = append(list.Files, *l.File)
		case l.Left != nil:
			list.Left, counted = *l.Left, true
		default:
			progress(l.What, l.Done)
		}
	})
	if !counted && list.Left == 0 {
		list.Left = 1 // it was ended before it could count
	}
	return err
}

// Read gives what was kept.
func Read(dir string) (List, error) {
	list := List{Files: []wire.ResultFile{}}
	data, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		return list, err
	}
	return list, json.Unmarshal(data, &list)
}

// Page gives the files after one of them, as long as they fit.
func (l List) Page(after string, limitBytes int) (files []wire.ResultFile, more bool) {
	files = []wire.ResultFile{}
	start := 0
	if after != "" {
		start = sort.Search(len(l.Files), func(i int) bool { return l.Files[i].Path > after })
	}
	size := 0
	for _, file := range l.Files[start:] {
		// A character may become six in JSON.
		const rest = 128
		if size += 6*len(file.Path) + rest; size > limitBytes && len(files) > 0 {
			return files, true
		}
		files = append(files, file)
	}
	return files, false
}
