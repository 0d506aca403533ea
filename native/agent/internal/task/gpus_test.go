package task

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"mesolite/agent/internal/launch"
)

func withGpus(id string, n string) json.RawMessage {
	return json.RawMessage(strings.Replace(string(info(id)), `"gpus":0`, `"gpus":`+n, 1))
}

func TestADeviceBelongsToOneTaskUntilItHasEnded(t *testing.T) {
	r := newRig(t)
	r.env.Gpus = func() []int { return []int{2, 5, 7} }
	take := func(id, n string) []int {
		r.step(Launch{Info: withGpus(id, n), Reply: r.reply()})
		if record := r.m.Get(id); record != nil {
			if !reflect.DeepEqual(record.Gpus, record.Parsed.GpuIndexes) {
				t.Errorf("%s starts with %v and has %v", id, record.Parsed.GpuIndexes, record.Gpus)
			}
			return record.Gpus
		}
		return nil
	}
	if got := take("t-a", "1"); !reflect.DeepEqual(got, []int{2}) {
		t.Errorf("%v", got)
	}
	if got := take("t-b", "2"); !reflect.DeepEqual(got, []int{5, 7}) {
		t.Errorf("%v", got)
	}
	if got := take("t-none", "0"); got != nil {
		t.Errorf("%v", got)
	}
	take("t-c", "1")
	if r.m.Get("t-c") != nil || r.refusal == nil || r.refusal.Reason != "gpus-taken" {
		t.Errorf("%v", r.refusal)
	}
	// The next agent knows it from the journal, whatever it is told of devices meanwhile.
	again := NewMachine()
	for _, payload := range r.journal {
		if err := again.Replay(payload); err != nil {
			t.Fatal(err)
		}
	}
	r.m = again
	if got := again.Get("t-b"); !reflect.DeepEqual(got.Parsed.GpuIndexes, []int{5, 7}) {
		t.Errorf("%v", got.Parsed.GpuIndexes)
	}
	take("t-d", "1")
	if r.m.Get("t-d") != nil {
		t.Error("a device was given twice")
	}
	r.started("t-a")
	if got := r.m.Get("t-a").Status.Gpus; !reflect.DeepEqual(got, []int{2}) {
		t.Errorf("the status says %v", got)
	}
	r.exit("t-a", launch.Exit{})
	if got := take("t-e", "1"); !reflect.DeepEqual(got, []int{2}) {
		t.Errorf("%v", got)
	}
}
