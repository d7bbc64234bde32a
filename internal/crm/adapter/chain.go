package adapter

import (
	"cmp"
	"net/http"
	"time"
)

// The bounds of a call that Chain leaves open.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxBytes = 64 << 20
)

// Chain is what stands between an adapter and the network, for one connection.
type Chain struct {
	Tokens   TokenSource   // nil authorises nothing
	Pacer    Pacer         // nil takes no permits
	Meter    Meter         // nil measures nothing
	Timeout  time.Duration // of one call, without its waits; zero is DefaultTimeout
	MaxBytes int64         // of one answer, unpacked; zero is DefaultMaxBytes
}

// Client returns a client that sends through c to base, safe for concurrent
// use. From the outside in, it authorises, paces, measures and bounds each
// call, and notes whether it was sent, so that LostWrite can tell. It follows
// no redirect to another host and none of a write, and repeats nothing but what
// a refreshed token makes good.
func Client(base http.RoundTripper, c Chain) *http.Client {
	next := base
	next = &witness{next: next}
	next = &limit{
		timeout: cmp.Or(c.Timeout, DefaultTimeout),
		bytes:   cmp.Or(c.MaxBytes, DefaultMaxBytes),
		next:    next,
	}
	if c.Meter != nil {
		next = &measure{meter: c.Meter, next: next}
	}
	if c.Pacer != nil {
		next = &pace{pacer: c.Pacer, next: next}
	}
	if c.Tokens != nil {
		next = &authorize{tokens: c.Tokens, next: next}
	}
	return &http.Client{Transport: next, CheckRedirect: followRedirect}
}
