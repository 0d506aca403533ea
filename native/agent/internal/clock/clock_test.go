package clock

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestMonotonicTimeCountsFromTheBootSoThatItMeansTheSameToTheNextProcess(t *testing.T) {
	data, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.Fields(string(data))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	first, second := NewReal(), NewReal()
	ms := first.MonoMs()
	// The time of /proc/uptime goes on while the machine sleeps, this one does not.
	if float64(ms) > seconds*1000+1000 || ms < 1 {
		t.Errorf("%d ms, up for %.2f s", ms, seconds)
	}
	if apart := second.MonoMs() - first.MonoMs(); apart < -50 || apart > 50 {
		t.Errorf("two clocks are %d ms apart", apart)
	}
}
