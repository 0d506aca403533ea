package task

import "bytes"

// Replay rebuilds a machine from a journal. Each change of a task wrote its whole state, so only the newest of each is
// decoded, and that of a task which has ended only when somebody asks for it: an agent with thousands of ended tasks
// serves again sooner.
type Replay struct {
	machine *Machine
	infos   map[string][]byte
	newest  map[string][]byte
}

// NewReplay fills an empty machine.
func NewReplay(m *Machine) *Replay {
	return &Replay{machine: m, infos: map[string][]byte{}, newest: map[string][]byte{}}
}

// Take is given each record of the journal, in order. The payload is not kept.
func (r *Replay) Take(payload []byte) error {
	kind, id := headOfEntry(payload)
	switch {
	case kind == kindState:
		r.newest[id] = append(r.newest[id][:0], payload...)
		return nil
	case id == "": // not as encode writes it: nothing is put off any more
		if err := r.decode(); err != nil {
			return err
		}
	default:
		// It begins or is gone: states from before say nothing.
		delete(r.newest, id)
		delete(r.infos, id)
		if kind == kindInfo {
			r.infos[id] = append([]byte(nil), payload...)
			return nil
		}
	}
	return r.machine.Replay(payload)
}

// Live is how many bytes the newest records of all tasks have.
func (r *Replay) Live() int64 {
	bytes := 0
	for _, list := range []map[string][]byte{r.infos, r.newest} {
		for _, payload := range list {
			bytes += len(payload)
		}
	}
	return int64(bytes)
}

// Done decodes what was put off, and lets rest what may. Call it after the last record.
//
// A task without any state is one whose first two records the power cut came between. Its launch was not answered and
// nothing of it began, so it is not there: half of it would be told as a task without an id.
func (r *Replay) Done() error {
	for id, state := range r.newest {
		if info := r.infos[id]; info != nil && restsIn(id, state) {
			r.machine.atRest[id] = rest{info, state}
			delete(r.infos, id)
			delete(r.newest, id)
		}
	}
	err := r.decode()
	for id, record := range r.machine.tasks {
		if record.Phase == "" {
			delete(r.machine.tasks, id)
		}
	}
	return err
}

func (r *Replay) decode() error {
	for _, list := range []map[string][]byte{r.infos, r.newest} {
		for id, payload := range list {
			if err := r.machine.Replay(payload); err != nil {
				return err
			}
			delete(list, id)
		}
	}
	return nil
}

// headOfEntry reads kind and id where encode puts them; ids need no escapes.
func headOfEntry(payload []byte) (kind, id string) {
	const before, between = `{"k":"`, `","id":"`
	at := bytes.Index(payload, []byte(between))
	if at < 0 || at > 32 || !bytes.HasPrefix(payload, []byte(before)) {
		return "", ""
	}
	rest := payload[at+len(between):]
	end := bytes.IndexByte(rest, '"')
	if end < 1 {
		return "", ""
	}
	return string(payload[len(before):at]), string(rest[:end])
}
