package fetch

import "testing"

// FuzzUnpack gives any bytes to the unpacker: nothing may come to lie outside, no link may lead out, nothing may panic.
func FuzzUnpack(f *testing.F) {
	var t testing.T
	for _, c := range hostile {
		f.Add(tarOf(&t, c.entries...))
		if !c.onlyTar {
			f.Add(zipOf(&t, c.entries...))
		}
	}
	good := tarOf(&t, one{name: "a/b", body: "text"}, one{name: "l", kind: '2', link: "a/b"}, one{name: "h", kind: '1', link: "a/b"})
	f.Add(gz(&t, good))
	f.Fuzz(func(t *testing.T, archive []byte) {
		_, _ = unpacked(t, Unpack{MaxBytes: 1 << 20, MaxEntries: 100}, archive) // whether it is taken does not matter here
	})
}
