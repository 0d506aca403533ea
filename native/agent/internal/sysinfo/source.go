// Package sysinfo reads what the machine is (Facts) and what it uses (Sampler) from /proc and /sys. All of it comes
// through an fs.FS, so that fixtures test it. It may import wire, cgroup and disk.
package sysinfo

import (
	"bytes"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// hotFile is read again and again: it stays open and its buffer is reused.
type hotFile struct {
	root fs.FS
	path string
	file fs.File
	buf  []byte
}

func newHot(root fs.FS, path string) *hotFile { return &hotFile{root: root, path: path} }

// read gives the whole content, valid until the next read; nil when there is no such file.
func (h *hotFile) read() []byte {
	if h.file == nil {
		file, err := h.root.Open(h.path)
		if err != nil {
			return nil
		}
		h.file = file
	}
	at, ok := h.file.(io.ReaderAt)
	if !ok {
		h.close()
		data, err := fs.ReadFile(h.root, h.path)
		if err != nil {
			return nil
		}
		return data
	}
	if h.buf == nil {
		h.buf = make([]byte, 2048)
	}
	n := 0
	for {
		got, err := at.ReadAt(h.buf[n:], int64(n))
		n += got
		if err == io.EOF {
			return h.buf[:n]
		}
		if err != nil {
			h.close()
			return nil
		}
		if n == len(h.buf) {
			h.buf = append(h.buf, make([]byte, len(h.buf))...)
		}
	}
}

func (h *hotFile) close() {
	if h.file != nil {
		_ = h.file.Close() // only read from
		h.file = nil
	}
}

// nextLine cuts the first line off.
func nextLine(data []byte) (line, rest []byte) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[:i], data[i+1:]
	}
	return data, nil
}

// nextField cuts the first field off.
func nextField(line []byte) (field, rest []byte) {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	start := i
	for i < len(line) && line[i] != ' ' && line[i] != '\t' {
		i++
	}
	return line[start:i], line[i:]
}

// toInt reads leading digits (with a sign); anything else is 0.
func toInt(b []byte) int64 {
	n, negative := int64(0), false
	for i, c := range b {
		if i == 0 && c == '-' {
			negative = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		return -n
	}
	return n
}

func readText(root fs.FS, path string) string {
	data, err := fs.ReadFile(root, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func readInt(root fs.FS, path string) (int64, bool) {
	n, err := strconv.ParseInt(readText(root, path), 0, 64)
	return n, err == nil
}

// clip keeps a text within the contract's 1024 characters.
func clip(text string) string {
	if len(text) > 1000 {
		return text[:1000]
	}
	return text
}
