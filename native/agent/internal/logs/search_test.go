package logs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mesolite/agent/internal/wire"
)

func logOf(t *testing.T, data []byte) *Reader {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "stdout"), data, 0o600))
	reader, err := newLog(dir, "stdout").open()
	must(t, err)
	t.Cleanup(reader.Close)
	return reader
}

// everything asks page after page.
func everything(t *testing.T, r *Reader, q Query) []wire.LogMatch {
	t.Helper()
	var all []wire.LogMatch
	for {
		if q.Budget == 0 {
			q.Budget = time.Minute
		}
		page, err := r.Search(q)
		must(t, err)
		all = append(all, page.Matches...)
		if !page.More {
			return all
		}
		if page.Next <= q.From && len(page.Matches) == 0 {
			t.Fatalf("no progress at %d", q.From)
		}
		q.From = page.Next
	}
}

func TestSearchFindsEachLineOnceWhateverThePages(t *testing.T) {
	var data bytes.Buffer
	var want []int64
	for i := 0; i < 20_000; i++ {
		if i%7 == 0 {
			want = append(want, int64(data.Len()))
			fmt.Fprintf(&data, "%d an Error here and another eRRor there\r\n", i)
		} else {
			fmt.Fprintf(&data, "%d nothing to see, %s\n", i, strings.Repeat("x", i%90))
		}
	}
	reader := logOf(t, data.Bytes())
	for _, limit := range []int{1, 3, 1000} {
		got := everything(t, reader, Query{Text: "eRRoR", Limit: limit})
		if len(got) != len(want) {
			t.Fatalf("limit %d: %d matches, not %d", limit, len(got), len(want))
		}
		for i := range got {
			if got[i].Offset != want[i] || !strings.HasSuffix(got[i].Line, "there") || got[i].AtMs == nil {
				t.Fatalf("match %d: %+v, wanted at %d", i, got[i], want[i])
			}
		}
	}
	if got := everything(t, reader, Query{Text: "eRRor", MatchCase: true, Limit: 100}); len(got) != len(want) {
		t.Errorf("with case: %d", len(got))
	}
	if got := everything(t, reader, Query{Text: "ERROR", MatchCase: true, Limit: 100}); len(got) != 0 {
		t.Errorf("with case: %d", len(got))
	}
}

func TestSearchFoldsTheLettersOfOtherAlphabets(t *testing.T) {
	reader := logOf(t, []byte("straße ÄPFEL\nслово ДЕЛО\nⅣ kelvin \u212A\nplain\n"))
	for text, lines := range map[string]int{"äpfel": 1, "дело": 1, "СЛОВО": 1, "ÄPFEL дело": 0, "é": 0, "ⅳ": 1} {
		if got := everything(t, reader, Query{Text: text, Limit: 10}); len(got) != lines {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestP4_SearchInBytesThatAreNoText(t *testing.T) {
	data := append(bytes.Repeat([]byte{0, 0xff, 0x1b, '[', '3'}, 100_000), []byte("needle\x00\xfe\n\xe2\x82")...)
	got := everything(t, logOf(t, data), Query{Text: "NEEDLE", Limit: 10})
	if len(got) != 1 || !strings.Contains(got[0].Line, "needle") || !utf8.ValidString(got[0].Line) || len(got[0].Line) > 4096 {
		t.Errorf("%+v", got)
	}
}

func TestP4_SearchInOneLineWithoutAnEnd(t *testing.T) {
	data := bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz012345"), 8<<20/32)
	copy(data[5<<20:], "NEEDLE")
	copy(data[7<<20+100:], "NEEDLE")
	copy(data[2<<20-3:], "NEEDLE") // across a chunk
	got := everything(t, logOf(t, data), Query{Text: "NEEDLE", MatchCase: true, Limit: 1})
	if len(got) != 3 || len(got[0].Line) != excerptBytes || got[1].Offset != 4<<20 {
		t.Errorf("%d matches, %+v", len(got), got)
	}
}

func TestFoldingIsThatOfEachByte(t *testing.T) {
	from := make([]byte, 256+3)
	for i := range from {
		from[i] = byte(i)
	}
	to := make([]byte, len(from))
	foldInto(to, from)
	for i, c := range from {
		if to[i] != lower[c] {
			t.Errorf("%d became %d", c, to[i])
		}
	}
}

func TestSearchEndsWithItsBudgetAndGoesOn(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcde\n"), 4<<20/16)
	data = append(data, []byte("the end\n")...)
	reader := logOf(t, data)
	page, err := reader.Search(Query{Text: "the end", Limit: 1, Budget: time.Nanosecond})
	must(t, err)
	if !page.More || len(page.Matches) != 0 || page.Next == 0 || page.Next > 1<<20 {
		t.Errorf("%+v", page)
	}
	if got := everything(t, reader, Query{Text: "THE END", Limit: 1, Budget: time.Nanosecond}); len(got) != 1 || got[0].Offset != 4<<20 {
		t.Errorf("%+v", got)
	}
	stopped, err := reader.Search(Query{Text: "the end", Limit: 1, Budget: time.Minute, Stop: func() bool { return true }})
	must(t, err)
	if !stopped.More {
		t.Error("went on for nobody")
	}
}

func TestSearchOfAHundredMegabytes(t *testing.T) {
	var line bytes.Buffer
	for i := 0; line.Len() < 1<<20; i++ {
		fmt.Fprintf(&line, "2026-11-22T17:00:00Z INFO request %d of a usual kind took %d ms and went well\n", i, i%100)
	}
	data := append(bytes.Repeat(line.Bytes(), 100), []byte("the one ERROR\n")...)
	reader := logOf(t, data)
	for _, q := range []Query{{Text: "the one error"}, {Text: "the one ERROR", MatchCase: true}, {Text: "the one ĒRROR"}} {
		q.Limit = 10
		begin := time.Now()
		got := everything(t, reader, q)
		took := time.Since(begin)
		t.Logf("%q case=%v: %v for %d MB", q.Text, q.MatchCase, took, len(data)>>20)
		if want := map[string]int{"the one ĒRROR": 0}; len(got) != 1 && len(got) != want[q.Text] {
			t.Errorf("%d matches", len(got))
		}
	}
}
