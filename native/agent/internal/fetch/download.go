package fetch

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// StallLimit is how long a server may send nothing (the same as in Mesos).
	StallLimit   = time.Minute
	dialLimit    = 30 * time.Second
	maxRedirects = 10
	// tries in a row without a single new byte.
	tries     = 5
	firstWait = 500 * time.Millisecond
)

// Download is one file of an http or https address. Nil hash: not checked.
type Download struct {
	URL      string        `json:"url"`
	SHA256   string        `json:"sha256"`
	MaxBytes int64         `json:"maxBytes"`
	Stall    time.Duration `json:"stall"`
	Wait     time.Duration `json:"wait"`
}

// final is a failure that trying again does not mend.
type final struct{ error }

type download struct {
	Download
	file      *os.File
	client    *http.Client
	size      int64
	hash      hash.Hash
	validator string // of the version we have a part of
	progress  func(done, total int64)
}

// Run fills the file. What is in it already is taken for the beginning when a hash will tell.
func (d Download) Run(ctx context.Context, file *os.File, progress func(done, total int64)) error {
	if d.Stall == 0 {
		d.Stall = StallLimit
	}
	if d.Wait == 0 {
		d.Wait = firstWait
	}
	w := &download{Download: d, file: file, progress: progress, hash: sha256.New()}
	w.client = &http.Client{
		CheckRedirect: w.mayRedirect,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialLimit}).DialContext,
			TLSHandshakeTimeout: dialLimit, DisableCompression: true, DisableKeepAlives: true, MaxResponseHeaderBytes: 256 << 10,
		},
	}
	if err := w.begin(); err != nil {
		return err
	}
	resumed := w.size > 0
	for {
		if err := w.fill(ctx); err != nil {
			return err
		}
		got := hex.EncodeToString(w.hash.Sum(nil))
		if d.SHA256 == "" || got == d.SHA256 {
			return nil
		}
		if !resumed {
			return fmt.Errorf("its SHA-256 is %s, and %s was asked for", got, d.SHA256)
		}
		resumed = false // what an earlier try had left was of something else
		if err := w.restart(); err != nil {
			return err
		}
	}
}

func (w *download) begin() error {
	if w.SHA256 == "" {
		return w.restart()
	}
	n, err := io.Copy(w.hash, w.file)
	w.size = n
	return err
}

func (w *download) restart() error {
	w.size, w.validator = 0, ""
	w.hash.Reset()
	if err := w.file.Truncate(0); err != nil {
		return err
	}
	_, err := w.file.Seek(0, io.SeekStart)
	return err
}

func (w *download) fill(ctx context.Context) error {
	wait := w.Wait
	for try := 1; ; try++ {
		before := w.size
		err := w.once(ctx)
		var last final
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case errors.As(err, &last):
			return last.error
		case w.size > before:
			try, wait = 0, w.Wait
		case try >= tries:
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait *= 2
	}
}

// once is one request.
func (w *download) once(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stalled atomic.Bool
	watch := time.AfterFunc(w.Stall, func() { stalled.Store(true); cancel() })
	defer watch.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
	if err != nil {
		return final{errors.New("not an address")}
	}
	request.Header.Set("User-Agent", "mesolite-agent")
	if w.size > 0 && (w.validator != "" || w.SHA256 != "") {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", w.size))
		if w.validator != "" {
			request.Header.Set("If-Range", w.validator)
		}
	}
	answer, err := w.client.Do(request)
	if err == nil {
		defer func() { _ = answer.Body.Close() }()
		err = w.take(answer, watch)
	}
	if err != nil && stalled.Load() {
		return fmt.Errorf("nothing came for %s", w.Stall)
	}
	return inWords(err)
}

func (w *download) take(answer *http.Response, watch *time.Timer) error {
	total := int64(-1)
	switch code := answer.StatusCode; {
	case code == http.StatusOK:
		if err := w.restart(); err != nil {
			return final{err}
		}
		if answer.ContentLength >= 0 {
			total = answer.ContentLength
		}
	case code == http.StatusPartialContent:
		start, all, ok := contentRange(answer.Header.Get("Content-Range"))
		if !ok || start != w.size {
			return w.again("the server sent another part than asked")
		}
		total = all
	case code == http.StatusRequestedRangeNotSatisfiable:
		if _, all, _ := contentRange(answer.Header.Get("Content-Range")); all == w.size && w.size > 0 {
			return nil // we have it all
		}
		return w.again("the server has no such part")
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		return errors.New("the server answered " + answer.Status)
	default:
		return final{errors.New("the server answered " + answer.Status)}
	}
	if total > w.MaxBytes {
		return final{tooLarge(total, w.MaxBytes)}
	}
	w.validator = answer.Header.Get("ETag")
	if w.validator == "" || strings.HasPrefix(w.validator, "W/") {
		w.validator = answer.Header.Get("Last-Modified")
	}
	return w.copy(answer.Body, total, watch)
}

// again forgets the part we have, so that the next try asks for all.
func (w *download) again(why string) error {
	if err := w.restart(); err != nil {
		return final{err}
	}
	return errors.New(why)
}

func (w *download) copy(body io.Reader, total int64, watch *time.Timer) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			watch.Reset(w.Stall)
			if w.size+int64(n) > w.MaxBytes {
				return final{tooLarge(w.size+int64(n), w.MaxBytes)}
			}
			if _, err := w.file.Write(buf[:n]); err != nil {
				return final{onDisk(err)}
			}
			_, _ = w.hash.Write(buf[:n]) // never fails
			w.size += int64(n)
			w.progress(w.size, total)
		}
		if err == io.EOF && (total < 0 || w.size == total) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// contentRange reads `bytes 5-9/10`; a length that is not told is -1.
func contentRange(text string) (start, total int64, ok bool) {
	rest := strings.TrimPrefix(text, "bytes ")
	span, size, _ := strings.Cut(rest, "/")
	total, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		total = -1
	}
	first, _, _ := strings.Cut(span, "-")
	start, err = strconv.ParseInt(first, 10, 64)
	return start, total, err == nil && start >= 0
}

func (w *download) mayRedirect(to *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= maxRedirects:
		return final{fmt.Errorf("more than %d redirects", maxRedirects)}
	case to.URL.Scheme != "http" && to.URL.Scheme != "https":
		return final{fmt.Errorf("it redirects to %s, and only http and https are fetched", to.URL.Redacted())}
	case to.URL.Scheme == "http" && via[0].URL.Scheme == "https" && w.SHA256 == "":
		return final{fmt.Errorf("it redirects from https to %s, which nobody vouches for: give its SHA-256", to.URL.Redacted())}
	}
	return nil
}

func tooLarge(bytes, most int64) error {
	return fmt.Errorf("it has at least %d MiB, and there is room for %d MiB", bytes>>20, most>>20)
}

// onDisk says what is wrong with our disk, not with the file.
func onDisk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.New("the disk is full")
	}
	return err
}

// inWords turns what Go says into what people read.
func inWords(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // it repeats the whole address, with a password in it
	}
	var last final
	var dns *net.DNSError
	var noRoots x509.SystemRootsError
	var unknown x509.UnknownAuthorityError
	var certificate x509.CertificateInvalidError
	var host x509.HostnameError
	switch {
	case err == nil || errors.As(err, &last):
		return err
	case errors.As(err, &dns) && dns.IsNotFound:
		return final{fmt.Errorf("cannot find the host %s", dns.Name)}
	case errors.As(err, &noRoots), errors.As(err, &unknown) && !anyRoots():
		return final{errors.New("this machine has no certificates of authorities (package ca-certificates), so no https address can be trusted")}
	case errors.As(err, &unknown):
		return final{errors.New("its certificate is signed by an authority this machine does not know")}
	case errors.As(err, &certificate), errors.As(err, &host):
		return final{fmt.Errorf("its certificate is not valid: %v", err)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the connection was refused")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return errors.New("the connection broke off")
	}
	return err
}

func anyRoots() bool {
	pool, err := x509.SystemCertPool()
	return err == nil && !pool.Equal(x509.NewCertPool())
}
