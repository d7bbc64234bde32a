package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// version is the one version of the API that this adapter speaks. It stands
// behind the product's name (crm/hubspot.md §0).
const version = "2026-03"

const (
	objectsPath    = "/crm/objects/" + version + "/"
	propertiesPath = "/crm/properties/" + version + "/"
	ownersPath     = "/crm/owners/" + version
	accountPath    = "/account-info/" + version + "/details"
	tokenPath      = "/oauth/" + version + "/token"
	revokePath     = tokenPath + "/revoke"
)

// client makes one call at a time and turns its answer into bytes or an error.
type client struct {
	base string
	http *http.Client
}

// call is one HTTP call.
type call struct {
	op     string
	method string
	url    string
	body   []byte
	kind   string // of the body; empty is JSON
	asks   bool   // a POST that changes nothing, because a URL would not hold what it asks
}

// reads tells whether the call changes nothing.
func (c call) reads() bool { return c.method == http.MethodGet || c.asks }

// do makes the call and returns the body of an answer of success. Its errors
// are a crm.Error or the context's.
func (c client) do(ctx context.Context, in call) ([]byte, error) {
	lost := adapter.LostWrite
	if in.reads() {
		lost = adapter.LostRead
	}
	req, err := http.NewRequestWithContext(adapter.WithOp(ctx, in.op), in.method, in.url, bytes.NewReader(in.body))
	if err != nil {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: in.op, Err: errors.New("malformed call")} // err quotes the URL
	}
	if len(in.body) > 0 {
		kind := in.kind
		if kind == "" {
			kind = "application/json"
		}
		req.Header.Set("Content-Type", kind)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, lost(ctx, in.op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := readAll(resp)
	if err != nil {
		return nil, lost(ctx, in.op, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, classify(in, resp.StatusCode, resp.Header, body)
	}
	return body, nil
}

// readAll reads an answer into one buffer of the right size, where the answer
// says its size and that is a likely one.
func readAll(resp *http.Response) ([]byte, error) {
	const likely = 1 << 20
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= likely {
		buf.Grow(int(n) + bytes.MinRead) // what ReadFrom wants free to see the end
	}
	_, err := buf.ReadFrom(resp.Body)
	return buf.Bytes(), err
}

// get reads a path into out.
func (c client) get(ctx context.Context, op, path string, out any) error {
	return c.read(ctx, call{op: op, method: http.MethodGet, url: c.base + path}, out)
}

// ask sends in to a path that changes nothing and reads the answer into out.
func (c client) ask(ctx context.Context, op, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return &crm.Error{Kind: crm.KindInternal, Op: op, Err: err}
	}
	return c.read(ctx, call{op: op, method: http.MethodPost, url: c.base + path, body: body, asks: true}, out)
}

func (c client) read(ctx context.Context, in call, out any) error {
	body, err := c.do(ctx, in)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return unreadable(in.op, crm.KindUnavailable, err)
	}
	return nil
}

// unreadable is the error of an answer of success that cannot be read.
func unreadable(op string, kind crm.Kind, err error) error {
	return &crm.Error{Kind: kind, Op: op, Err: err}
}
