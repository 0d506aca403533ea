package wire

import (
	"errors"
	"unicode/utf8"
)

// Reasons a JSON payload is refused before it is parsed.
var (
	ErrDepth = errors.New("JSON nested too deep")
	ErrUTF8  = errors.New("JSON is not UTF-8")
)

// CheckJSON refuses what the parser must not see: bad UTF-8 (it would be replaced silently) and nesting over
// MaxDepth. It does not judge the grammar; the parser does.
func CheckJSON(message []byte) error {
	if !utf8.Valid(message) {
		return ErrUTF8
	}
	depth, inString, escaped := 0, false, false
	for _, c := range message {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			if depth > MaxDepth {
				return ErrDepth
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
