package agent

import (
	"os"
	"strconv"
	"strings"
)

// When the machine runs out of memory the kernel ends the largest process with the highest score. Tasks are meant to
// go before what watches them.
const (
	ownOomAdj  = -500 // as root; a user may not lower it
	taskOomAdj = 100  // above the agent of a user
)

// protect lowers the score of the agent, which its shims inherit, and gives the one for tasks.
func protect() (forTasks string) {
	const file = "/proc/self/oom_score_adj"
	data, err := os.ReadFile(file)
	if err != nil {
		return "" // not this kernel: as it is
	}
	before, _ := strconv.Atoi(strings.TrimSpace(string(data))) // the kernel writes a number
	if before < 0 {
		before = 0 // of a starter that was protected itself, or of an agent before us
	}
	if os.WriteFile(file, []byte(strconv.Itoa(ownOomAdj)), 0) == nil {
		return strconv.Itoa(before)
	}
	if before += taskOomAdj; before > 1000 {
		before = 1000
	}
	return strconv.Itoa(before)
}
