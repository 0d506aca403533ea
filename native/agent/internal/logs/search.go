package logs

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mesolite/agent/internal/wire"
)

const (
	searchChunk = 256 * 1024
	// What is shown of a line: this much around the match.
	excerptBytes  = 512
	excerptBefore = 160
	// A line is told once, but one that is longer than this may be told once for each such piece.
	lineReach = 1 << 20
	// MaxMatches of one answer, and the room they may take together in its frame.
	MaxMatches     = 1000
	maxAnswerBytes = 512 * 1024
)

// Query is a plain text, looked for a line at a time.
type Query struct {
	Text      string
	MatchCase bool
	From      int64
	Limit     int
	Budget    time.Duration
	Stop      func() bool // nobody waits for the answer any more
}

// Search goes on until the limit, the end of the log, or the end of the budget.
func (r *Reader) Search(q Query) (wire.LogSearchResult, error) {
	s := search{reader: r, query: q, until: time.Now().Add(q.Budget), find: finder(q.Text, q.MatchCase), times: r.log.when().all()}
	if q.Limit < 1 || q.Limit > MaxMatches {
		s.query.Limit = MaxMatches
	}
	return s.run()
}

type search struct {
	reader *Reader
	query  Query
	until  time.Time
	find   func(hay []byte) int
	times  []wire.LogTime
	out    wire.LogSearchResult
	bytes  int

	at    int64 // the next byte to look at
	line  int64 // start of the line that it is in, or as far back as lineReach
	skips int64 // up to here the line was told already
}

func (s *search) run() (wire.LogSearchResult, error) {
	s.out.Matches = []wire.LogMatch{}
	size, err := s.reader.Size()
	if err != nil {
		return s.out, err
	}
	s.at = s.query.From
	if head := s.reader.Head(); s.at < head {
		s.at = head
	}
	s.line = s.lineBefore(s.at)
	overlap := len(s.query.Text) * utf8.UTFMax // a letter of another length may match
	buf := make([]byte, searchChunk+overlap)
	for s.at < size && !s.full() {
		want := buf
		if left := size - s.at; left < int64(len(want)) {
			want = want[:left]
		}
		n, at, err := s.reader.ReadAt(want, s.at)
		if n == 0 || (err != nil && err != io.EOF) {
			break
		}
		if at != s.at {
			s.at, s.line = at, at // the beginning was given back meanwhile
		}
		last := s.at+int64(n) >= size
		usable := n - overlap
		if last || usable <= 0 {
			usable = n
		}
		s.chunk(want[:n], usable)
		if s.query.Stop != nil && s.query.Stop() || time.Now().After(s.until) {
			break
		}
	}
	s.out.Next, s.out.More = s.at, s.at < size
	if s.at > size {
		s.out.Next = size
	}
	return s.out, nil
}

func (s *search) full() bool {
	return len(s.out.Matches) >= s.query.Limit || s.bytes > maxAnswerBytes
}

// chunk looks through hay, which begins at s.at, for lines whose match begins within its first usable bytes.
func (s *search) chunk(hay []byte, usable int) {
	begin := s.at
	i := 0
	for i < usable && !s.full() {
		if here := begin + int64(i); here < s.skips {
			i = s.skipTold(hay, i, begin)
			continue
		}
		found := s.find(hay[i:])
		if found < 0 || i+found >= usable {
			if last := bytes.LastIndexByte(hay[i:usable], '\n'); last >= 0 {
				s.line = begin + int64(i+last) + 1
			}
			i = usable
			break
		}
		match := i + found
		if last := bytes.LastIndexByte(hay[i:match], '\n'); last >= 0 {
			s.line = begin + int64(i+last) + 1
		}
		s.tell(begin + int64(match))
		s.skips = begin + int64(match) + lineReach
		i = match
	}
	s.at = begin + int64(i)
	if i < usable && s.at < s.skips {
		// Full. The line of the last match is behind us, so that the next page does not tell it again.
		s.at = begin + int64(s.skipTold(hay, i, begin))
	}
}

// skipTold goes past the line that was told, or as far as it reaches.
func (s *search) skipTold(hay []byte, i int, begin int64) int {
	end := len(hay)
	if reach := s.skips - begin; reach < int64(end) {
		end = int(reach)
	}
	if at := bytes.IndexByte(hay[i:end], '\n'); at >= 0 {
		i += at + 1
		s.skips, s.line = 0, begin+int64(i)
		return i
	}
	return end
}

func (s *search) tell(match int64) {
	line := s.line
	if line < match-lineReach {
		line = match - lineReach
	}
	from := match - excerptBefore
	if from < line {
		from = line
	}
	buf := make([]byte, excerptBytes)
	n, at, err := s.reader.ReadAt(buf, from)
	if n == 0 || (err != nil && err != io.EOF) || at != from {
		return // given back meanwhile
	}
	text := buf[:n]
	if end := bytes.IndexByte(text[match-from:], '\n'); end >= 0 {
		text = text[:int(match-from)+end]
	}
	shown := words(text)
	found := wire.LogMatch{Offset: line, Line: shown}
	if len(s.times) > 0 {
		ms := s.times[covering(s.times, match)].AtMs
		found.AtMs = &ms
	}
	s.out.Matches = append(s.out.Matches, found)
	s.bytes += 2*len(shown) + 64
}

// words cuts what is left of letters at both ends, and replaces what is not UTF-8.
func words(text []byte) string {
	for cut := 0; cut < utf8.UTFMax-1 && len(text) > 0 && !utf8.RuneStart(text[0]); cut++ {
		text = text[1:]
	}
	for cut := 1; cut < utf8.UTFMax && cut <= len(text); cut++ {
		if c := text[len(text)-cut]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-cut:]) {
				text = text[:len(text)-cut]
			}
			break
		}
	}
	return strings.ToValidUTF8(strings.TrimSuffix(string(text), "\r"), "\uFFFD")
}

// lineBefore is the start of the line that an offset is in, or as far back as lineReach.
func (s *search) lineBefore(offset int64) int64 {
	const step = 64 * 1024
	buf := make([]byte, step)
	for end := offset; end > s.reader.Head() && end > offset-lineReach; {
		from := end - step
		if head := s.reader.Head(); from < head {
			from = head
		}
		if from >= end {
			break
		}
		n, at, err := s.reader.ReadAt(buf[:end-from], from)
		if n == 0 || at != from || (err != nil && err != io.EOF) {
			return end
		}
		if last := bytes.LastIndexByte(buf[:n], '\n'); last >= 0 {
			return from + int64(last) + 1
		}
		end = from
	}
	if low := offset - lineReach; low > s.reader.Head() {
		return low
	}
	if head := s.reader.Head(); head < offset {
		return head
	}
	return offset
}

// finder gives a function that finds the text.
func finder(text string, matchCase bool) func([]byte) int {
	switch {
	case matchCase:
		needle := []byte(text)
		return func(hay []byte) int { return bytes.Index(hay, needle) }
	case isASCII(text):
		return foldASCII([]byte(text))
	}
	return foldUnicode([]rune(text))
}

func isASCII(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var lower = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			table[i] = byte(i) + 'a' - 'A'
		}
	}
	return table
}()

// foldASCII folds what is looked through into a buffer, a piece at a time: a match near its begin costs little.
func foldASCII(text []byte) func([]byte) int {
	needle := make([]byte, len(text))
	for i, c := range text {
		needle[i] = lower[c]
	}
	const piece = 32 * 1024
	folded := make([]byte, piece+len(needle))
	return func(hay []byte) int {
		for at := 0; at < len(hay); at += piece {
			part := hay[at:]
			if len(part) > piece+len(needle)-1 {
				part = part[:piece+len(needle)-1]
			}
			to := folded[:len(part)]
			foldInto(to, part)
			if found := bytes.Index(to, needle); found >= 0 {
				return at + found
			}
		}
		return -1
	}
}

// foldInto makes letters small, eight bytes at a time.
func foldInto(to, from []byte) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(from) && i+8 <= len(to); i += 8 {
		x := binary.LittleEndian.Uint64(from[i:])
		low := x &^ high
		large := (low + (0x80-'A')*each) & ^(low + (0x7f-'Z')*each) & ^x & high
		binary.LittleEndian.PutUint64(to[i:], x|large>>2)
	}
	for ; i < len(from); i++ {
		to[i] = lower[from[i]]
	}
}

// foldRune is the same for all forms of a letter.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lower[byte(r)])
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		if next < least {
			least = next
		}
	}
	if least < utf8.RuneSelf {
		return rune(lower[byte(least)])
	}
	return least
}

func foldUnicode(text []rune) func([]byte) int {
	needle := make([]rune, len(text))
	for i, r := range text {
		needle[i] = foldRune(r)
	}
	starts := firstBytes(needle[0])
	return func(hay []byte) int {
		for i := 0; i < len(hay); i++ {
			if starts[hay[i]] && startsWith(hay[i:], needle) {
				return i
			}
		}
		return -1
	}
}

// firstBytes marks the bytes that a form of a letter may begin with.
func firstBytes(folded rune) (marks [256]bool) {
	mark := func(r rune) {
		var buf [utf8.UTFMax]byte
		utf8.EncodeRune(buf[:], r)
		marks[buf[0]] = true
	}
	mark(folded)
	for next := unicode.SimpleFold(folded); next != folded; next = unicode.SimpleFold(next) {
		mark(next)
	}
	return marks
}

func startsWith(hay []byte, needle []rune) bool {
	for _, want := range needle {
		r, n := utf8.DecodeRune(hay)
		if n == 0 || foldRune(r) != want {
			return false
		}
		hay = hay[n:]
	}
	return true
}
