package sandbox

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrPath: not a path of a sandbox as this package writes them.
var ErrPath = errors.New("not a path inside the sandbox")

// EncodeName writes a name so that it can be told and asked for again: `%`, control characters and what is not UTF-8
// become %XX.
func EncodeName(name string) string {
	plain := true
	for _, r := range name {
		if r == '%' || r == utf8.RuneError || unicode.IsControl(r) {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if r == '%' || (r == utf8.RuneError && size <= 1) || unicode.IsControl(r) {
			for _, c := range []byte(name[i : i+size]) {
				out.WriteByte('%')
				out.WriteByte(digits[c>>4])
				out.WriteByte(digits[c&15])
			}
		} else {
			out.WriteString(name[i : i+size])
		}
		i += size
	}
	return out.String()
}

// decodeName is the way back.
func decodeName(text string) (string, error) {
	if strings.IndexByte(text, '%') < 0 {
		return text, nil
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			out = append(out, text[i])
			continue
		}
		if i+2 >= len(text) {
			return "", ErrPath
		}
		high, low := hex(text[i+1]), hex(text[i+2])
		if high < 0 || low < 0 {
			return "", ErrPath
		}
		out = append(out, byte(high<<4|low))
		i += 2
	}
	return string(out), nil
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// decodePath gives the path in bytes; `.` is the sandbox itself. A path that could lead out by its text alone is none.
func decodePath(text string) (string, error) {
	if text == "" {
		return ".", nil
	}
	parts := strings.Split(text, "/")
	for i, part := range parts {
		name, err := decodeName(part)
		if err != nil || name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return "", ErrPath
		}
		parts[i] = name
	}
	return strings.Join(parts, "/"), nil
}
