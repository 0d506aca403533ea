// Package check asks tasks how they are: Plan says when and what a row of answers means (pure: time comes in as ms),
// Run asks over HTTP and TCP. Lines of command probes are run by whatever runs the task. It may import wire.
package check

import (
	"fmt"
	"sort"

	"mesolite/agent/internal/wire"
)

// MaxBusy probes are under way at a time; the others wait for a place.
const MaxBusy = 16

// Outcome is one answer.
type Outcome struct {
	Good bool
	// Void: it could not be asked, which says nothing about the task.
	Void  bool
	Words string // when it is not good: why
}

// Ask is a probe to be run now.
type Ask struct {
	TaskID string
	Run    int
	Kind   string // health, readiness
	Check  wire.Check
}

type key struct{ taskID, kind string }

type entry struct {
	run     int
	check   wire.Check
	sinceMs int64 // start of the run
	dueMs   int64
	busy    bool
	bad     int  // in a row
	told    bool // something was
	good    bool // what was told last
}

// Plan knows every check of the tasks that run.
type Plan struct {
	entries map[key]*entry
	busy    int
	// soonestMs is at most the earliest due time of those that are not busy.
	soonestMs int64
}

// NewPlan is empty.
func NewPlan() *Plan { return &Plan{entries: map[key]*entry{}} }

// Track takes a check of a run that began at sinceMs. One that is known already stays as it is.
func (p *Plan) Track(taskID string, run int, kind string, c *wire.Check, sinceMs int64) {
	k := key{taskID, kind}
	if e, known := p.entries[k]; c == nil || known && e.run == run {
		return
	}
	e := &entry{run: run, check: *c, sinceMs: sinceMs, dueMs: sinceMs + c.DelayMs}
	if len(p.entries) == 0 || e.dueMs < p.soonestMs {
		p.soonestMs = e.dueMs
	}
	p.entries[k] = e
}

// Drop ends the checks of a task.
func (p *Plan) Drop(taskID string) {
	for k := range p.entries {
		if k.taskID == taskID {
			delete(p.entries, k)
		}
	}
}

// Due takes what is to be asked now, the longest due first, as far as there are places.
func (p *Plan) Due(nowMs int64) []Ask {
	if len(p.entries) == 0 || nowMs < p.soonestMs || p.busy >= MaxBusy {
		return nil
	}
	var due []key
	p.soonestMs = nowMs + 3_600_000
	for k, e := range p.entries {
		if !e.busy && e.dueMs <= nowMs {
			due = append(due, k)
		} else {
			p.notLater(e)
		}
	}
	sort.Slice(due, func(a, b int) bool {
		left, right := p.entries[due[a]], p.entries[due[b]]
		if left.dueMs != right.dueMs {
			return left.dueMs < right.dueMs
		}
		return due[a].taskID+due[a].kind < due[b].taskID+due[b].kind
	})
	var asks []Ask
	for _, k := range due {
		e := p.entries[k]
		if p.busy == MaxBusy {
			p.notLater(e) // as soon as there is a place
			break
		}
		e.busy, e.dueMs = true, nowMs+e.check.IntervalMs
		p.busy++
		asks = append(asks, Ask{TaskID: k.taskID, Run: e.run, Kind: k.kind, Check: e.check})
	}
	return asks
}

func (p *Plan) notLater(e *entry) {
	if !e.busy && e.dueMs < p.soonestMs {
		p.soonestMs = e.dueMs
	}
}

// NextMs is a time before which nothing is due; false when nothing is until something else happens.
func (p *Plan) NextMs() (int64, bool) {
	return p.soonestMs, len(p.entries) > 0 && p.busy < MaxBusy && len(p.entries) > p.busy
}

// Done takes the answer of an Ask. changed tells that it says something new: good, or bad for the reason in words.
func (p *Plan) Done(ask Ask, outcome Outcome, nowMs int64) (changed bool, words string) {
	p.busy--
	e, known := p.entries[key{ask.TaskID, ask.Kind}]
	if !known || e.run != ask.Run {
		return false, "" // of a run that is over
	}
	e.busy = false
	if e.dueMs < nowMs {
		e.dueMs = nowMs // it took longer than the interval
	}
	p.notLater(e)
	switch {
	case outcome.Void:
		return false, ""
	case outcome.Good:
		e.bad = 0
	case nowMs < e.sinceMs+e.check.GraceMs:
		return false, ""
	default:
		e.bad++
		if ask.Kind == "health" && e.bad < e.check.Failures {
			return false, ""
		}
		if ask.Kind == "health" {
			words = outcome.Words + inRow(e.bad)
		} else {
			words = outcome.Words
		}
	}
	changed = !e.told || e.good != outcome.Good
	e.told, e.good = true, outcome.Good
	return changed, words
}

var numbers = []string{"", "", " twice", " three times", " four times", " five times", " six times", " seven times", " eight times", " nine times", " ten times"}

func inRow(n int) string {
	switch {
	case n < 2:
		return ""
	case n < len(numbers):
		return numbers[n] + " in a row"
	}
	return fmt.Sprintf(" %d times in a row", n)
}
