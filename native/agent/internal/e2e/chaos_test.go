package e2e

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

// chaosFor is how long the loop runs: short in every test run, `MESOLITE_CHAOS_S=300` for the release.
func chaosFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("MESOLITE_CHAOS_S")
	if text == "" {
		return 5 * time.Second
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds) * time.Second
}

// chaos is the master of the loop: it asks again for what was not answered, and keeps count.
type chaos struct {
	t       *testing.T
	h       *host
	random  *rand.Rand
	asked   map[string]map[string]interface{} // not known to be accepted
	open    map[string]bool                   // accepted, not ended
	killed  map[string]bool
	again   map[string]bool // start again three times, or until they are killed
	ended   map[string]wire.Status
	uuids   map[string]string // state of each update, by uuid
	next    int
	kills   int
	adoptMs []int64
}

// A1: kill -9 of the agent at random moments, under load. Invariants I2, I4, I5: no task is lost, none runs twice,
// no exit code is wrong, and the agent serves again within a second.
func TestA1KillLoopLosesDoublesAndMisreadsNothing(t *testing.T) {
	h := newHost(t)
	marks := filepath.Join(filepath.Dir(h.dir), "marks")
	if err := os.Mkdir(marks, 0o755); err != nil {
		t.Fatal(err)
	}
	m := &chaos{
		t: t, h: h, random: rand.New(rand.NewSource(time.Now().UnixNano())), asked: map[string]map[string]interface{}{},
		open: map[string]bool{}, killed: map[string]bool{}, again: map[string]bool{}, ended: map[string]wire.Status{}, uuids: map[string]string{},
	}
	until := time.Now().Add(chaosFor(t))
	for time.Now().Before(until) {
		m.round(marks, time.Duration(m.random.Intn(700))*time.Millisecond, true)
		h.kill9()
		m.kills++
		from := time.Now()
		h.start()
		m.adoptMs = append(m.adoptMs, time.Since(from).Milliseconds())
	}
	for deadline := time.Now().Add(60 * time.Second); len(m.asked)+len(m.open) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("not settled: %d asked, %d open", len(m.asked), len(m.open))
		}
		m.round(marks, 500*time.Millisecond, false)
	}
	m.judge(marks)
}

// round is one connection.
func (m *chaos) round(marks string, span time.Duration, add bool) {
	c, hello := m.h.greet()
	for _, held := range hello.Tasks {
		m.accepted(held.Status.TaskID)
	}
	for _, info := range m.asked {
		_ = c.send("task.launch", map[string]interface{}{"info": info})
	}
	until := time.After(span)
	for {
		select {
		case <-until:
			return
		case status := <-c.statuses:
			m.take(c, status)
		default:
			if !add || len(m.open)+len(m.asked) >= 40 {
				select {
				case status := <-c.statuses:
					m.take(c, status)
				case <-until:
					return
				}
				continue
			}
			m.ask(c, marks)
		}
	}
}

func (m *chaos) ask(c *client, marks string) {
	id := fmt.Sprintf("t-%d", m.next)
	m.next++
	line := fmt.Sprintf("echo x >> %s/%s; sleep 0.%d; exit %d", marks, id, m.random.Intn(6), m.next%200)
	if m.next%7 == 0 {
		line = fmt.Sprintf("echo x >> %s/%s; sleep 1000", marks, id)
		m.killed[id] = true
	}
	m.asked[id] = shell(id, line)
	switch kind := m.next % 6; {
	case kind == 1 && !m.killed[id]: // its ends come while the agent is there, is not, and is just coming
		m.again[id] = true
		m.asked[id] = and(m.asked[id], "restart", restart("always", 3))
	case kind == 2:
		m.again[id], m.killed[id] = true, true
		m.asked[id] = and(shell(id, fmt.Sprintf("echo x >> %s/%s; sleep 0.%d; exit 1", marks, id, m.random.Intn(4))), "restart", restart("failure", nil))
	}
	_ = c.send("task.launch", map[string]interface{}{"info": m.asked[id]})
}

// accepted: the agent has it. A launch that was on its way when the agent died may have been lost; then it is asked
// for again with the same id.
func (m *chaos) accepted(id string) {
	if _, was := m.asked[id]; was {
		delete(m.asked, id)
		m.open[id] = true
	}
}

func (m *chaos) take(c *client, status wire.Status) {
	m.accepted(status.TaskID)
	if was, seen := m.uuids[*status.UUID]; seen && was != status.State {
		m.t.Errorf("update %s changed from %s to %s", *status.UUID, was, status.State)
	}
	m.uuids[*status.UUID] = status.State
	if status.State == wire.StateRunning {
		if _, over := m.ended[status.TaskID]; over {
			m.t.Errorf("%s runs after its end", status.TaskID)
		}
		if m.killed[status.TaskID] && (!m.again[status.TaskID] || number(status.Restarts) >= 2) {
			_ = c.send("task.kill", map[string]interface{}{"taskId": status.TaskID, "graceMs": 100})
		}
	} else if status.State != wire.StateStarting {
		if before, twice := m.ended[status.TaskID]; twice && *before.UUID != *status.UUID {
			m.t.Errorf("%s ended twice: %+v and %+v", status.TaskID, before, status)
		}
		m.ended[status.TaskID] = status
		delete(m.open, status.TaskID)
	}
	_ = c.send("update.ack", wire.AckParams{TaskID: status.TaskID, UUID: *status.UUID})
}

func (m *chaos) judge(marks string) {
	lost, doubled, wrong, restarts := 0, 0, 0, 0
	for i := 0; i < m.next; i++ {
		id := fmt.Sprintf("t-%d", i)
		data, _ := os.ReadFile(filepath.Join(marks, id))
		runs := strings.Count(string(data), "x")
		status, ended := m.ended[id]
		most := 1
		if m.again[id] {
			most = number(status.Restarts) + 1
			restarts += most - 1
		}
		switch {
		case !ended:
			lost++
		case runs > most:
			doubled++
			m.t.Logf("%s ran %d times: %+v", id, runs, status)
		case m.again[id] && runs < most-1, m.again[id] && !m.killed[id] && runs != 4:
			lost++ // a run that was counted did not happen; the last one may have been killed before its first word
			m.t.Logf("%s ran %d times: %+v", id, runs, status)
		case m.killed[id] && status.State != wire.StateKilled,
			!m.killed[id] && exitCode(status) != strconv.Itoa((i+1)%200),
			!m.killed[id] && runs != most:
			wrong++
			m.t.Logf("%s ran %d times: %+v", id, runs, status)
		}
	}
	slowest := int64(0)
	for _, ms := range m.adoptMs {
		if ms > slowest {
			slowest = ms
		}
	}
	sort.Slice(m.adoptMs, func(i, j int) bool { return m.adoptMs[i] < m.adoptMs[j] })
	// Read by the bench `agent`.
	m.t.Logf(`chaos {"tasks":%d,"restarts":%d,"kills":%d,"lost":%d,"doubled":%d,"wrong":%d,"adoptMs":%d,"adoptWorstMs":%d}`,
		m.next, restarts, m.kills, lost, doubled, wrong, m.adoptMs[len(m.adoptMs)/2], slowest)
	if lost+doubled+wrong > 0 {
		m.t.Errorf("lost %d, doubled %d, wrong %d of %d", lost, doubled, wrong, m.next)
	}
}
