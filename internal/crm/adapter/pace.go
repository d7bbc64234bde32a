package adapter

import (
	"context"
	"net/http"
	"time"
)

// Pacer spends an account's allowance of calls. It is safe for concurrent use.
type Pacer interface {
	// Take waits until permits calls may be made. It returns the context's
	// error, or a crm.Error of KindRateLimited or KindQuota that says when to
	// come back.
	Take(ctx context.Context, permits int) error

	// Observe is told of every answer: its headers, which may hold the vendor's
	// own count, and its status.
	Observe(h http.Header, status int)
}

// Usage is what a vendor's headers say about one of its limits.
type Usage struct {
	Window time.Duration // what the limit counts over
	Used   int           // calls so far, this one included
	Limit  int           // calls allowed
}

// pace takes a permit for every call that is sent, the one that a refreshed
// token makes good included, and reports each answer.
type pace struct {
	pacer Pacer
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (p *pace) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.pacer.Take(req.Context(), 1); err != nil {
		closeBody(req)
		return nil, &callError{err: err}
	}
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		p.pacer.Observe(resp.Header, resp.StatusCode)
	}
	return resp, err
}
