package results

import (
	"path"
	"strings"
)

// pattern is a glob in its parts: `**` stands for any number of folders.
type pattern []string

func parse(text string) pattern {
	clean := path.Clean(text)
	if strings.HasSuffix(text, "/") {
		clean = path.Join(clean, "**") // a folder: all that is in it
	}
	parts := strings.Split(clean, "/")
	if parts[len(parts)-1] == "**" {
		parts = append(parts, "*") // any folders, and a file in the last of them
	}
	return parts
}

// matches tells whether a path, in its parts, is meant. Only the last `**` is ever tried again: what the earlier ones
// took makes no difference to the rest.
func (p pattern) matches(parts []string) bool {
	at, part, star, starPart := 0, 0, -1, 0
	for part < len(parts) {
		switch {
		case at < len(p) && p[at] == "**":
			star, starPart = at, part
			at++
		case at < len(p) && same(p[at], parts[part]):
			at++
			part++
		case star >= 0:
			starPart++
			at, part = star+1, starPart
		default:
			return false
		}
	}
	return at == len(p)
}

// leadsInto tells whether anything in a folder can be meant: what cannot is not looked at.
func (p pattern) leadsInto(parts []string) bool {
	for i, part := range parts {
		switch {
		case i >= len(p):
			return false
		case p[i] == "**":
			return true
		case !same(p[i], part):
			return false
		}
	}
	return len(p) > len(parts)
}

func same(want, part string) bool {
	ok, err := path.Match(want, part)
	return ok && err == nil
}
