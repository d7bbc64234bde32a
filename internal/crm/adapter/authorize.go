package adapter

import (
	"context"
	"io"
	"net/http"
)

// TokenSource yields the access tokens of one grant. It is safe for concurrent
// use.
type TokenSource interface {
	// Token returns a usable access token. When stale is not empty the caller
	// saw that token refused and a newer one is wanted: refreshed by now, or to
	// be refreshed. It returns a crm.Error of KindUnauthorized when a person has
	// to reconnect.
	Token(ctx context.Context, stale string) (token string, err error)
}

type withoutTokenKey struct{}

// WithoutToken returns a context whose calls carry no access token: for those
// that go to another host than the account's, such as a revocation.
func WithoutToken(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutTokenKey{}, true)
}

// authorize sets the access token. A call that is answered 401 is sent once
// more with a newer token, for a 401 proves that nothing was applied; this is
// the only repetition there is. A second 401 is the answer.
type authorize struct {
	tokens TokenSource
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (a *authorize) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if ctx.Value(withoutTokenKey{}) != nil {
		return a.next.RoundTrip(req)
	}
	token, err := a.tokens.Token(ctx, "")
	if err != nil {
		closeBody(req)
		return nil, &callError{err: err}
	}
	resp, err := a.next.RoundTrip(bearing(req, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	again, ok := replay(req)
	if !ok {
		return resp, nil
	}
	closeAnswer(resp)
	newer, err := a.tokens.Token(ctx, token)
	if err != nil {
		closeBody(again)
		return nil, &callError{err: err}
	}
	return a.next.RoundTrip(bearing(again, newer))
}

// bearing returns req with token; a transport may not change what it is given.
func bearing(req *http.Request, token string) *http.Request {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return req
}

// replay returns req with its body from the beginning, if that can be had.
func replay(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	again := *req
	again.Body = body
	return &again, true
}

// closeBody closes what a transport that never sends req must still close.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// closeAnswer reads the rest of a short answer, so that its connection is used
// again, and closes it.
func closeAnswer(resp *http.Response) {
	const short = 16 << 10
	_, _ = io.CopyN(io.Discard, resp.Body, short)
	_ = resp.Body.Close()
}
