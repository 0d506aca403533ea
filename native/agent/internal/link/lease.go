// Package link is the agent's end of connections: the socket, frames in and out with back-pressure, and the rule of
// the lease. It may import wire and log.
package link

import "mesolite/agent/internal/wire"

// Lease is who may command this agent; it is kept on disk.
type Lease struct {
	MasterID string `json:"masterId"`
	Epoch    int64  `json:"epoch"`
}

// Claim decides about a hello: the lease afterwards, or a refusal.
func (held Lease) Claim(hello wire.HelloParams) (Lease, *wire.Error) {
	claimed := Lease{MasterID: hello.MasterID, Epoch: hello.Epoch}
	switch {
	case !wire.ValidMasterID(hello.MasterID):
		return held, wire.Refuse(wire.CodeInvalid, "master-id", "not a master id")
	case held.MasterID == "":
		return claimed, nil
	case held.MasterID != hello.MasterID && !hello.TakeOver:
		return held, wire.Refuse(wire.CodeConflict, "lease-held", "%s", held.MasterID)
	case held.MasterID == hello.MasterID && hello.Epoch < held.Epoch:
		return held, wire.Refuse(wire.CodeConflict, "lease-old-epoch", "epoch %d is older than %d", hello.Epoch, held.Epoch)
	}
	return claimed, nil
}

// CommonVersion is the highest version both speak.
func CommonVersion(hello wire.HelloParams) (int, *wire.Error) {
	version := wire.Version
	if hello.Version < version {
		version = hello.Version
	}
	if version < wire.VersionMin || version < hello.VersionMin {
		return 0, wire.Refuse(wire.CodeUnsupported, "wire-version",
			"the agent speaks versions %d to %d, the app %d to %d", wire.VersionMin, wire.Version, hello.VersionMin, hello.Version)
	}
	return version, nil
}
