package update

import (
	"reflect"
	"testing"
)

func TestAnUpdateIsSentAgainWithGrowingWaits(t *testing.T) {
	s := NewSchedule()
	s.Head("t-a", "u1", 0)
	var sentAt []int64
	for now := int64(0); now < 4_000_000; now += 1000 {
		if len(s.Due(now)) == 1 {
			sentAt = append(sentAt, now/1000)
		}
	}
	want := []int64{0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630}
	if !reflect.DeepEqual(sentAt, want) {
		t.Errorf("%v want %v", sentAt, want)
	}
}

func TestOldestFirstAndOnlyOnceEach(t *testing.T) {
	s := NewSchedule()
	for _, task := range []string{"t-c", "t-a", "t-b"} {
		s.Head(task, "u", 5)
	}
	if due := s.Due(4); len(due) != 0 {
		t.Errorf("too early: %v", due)
	}
	if due := s.Due(5); !reflect.DeepEqual(due, []string{"t-c", "t-a", "t-b"}) {
		t.Errorf("%v", due)
	}
	if due := s.Due(6); len(due) != 0 {
		t.Errorf("twice: %v", due)
	}
}

func TestTheNextUpdateOfATaskIsDueAtOnceAndAReceiptEndsIt(t *testing.T) {
	s := NewSchedule()
	s.Head("t-a", "u1", 0)
	s.Due(0)
	s.Head("t-a", "u1", 3) // said again: nothing changes
	if due := s.Due(3); len(due) != 0 {
		t.Errorf("%v", due)
	}
	s.Head("t-a", "u2", 4)
	if due := s.Due(4); len(due) != 1 {
		t.Errorf("%v", due)
	}
	s.Head("t-a", "", 5)
	if _, any := s.NextMs(); any || s.Len() != 0 {
		t.Error("still there")
	}
}

func TestANewMasterHearsAllAtOnce(t *testing.T) {
	s := NewSchedule()
	s.Head("t-a", "u1", 0)
	s.Due(0)
	s.Due(10_000)
	s.Reset(11_000)
	if due := s.Due(11_000); len(due) != 1 {
		t.Errorf("%v", due)
	}
	if next, any := s.NextMs(); !any || next != 21_000 {
		t.Errorf("next at %d", next)
	}
}
