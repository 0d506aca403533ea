package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var sample = bytes.Repeat([]byte("0123456789abcdef"), 50_000)

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// fetched downloads into a file that holds `had` already.
func fetched(t *testing.T, d Download, had []byte) ([]byte, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, had, 0o600))
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer func() { _ = file.Close() }()
	if d.MaxBytes == 0 {
		d.MaxBytes = 1 << 30
	}
	d.Wait = time.Millisecond
	err = d.Run(context.Background(), file, func(int64, int64) {})
	data, readErr := os.ReadFile(path)
	must(t, readErr)
	return data, err
}

func serve(t *testing.T, handle func(n int64, w http.ResponseWriter, r *http.Request)) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(asked.Add(1), w, r) }))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// cutAt sends so many bytes of a longer answer and breaks off.
func cutAt(w http.ResponseWriter, data []byte, bytes int) {
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data[:bytes])
	panic(http.ErrAbortHandler)
}

func TestADownloadThatBreaksOffGoesOn(t *testing.T) {
	for _, c := range []struct {
		name   string
		asked  int64
		handle func(n int64, w http.ResponseWriter, r *http.Request)
	}{
		{"the server can go on", 3, func(n int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			switch n {
			case 1:
				cutAt(w, sample, 300_000)
			case 2:
				if r.Header.Get("If-Range") != `"v1"` {
					http.Error(w, "no If-Range", http.StatusTeapot)
					return
				}
				w.Header().Set("Content-Range", "bytes 300000-799999/800000")
				w.Header().Set("Content-Length", "500000")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(sample[300_000:500_000])
				panic(http.ErrAbortHandler)
			default:
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sample))
			}
		}},
		{"the server cannot", 2, func(n int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			if n == 1 {
				cutAt(w, sample, 300_000)
			}
			_, _ = w.Write(sample)
		}},
		{"it changed meanwhile", 2, func(n int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v`+strconv.FormatInt(n, 10)+`"`)
			if n == 1 {
				cutAt(w, bytes.Repeat([]byte("x"), len(sample)), 300_000)
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sample))
		}},
		{"another part than asked comes", 3, func(n int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			switch n {
			case 1:
				cutAt(w, sample, 300_000)
			case 2:
				w.Header().Set("Content-Range", "bytes 5-9/800000")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(sample[5:10])
			default:
				_, _ = w.Write(sample)
			}
		}},
		{"the server is busy for a moment", 3, func(n int64, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			_, _ = w.Write(sample)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, asked := serve(t, c.handle)
			data, err := fetched(t, Download{URL: url}, nil)
			if err != nil || !bytes.Equal(data, sample) || asked.Load() != c.asked {
				t.Errorf("%d bytes, asked %d times, %v", len(data), asked.Load(), err)
			}
		})
	}
}

func TestWhatAnEarlierTryLeftIsOnlyBelievedWithAHash(t *testing.T) {
	url, asked := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sample))
	})
	for _, c := range []struct {
		name  string
		hash  string
		had   []byte
		asked int64
	}{
		{"without a hash", "", []byte("something else"), 1},
		{"a good beginning", sum(sample), sample[:1000], 1},
		{"a bad beginning", sum(sample), []byte("something else"), 2},
		{"all of it", sum(sample), sample, 1},
		{"more than it", sum(sample), append(append([]byte{}, sample...), 'x'), 2},
	} {
		asked.Store(0)
		data, err := fetched(t, Download{URL: url, SHA256: c.hash}, c.had)
		if err != nil || !bytes.Equal(data, sample) || asked.Load() != c.asked {
			t.Errorf("%s: %d bytes, asked %d times, %v", c.name, len(data), asked.Load(), err)
		}
	}
}

func TestADownloadEndsWithAWord(t *testing.T) {
	for _, c := range []struct {
		name   string
		d      Download
		words  string
		asked  int64
		handle func(n int64, w http.ResponseWriter, r *http.Request)
	}{
		{"nothing comes at all", Download{Stall: 30 * time.Millisecond}, "nothing came for 30ms", tries, func(_ int64, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"nothing more comes", Download{Stall: 50 * time.Millisecond}, "nothing came for 50ms", 0, func(_ int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("some"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}},
		{"it always breaks off", Download{}, "the connection broke off", 0, func(_ int64, w http.ResponseWriter, _ *http.Request) { cutAt(w, sample, 1000) }},
		{"too large, as it says", Download{MaxBytes: 1 << 20}, "it has at least 2 MiB, and there is room for 1 MiB", 1, func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2097152")
		}},
		{"too large, and it does not say", Download{MaxBytes: 1 << 20}, "there is room for 1 MiB", 1, func(_ int64, w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < 4; i++ {
				_, _ = w.Write(sample)
				w.(http.Flusher).Flush()
			}
		}},
		{"gone", Download{}, "410 Gone", 1, func(_ int64, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }},
		{"always busy", Download{}, "503 Service Unavailable", tries, func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}},
		{"another file", Download{SHA256: sum(nil)}, "its SHA-256 is " + sum(sample), 1, func(_ int64, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sample) }},
		{"ftp", Download{}, "only http and https are fetched", 1, func(_ int64, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://example.invalid/x", http.StatusFound)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, asked := serve(t, c.handle)
			c.d.URL = url
			_, err := fetched(t, c.d, nil)
			if err == nil || !strings.Contains(err.Error(), c.words) || c.asked != 0 && asked.Load() != c.asked {
				t.Errorf("asked %d times, %v, want %q", asked.Load(), err, c.words)
			}
		})
	}
}

func TestARedirectFromHTTPSToHTTPNeedsAHash(t *testing.T) {
	plain, _ := serve(t, func(_ int64, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sample) })
	var w download
	from, _ := http.NewRequest(http.MethodGet, "https://example.invalid/x", nil)
	to, _ := http.NewRequest(http.MethodGet, plain, nil)
	if err := w.mayRedirect(to, []*http.Request{from}); err == nil || !strings.Contains(err.Error(), "nobody vouches for") {
		t.Errorf("without: %v", err)
	}
	w.SHA256 = sum(sample)
	if err := w.mayRedirect(to, []*http.Request{from}); err != nil {
		t.Errorf("with: %v", err)
	}
}

func TestADownloadThatIsGivenUpEndsAtOnce(t *testing.T) {
	begun := make(chan struct{}, 1)
	url, _ := serve(t, func(_ int64, _ http.ResponseWriter, r *http.Request) { begun <- struct{}{}; <-r.Context().Done() })
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	defer func() { _ = file.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- Download{URL: url, MaxBytes: 1}.Run(ctx, file, func(int64, int64) {}) }()
	<-begun
	cancel()
	if err := <-over; err == nil {
		t.Error("it says it is done")
	}
}
