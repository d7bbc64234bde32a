package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// endless is a body that does not say how long it is, and does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func newEndless(t *testing.T, target, kind, key string) *http.Request {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, endless{})
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+key)
	return req
}
