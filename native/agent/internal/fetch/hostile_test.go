package fetch

import (
	"archive/tar"
	"strings"
	"testing"
)

// Hostile archives. Those that only tar can say are given to tar alone.
var hostile = []struct {
	name    string
	entries []one
	words   string
	onlyTar bool
}{
	{name: "dots", entries: []one{{name: "../evil", body: "x"}}, words: "leads out"},
	{name: "dots inside", entries: []one{{name: "a/../../evil", body: "x"}}, words: "leads out"},
	{name: "dots at the end", entries: []one{{name: "a/..", kind: tar.TypeDir}}, words: "leads out"},
	{name: "absolute", entries: []one{{name: "/tmp/mesolite-evil", body: "x"}}, words: "leads out"},
	{name: "link to an absolute path", entries: []one{{name: "l", kind: tar.TypeSymlink, link: "/etc/shadow"}}, words: "leads out"},
	{name: "link up", entries: []one{{name: "l", kind: tar.TypeSymlink, link: "../secret"}}, words: "leads out"},
	{name: "link up from deeper", entries: []one{{name: "a/b/l", kind: tar.TypeSymlink, link: "../../../secret"}}, words: "leads out"},
	{name: "link that goes down and up", entries: []one{{name: "a/l", kind: tar.TypeSymlink, link: "b/../../../secret"}}, words: "leads out"},
	{name: "two links that lead out together", entries: []one{{name: "d/up", kind: tar.TypeSymlink, link: ".."}, {name: "d/out", kind: tar.TypeSymlink, link: "up/../secret"}}, words: "leads out"},
	{name: "writing through a link to a folder", entries: []one{{name: "real", kind: tar.TypeDir, mode: 0o755}, {name: "l", kind: tar.TypeSymlink, link: "real"}, {name: "l/evil", body: "x"}}, words: "through a link"},
	{name: "writing through a link that is dangling", entries: []one{{name: "l", kind: tar.TypeSymlink, link: "nowhere"}, {name: "l/evil", body: "x"}}, words: "through a link"},
	{name: "a folder in the place of a link", entries: []one{{name: "l", kind: tar.TypeSymlink, link: "real"}, {name: "l", kind: tar.TypeDir, mode: 0o755}}, words: "through a link"},
	{name: "a file as a folder", entries: []one{{name: "f", body: "x"}, {name: "f/evil", body: "x"}}, words: "through a link or a file"},
	{name: "a file in the place of a folder", entries: []one{{name: "d/x", body: "x"}, {name: "d", body: "x"}}, words: "folder"},
	{name: "device", entries: []one{{name: "dev", kind: tar.TypeChar}}, words: "is a device"},
	{name: "FIFO", entries: []one{{name: "fifo", kind: tar.TypeFifo}}, words: "fifo"},
	{name: "name of 10 kB", entries: []one{{name: strings.Repeat("d/", 5000) + "x", body: "x"}}, words: "leads out"},
	{name: "part of 300 bytes", entries: []one{{name: strings.Repeat("n", 300), body: "x"}}, words: "too long"},
	{name: "block device", entries: []one{{name: "dev", kind: tar.TypeBlock}}, words: "is a device", onlyTar: true},
	{name: "hard link out", entries: []one{{name: "h", kind: tar.TypeLink, link: "../secret"}}, words: "leads out", onlyTar: true},
	{name: "hard link to an absolute path", entries: []one{{name: "h", kind: tar.TypeLink, link: "/etc/shadow"}}, words: "leads out", onlyTar: true},
	{name: "hard link through a link", entries: []one{{name: "d", kind: tar.TypeDir, mode: 0o755}, {name: "l", kind: tar.TypeSymlink, link: "d"}, {name: "h", kind: tar.TypeLink, link: "l/x"}}, words: "through a link", onlyTar: true},
	{name: "hard link to a link, for another folder", entries: []one{{name: "a/l", kind: tar.TypeSymlink, link: "../x"}, {name: "h", kind: tar.TypeLink, link: "a/l"}}, words: "through a link", onlyTar: true},
	{name: "hard link to a folder", entries: []one{{name: "d", kind: tar.TypeDir, mode: 0o755}, {name: "h", kind: tar.TypeLink, link: "d"}}, words: "not a file", onlyTar: true},
	{name: "unknown kind", entries: []one{{name: "x", kind: 'Z'}}, words: "not supported", onlyTar: true},
}

func TestArchiveFetch_NoHostileArchiveGetsOut(t *testing.T) {
	for _, c := range hostile {
		archives := map[string][]byte{"tar": tarOf(t, c.entries...)}
		archives["tar.gz"] = gz(t, archives["tar"])
		if !c.onlyTar {
			archives["zip"] = zipOf(t, c.entries...)
		}
		for kind, archive := range archives {
			for _, path := range []string{".", "deep/er"} {
				t.Run(c.name+" "+kind+" "+path, func(t *testing.T) {
					// Into a folder of the sandbox a link may lead up to the sandbox itself, but not further.
					if path != "." && strings.HasPrefix(c.name, "link up") || path != "." && strings.Contains(c.name, "for another folder") {
						_, _ = unpacked(t, Unpack{Path: path}, archive)
						return
					}
					if _, err := unpacked(t, Unpack{Path: path}, archive); err == nil || !strings.Contains(strings.ToLower(err.Error()), c.words) && !(kind == "zip" && c.words == "fifo") {
						t.Errorf("%v, want %q", err, c.words)
					}
				})
			}
		}
	}
}
