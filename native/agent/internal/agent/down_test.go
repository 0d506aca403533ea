package agent

import (
	"os"
	"testing"
)

func TestA4_TheEndOfABootIsTakenOnceAndOnlyByTheNext(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		boot string
		want int64
	}{{"next", 400}, {"this", 0}} {
		if err := writeJSON(f.path("down.json"), down{BootID: "this", AtMs: 400}); err != nil {
			t.Fatal(err)
		}
		if got := f.takeDown(c.boot); got != c.want {
			t.Errorf("%s: %d", c.boot, got)
		}
		if _, err := os.Stat(f.path("down.json")); !os.IsNotExist(err) {
			t.Error("it is still there")
		}
	}
	if got := f.takeDown("next"); got != 0 {
		t.Errorf("none: %d", got)
	}
}
