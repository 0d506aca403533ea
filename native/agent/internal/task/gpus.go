package task

import "mesolite/agent/internal/wire"

// giveGpus picks devices that no task has which may still run. They are the task's own for all its runs, and part of
// its record before it begins, so they are known to the next agent too.
func (m *Machine) giveGpus(env Env, count int64) ([]int, *wire.Error) {
	if count == 0 {
		return nil, nil
	}
	taken := map[int]bool{}
	for _, record := range m.tasks {
		if record.Phase == PhaseEnded {
			continue
		}
		for _, index := range record.Gpus {
			taken[index] = true
		}
	}
	var own, free []int
	if env.Gpus != nil {
		own = env.Gpus()
	}
	for _, index := range own {
		if !taken[index] {
			free = append(free, index)
		}
	}
	if int64(len(free)) < count {
		return nil, wire.Refuse(wire.CodeExhausted, "gpus-taken", "%d of %d GPUs are free, %d are asked for", len(free), len(own), count)
	}
	return free[:count:count], nil
}
