package agent

import (
	"os"

	"mesolite/agent/internal/wire"
)

// Status is what `mesolite-agent status --json` prints.
type Status struct {
	Version     string         `json:"version"`
	WireVersion int            `json:"wireVersion"`
	AgentID     string         `json:"agentId"`
	Incarnation string         `json:"incarnation"`
	Pid         int            `json:"pid"`
	Dir         string         `json:"dir"`
	MasterID    string         `json:"masterId"`
	Connected   bool           `json:"connected"`
	Tasks       int            `json:"tasks"`
	Alive       int            `json:"alive"`
	Unacked     int            `json:"unacknowledged"`
	Cgroup      string         `json:"cgroup"`
	Boot        string         `json:"boot"`
	Resources   wire.Resources `json:"resources"`
}

func (a *Agent) localStatus(r request) *wire.Error {
	facts := a.facts.last()
	r.from.answer(r.ID, Status{
		Version: a.config.Version, WireVersion: wire.Version, AgentID: a.id, Incarnation: a.incarnation, Pid: os.Getpid(),
		Dir: a.config.Dir, MasterID: a.lease.MasterID, Connected: a.holder != nil, Tasks: a.machine.Len(),
		Alive: a.machine.Alive(), Unacked: a.updates.Len(), Cgroup: a.launcher.Cgroups.Kind, Boot: facts.Boot,
		Resources: a.options.Resources(facts, diskMib(a.config.Dir)),
	})
	return nil
}
