package agent

import (
	"os"

	"mesolite/agent/internal/boot"
)

// down is DIR/down.json: the machine was going down when this agent was told to end. Its tasks were ended after that by
// the machine, in order and with a TERM, and their records look as if it had been their own doing.
type down struct {
	BootID string `json:"bootId"`
	AtMs   int64  `json:"atMs"`
}

// noteDown is called once nothing more is announced; the service manager waits for our end before it ends tasks.
func (a *Agent) noteDown() {
	if a.signalledAtMs == 0 || a.machine.Alive() == 0 || !boot.This().IsGoingDown() {
		return
	}
	if err := writeJSON(a.folder.path("down.json"), down{BootID: a.bootID, AtMs: a.signalledAtMs}); err != nil {
		a.log.Line("down.json failed cause=%v", err)
	}
}

// takeDown gives the time from which the ends of the boot before were the machine's doing; 0: none.
func (f *folder) takeDown(bootID string) int64 {
	var d down
	err := readJSON(f.path("down.json"), &d)
	_ = os.Remove(f.path("down.json")) // mostly there is none
	if err != nil || d.BootID == bootID {
		return 0 // it did not go down after all
	}
	return d.AtMs
}
