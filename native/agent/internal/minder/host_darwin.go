package minder

import "mesolite/agent/internal/kern"

const (
	maxGroups = 16   // more, setgroups refuses
	rssPerKib = 1024 // ru_maxrss is in bytes
)

func startTime(pid int) int64 { return kern.StartUs(pid) }

// othersIn counts what lives in a group besides its first process.
func othersIn(group int) int {
	n := 0
	for _, p := range kern.Group(group) {
		if p.Pid != group && !p.Zombie {
			n++
		}
	}
	return n
}
