package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// dataPath is where the one version of the data API lies that this adapter
// speaks.
const dataPath = "/services/data/v63.0"

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
	header http.Header
}

// reads tells whether the call changes nothing.
func (c call) reads() bool { return c.method == http.MethodGet }

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
			kind = "application/json; charset=utf-8"
		}
		req.Header.Set("Content-Type", kind)
	}
	maps.Copy(req.Header, in.header)
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
	body, err := c.do(ctx, call{op: op, method: http.MethodGet, url: c.base + path})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return unreadable(op, crm.KindUnavailable, err)
	}
	return nil
}

// unreadable is the error of an answer of success that cannot be read.
func unreadable(op string, kind crm.Kind, err error) error {
	return &crm.Error{Kind: kind, Op: op, Err: err}
}
