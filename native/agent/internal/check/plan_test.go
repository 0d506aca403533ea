package check

import (
	"fmt"
	"testing"

	"mesolite/agent/internal/wire"
)

func every(ms int64) *wire.Check {
	return &wire.Check{Probe: wire.Probe{Kind: wire.ProbeTCP, Port: 80}, IntervalMs: ms, TimeoutMs: 100, Failures: 3}
}

func bad(words string) Outcome { return Outcome{Words: words} }

func one(t *testing.T, p *Plan, nowMs int64) Ask {
	t.Helper()
	asks := p.Due(nowMs)
	if len(asks) != 1 {
		t.Fatalf("at %d: %d asks", nowMs, len(asks))
	}
	return asks[0]
}

func TestACheckIsAskedAfterItsDelayAndThenByItsInterval(t *testing.T) {
	p := NewPlan()
	c := every(1000)
	c.DelayMs = 500
	p.Track("t-a", 0, "health", c, 100)
	if next, any := p.NextMs(); !any || next != 600 || len(p.Due(599)) > 0 {
		t.Errorf("first at %d", next)
	}
	ask := one(t, p, 600)
	if _, any := p.NextMs(); any || len(p.Due(5000)) > 0 {
		t.Error("a check that is under way is asked again")
	}
	p.Done(ask, Outcome{Good: true}, 700)
	if next, any := p.NextMs(); !any || next != 1600 {
		t.Errorf("then at %d", next)
	}
	ask = one(t, p, 1600)
	p.Done(ask, Outcome{Good: true}, 4000) // longer than the interval: at once, but not three times
	one(t, p, 4000)
}

func TestOnlyARowOfBadAnswersIsUnhealthyAndOnlyChangesAreTold(t *testing.T) {
	p := NewPlan()
	p.Track("t-a", 0, "health", every(100), 0)
	now := int64(0)
	answer := func(o Outcome) string {
		t.Helper()
		ask := one(t, p, now)
		changed, words := p.Done(ask, o, now)
		now += 100
		return fmt.Sprint(changed, " ", words)
	}
	for i, step := range []struct {
		outcome Outcome
		want    string
	}{
		{bad("exit 1"), "false "}, {Outcome{Good: true}, "true "}, {Outcome{Good: true}, "false "}, {bad("exit 1"), "false "}, {bad("exit 1"), "false "},
		{Outcome{Good: true}, "false "}, {bad("exit 1"), "false "}, {Outcome{Void: true}, "false "}, {bad("exit 2"), "false "},
		{bad("exit 3"), "true exit 3 three times in a row"}, {bad("exit 3"), "false exit 3 four times in a row"},
	} {
		if got := answer(step.outcome); got != step.want {
			t.Errorf("answer %d: %q, not %q", i, got, step.want)
		}
	}
	for n, want := range map[int]string{1: "", 2: " twice in a row", 10: " ten times in a row", 11: " 11 times in a row"} {
		if got := inRow(n); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestReadinessNeedsOneAnswerAndGraceForgivesBadOnes(t *testing.T) {
	p := NewPlan()
	c := every(100)
	c.GraceMs = 250
	p.Track("t-a", 0, "readiness", c, 1000)
	for i, want := range []bool{false, false, false, true} { // at 1000, 1100, 1200 and 1300
		now := 1000 + int64(i)*100
		if changed, _ := p.Done(one(t, p, now), bad("refused"), now); changed != want {
			t.Errorf("answer %d: %v", i, changed)
		}
	}
	if changed, _ := p.Done(one(t, p, 1400), Outcome{Good: true}, 1400); !changed {
		t.Error("ready was not told")
	}
}

func TestAnswersOfAnEarlierRunAreIgnored(t *testing.T) {
	p := NewPlan()
	p.Track("t-a", 0, "readiness", every(100), 0)
	p.Track("t-a", 0, "readiness", nil, 0)
	old := one(t, p, 0)
	p.Drop("t-a")
	p.Track("t-a", 1, "readiness", every(100), 50)
	if changed, _ := p.Done(old, bad("gone"), 60); changed || p.busy != 0 {
		t.Errorf("busy %d", p.busy)
	}
	if ask := one(t, p, 60); ask.Run != 1 {
		t.Errorf("run %d", ask.Run)
	}
	p.Drop("t-a")
	if _, any := p.NextMs(); any {
		t.Error("something is due for nobody")
	}
}

func TestAtMost16ProbesAreUnderWayAndAllComeTheirTurn(t *testing.T) {
	p := NewPlan()
	for i := 0; i < 100; i++ {
		p.Track(fmt.Sprintf("t-%02d", i), 0, "health", every(1000), int64(i))
	}
	asked := map[string]int{}
	under := []Ask{}
	for now := int64(100); now < 1100; now += 10 {
		under = append(under, p.Due(now)...)
		if len(under) > MaxBusy {
			t.Fatalf("%d are under way", len(under))
		}
		for k := 0; k < 2 && len(under) > 0; k++ {
			asked[under[0].TaskID]++
			p.Done(under[0], Outcome{Good: true}, now)
			under = under[1:]
		}
	}
	if len(asked) != 100 {
		t.Errorf("%d of 100 were asked", len(asked))
	}
}
