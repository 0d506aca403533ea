package task

import (
	"bytes"
	"sort"
)

// rest is a task that has ended and told all, as its two entries are in the journal. Most tasks that an agent finds at
// its start are so: it serves sooner when it does not decode them all.
type rest struct{ info, state []byte }

// restsIn tells whether the newest state of a task lets it rest, by what encode writes: a quote within a text has a
// backslash, so none of this can be one.
func restsIn(id string, state []byte) bool {
	before := `{"k":"state","id":"` + id + `","state":{"id":"` + id + `","phase":"` + PhaseEnded + `",`
	return bytes.HasPrefix(state, []byte(before)) && bytes.Contains(state, []byte(`,"unacked":[]`))
}

func (r rest) record(id string) *Record {
	one := NewMachine()
	for _, payload := range [][]byte{r.info, r.state} {
		if err := one.Replay(payload); err != nil {
			panic("task: what was at rest does not decode: " + err.Error()) // its sum was right, and we wrote it
		}
	}
	return one.tasks[id]
}

// find gives a task that may be about to change.
func (m *Machine) find(id string) (record *Record, known bool) {
	if r, rests := m.atRest[id]; rests {
		m.tasks[id] = r.record(id)
		delete(m.atRest, id)
	}
	record, known = m.tasks[id]
	return record, known
}

// Look gives a task that nobody changes, or nil.
func (m *Machine) Look(id string) *Record {
	if r, rests := m.atRest[id]; rests {
		return r.record(id)
	}
	return m.tasks[id]
}

func (m *Machine) knows(id string) bool {
	_, rests := m.atRest[id]
	return rests || m.tasks[id] != nil
}

// all are the ids of all tasks, in order.
func (m *Machine) all() []string {
	ids := m.ids()
	for id := range m.atRest {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// EndedIDs are the tasks that have ended.
func (m *Machine) EndedIDs() []string {
	var ids []string
	for id := range m.atRest {
		ids = append(ids, id)
	}
	for id, record := range m.tasks {
		if record.Phase == PhaseEnded {
			ids = append(ids, id)
		}
	}
	return ids
}
