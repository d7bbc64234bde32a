package adapter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

var (
	errTooLarge = errors.New("answer is larger than allowed")
	errRedirect = errors.New("redirect is not followed")
)

// limit bounds one call: how long it takes until its answer is read, and how
// large that is once unpacked. It stands below pacing and authorising, so that
// waiting for a permit or a token spends none of a call's time.
type limit struct {
	timeout time.Duration
	bytes   int64
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (l *limit) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), l.timeout)
	resp, err := l.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	if resp.ContentLength > l.bytes {
		_ = resp.Body.Close()
		cancel()
		return nil, errTooLarge
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: l.bytes, cancel: cancel}
	return resp, nil
}

// boundedBody is a body of at most left more bytes; a longer one is an error,
// not an end.
type boundedBody struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 { // one more than allowed tells a longer body from one that just fits
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// Close implements io.Closer. It ends the call's time.
func (b *boundedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// followRedirect lets a read be redirected on its own host. A write is never:
// to send it elsewhere, or again, is not for a transport to decide.
func followRedirect(req *http.Request, via []*http.Request) error {
	const most = 3
	first := via[0]
	same := req.URL.Scheme == first.URL.Scheme && req.URL.Host == first.URL.Host
	if first.Method != http.MethodGet || !same || len(via) > most {
		return errRedirect
	}
	return nil
}
