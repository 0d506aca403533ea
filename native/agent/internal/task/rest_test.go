package task

import (
	"reflect"
	"testing"

	"mesolite/agent/internal/launch"
)

func TestWhatHasEndedAndToldAllRestsUntilItIsAskedFor(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"t-told", "t-untold", "t-runs"} {
		r.launch(id)
	}
	r.exit("t-told", launch.Exit{Code: 3})
	for len(r.m.Get("t-told").Unacked) > 0 {
		r.step(Ack{TaskID: "t-told", UUID: *r.m.Head("t-told").UUID, Reply: r.reply()})
	}
	r.exit("t-untold", launch.Exit{})
	again := NewMachine()
	replay := NewReplay(again)
	for _, payload := range r.journal {
		if err := replay.Take(payload); err != nil {
			t.Fatal(err)
		}
	}
	live := replay.Live()
	if err := replay.Done(); err != nil {
		t.Fatal(err)
	}
	if len(again.atRest) != 1 || again.Len() != 3 || len(again.EndedIDs()) != 2 {
		t.Errorf("%d at rest of %d, ended: %v", len(again.atRest), again.Len(), again.EndedIDs())
	}
	told, _ := again.Page("", 1<<20)
	want, _ := r.m.Page("", 1<<20)
	if !reflect.DeepEqual(told, want) {
		t.Errorf("\ngot  %+v\nwant %+v", told, want)
	}
	copied, size := 0, int64(0)
	again.Snapshot(func(payload []byte) { copied++; size += int64(len(payload)) })
	if copied != 6 || size != live || len(again.atRest) != 1 {
		t.Errorf("%d entries of %d bytes, %d were foreseen; %d at rest", copied, size, live, len(again.atRest))
	}
	r.m = again
	r.launch("t-told") // the old answer, and nothing begins
	if len(again.atRest) != 1 {
		t.Error("a repeated launch woke it")
	}
	r.step(Forget{TaskID: "t-told", Reply: r.reply()})
	if again.Get("t-told") != nil || again.Len() != 2 {
		t.Error("it was not forgotten")
	}
}
