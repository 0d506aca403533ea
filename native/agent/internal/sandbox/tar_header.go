package sandbox

import (
	"fmt"
	"strconv"
)

// entry is what the header of one thing in a tar says. Owners are left out: they mean nothing elsewhere.
type entry struct {
	name  string
	link  string
	kind  byte // '0' file, '2' link, '5' folder, 'x' pax records
	mode  int64
	size  int64
	mtime int64
	pax   []string // key=value
}

const (
	maxUstarName = 100
	maxUstarSize = 1<<33 - 1
)

// header writes one header, with pax records before it for what does not fit.
func (t *tarWriter) header(e entry) error {
	pax := e.pax
	if !fits(e.name) {
		pax = append(pax, "path="+e.name)
	}
	if !fits(e.link) {
		pax = append(pax, "linkpath="+e.link)
	}
	if e.size > maxUstarSize {
		pax = append(pax, "size="+strconv.FormatInt(e.size, 10))
	}
	if e.mtime < 0 || e.mtime > maxUstarSize {
		e.mtime = 0
	}
	if len(pax) > 0 {
		records := ""
		for _, record := range pax {
			records += paxRecord(record)
		}
		if err := t.block(entry{name: "pax", kind: 'x', mode: 0o644, size: int64(len(records))}); err != nil {
			return err
		}
		if _, err := t.out.WriteString(records); err != nil {
			return err
		}
		if err := t.pad(int64(len(records))); err != nil {
			return err
		}
	}
	return t.block(e)
}

func fits(text string) bool {
	if len(text) > maxUstarName {
		return false
	}
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// paxRecord begins with its own length, which counts itself.
func paxRecord(record string) string {
	size := len(record) + 3
	for {
		text := strconv.Itoa(size) + " " + record + "\n"
		if len(text) == size {
			return text
		}
		size = len(text)
	}
}

func (t *tarWriter) block(e entry) error {
	var b [tarBlock]byte
	copy(b[0:maxUstarName], e.name)
	copy(b[100:], fmt.Sprintf("%07o", e.mode))
	copy(b[108:], "0000000")
	copy(b[116:], "0000000")
	if e.size > maxUstarSize {
		e.size = 0
	}
	copy(b[124:], fmt.Sprintf("%011o", e.size))
	copy(b[136:], fmt.Sprintf("%011o", e.mtime))
	copy(b[148:], "        ")
	b[156] = e.kind
	copy(b[157:257], e.link)
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	_, err := t.out.Write(b[:])
	return err
}
