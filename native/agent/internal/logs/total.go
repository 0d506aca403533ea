package logs

import "strconv"

const (
	// The total is brought below this much under its cap, so that it is not cut at every look.
	totalSlackPart = 16
	// The least a log keeps when the running tasks alone are over the total.
	leastLog = 64 * 1024
)

// CapOf is how many bytes each log of a task may have; logMib 0: as the settings say.
func (k *Keeper) CapOf(logMib int64) int64 { return k.shimCap(k.capOf(logMib * mib)) }

// shimCap is what a shim is told of a cap: half of it where a log is cut by copying, since the copy takes as much.
func (k *Keeper) shimCap(limit int64) int64 {
	if k.noHoles {
		return limit / 2
	}
	return limit
}

func (k *Keeper) limitOf(log *Log) int64 { return k.capOf(log.watch.task.limit) }

func (k *Keeper) capOf(own int64) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	limit := k.keeping.LogMibPerTask * mib
	if own > 0 {
		limit = own
	}
	if k.squeezed > 0 && limit > k.squeezed {
		limit = k.squeezed
	}
	return limit
}

// tellCap tells a shim when it is to hold another cap.
func (k *Keeper) tellCap(task *taskLogs, limit int64) {
	if task.capTold != limit {
		task.capTold = limit
		k.options.Cap(task.id, k.shimCap(limit))
	}
}

func (k *Keeper) totalCap() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keeping.LogMibTotal * mib
}

func (k *Keeper) overTotal() bool {
	total := k.totalCap()
	return k.knows.Load() && k.total.Load() > total-total/totalSlackPart
}

// squeeze brings all logs together below their cap: those of ended tasks go, the oldest first; when that is not enough,
// the largest of those that are written keep less.
func (k *Keeper) squeeze(heat func(*Log)) {
	target := k.totalCap()
	target -= 2 * target / totalSlackPart
	for k.total.Load() > target {
		victim := k.oldestEnded()
		if victim == nil {
			break
		}
		k.removeLogs(victim, "to keep all logs of this machine within their "+strconv.FormatInt(k.totalCap()/mib, 10)+" MiB")
	}
	if k.total.Load() <= target {
		return
	}
	var kept []int64
	k.eachLive(func(log *Log) { kept = append(kept, log.watch.kept) })
	most := levelFor(kept, target)
	k.mu.Lock()
	k.squeezed = most
	k.mu.Unlock()
	k.eachLive(func(log *Log) {
		if log.watch.kept > most {
			heat(log)
		}
	})
}

// levelFor is the height at which the sum of all, each cut at it, is the target.
func levelFor(kept []int64, target int64) int64 {
	low, high := int64(leastLog), int64(1<<50)
	for low < high {
		level := (low + high + 1) / 2
		sum := int64(0)
		for _, v := range kept {
			if v > level {
				v = level
			}
			sum += v
		}
		if sum <= target {
			low = level
		} else {
			high = level - 1
		}
		if high < low {
			break
		}
	}
	return low
}
