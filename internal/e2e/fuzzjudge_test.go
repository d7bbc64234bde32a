package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// problem is a problem document.
type problem struct {
	Type     string `json:"type"`
	Status   int    `json:"status"`
	Code     string `json:"code"`
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Fix      string `json:"fix"`
	Instance string `json:"instance"`
}

// judge returns what is wrong with an answer.
func (f *fuzzer) judge(r *fuzzRequest, a fuzzAnswer) error {
	if a.header.Get("X-Request-Id") == "" { // the server's own, to what is no HTTP
		if r.raw == nil && a.status != http.StatusBadRequest && a.status != http.StatusRequestHeaderFieldsTooLarge {
			return fmt.Errorf("answering without an id: %d", a.status)
		}
		return nil
	}
	return errors.Join(
		f.judgeStatus(r, a), f.judgeDocument(r, a), f.judgeProblem(r, a), f.judgeLeak(r, a), f.judgeRepeat(r, a), judgeHeader(a),
	)
}

// judgeStatus wants no failure of ours, and a refusal of what is refused.
func (f *fuzzer) judgeStatus(r *fuzzRequest, a fuzzAnswer) error {
	switch {
	case a.status >= http.StatusInternalServerError:
		return fmt.Errorf("answering %d", a.status)
	case r.refused && a.status < http.StatusBadRequest:
		return fmt.Errorf("carrying out what is to be refused: %d to %s", a.status, strings.Join(r.wrong, ", "))
	case r.op != nil && !r.strange && !r.op.open && r.by == nil && a.status != http.StatusUnauthorized && a.status != http.StatusRequestEntityTooLarge && a.status != http.StatusTooManyRequests:
		return fmt.Errorf("answering %d to nobody", a.status)
	case r.by != nil && r.op != nil && !r.strange && a.status == http.StatusUnauthorized:
		return errors.New("not knowing a key that is in force")
	}
	return nil
}

// judgeDocument holds an answer against the document: that of its operation, or
// what the document says of all others.
func (f *fuzzer) judgeDocument(r *fuzzRequest, a fuzzAnswer) error {
	if r.op == nil || r.strange {
		return f.judgeStranger(r, a)
	}
	if a.status < http.StatusBadRequest && !r.op.documents(a.status) {
		return fmt.Errorf("answering %d, which is not documented", a.status)
	}
	req, err := http.NewRequestWithContext(context.Background(), r.op.method, "http://"+f.host+"/", nil)
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: r.op.route},
		Status:                 a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: isPage(a)},
	})
	if err != nil {
		return fmt.Errorf("answering %d not as documented: %w", a.status, err)
	}
	responses := r.op.route.Operation.Responses
	documented := cmp.Or(responses.Status(a.status), responses.Default()).Value.Content
	if kind := a.header.Get("Content-Type"); len(a.body) > 0 && documented.Get(kind) == nil {
		return fmt.Errorf("answering %d as %q, which is not documented", a.status, kind)
	}
	return nil
}

// isPage tells whether an answer is for people, or a stream, whose text no
// schema describes.
func isPage(a fuzzAnswer) bool {
	return strings.HasPrefix(a.header.Get("Content-Type"), "text/")
}

// judgeStranger holds an answer to what is no operation of the document to what
// is said of that: there is nothing there, or not with this method.
func (f *fuzzer) judgeStranger(r *fuzzRequest, a fuzzAnswer) error {
	path, _, _ := strings.Cut(r.target, "?")
	switch {
	case r.raw != nil, a.status == http.StatusTooManyRequests, a.status == http.StatusRequestEntityTooLarge:
		return nil
	case strings.HasPrefix(path, "/docs") || strings.HasPrefix(path, "/openapi."):
		return nil // pages, and the document itself
	case a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") == "":
		return errors.New("answering 405 without saying what is allowed")
	case a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed:
		return fmt.Errorf("answering %d to %s, which the document does not have", a.status, r.method)
	}
	return nil
}

// judgeProblem wants a problem document of every error, whose code is one of
// those that are listed.
func (f *fuzzer) judgeProblem(r *fuzzRequest, a fuzzAnswer) error {
	if a.status < http.StatusBadRequest || r.method == http.MethodHead || isPage(a) && r.op != nil && r.op.open {
		return nil
	}
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		return fmt.Errorf("answering %d as %q", a.status, kind)
	}
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		return fmt.Errorf("reading a problem: %w", err)
	}
	switch {
	case !f.codes[p.Code]:
		return fmt.Errorf("answering with code %q, which is not listed", p.Code)
	case p.Status != a.status, !strings.HasSuffix(p.Type, "/"+p.Code):
		return fmt.Errorf("answering %d as a problem %s of status %d", a.status, p.Type, p.Status)
	case a.header.Get("Idempotent-Replayed") == "" && p.Instance != "urn:uuid:"+a.header.Get("X-Request-Id"):
		return fmt.Errorf("answering with instance %q", p.Instance)
	case p.Title == "" || p.Detail == "" || p.Fix == "":
		return fmt.Errorf("answering %s without an explanation", p.Code)
	}
	return nil
}

// judgeLeak wants nothing of the other party, and nobody's secrets, in an answer.
func (f *fuzzer) judgeLeak(r *fuzzRequest, a fuzzAnswer) error {
	if r.op == nil {
		return nil
	}
	var b bytes.Buffer
	_ = a.header.Write(&b) // a buffer takes everything
	b.Write(a.body)
	text := b.String()
	for _, p := range f.parties {
		if p != r.by && strings.Contains(text, p.canary) && !strings.Contains(r.target, p.canary) {
			return fmt.Errorf("answering %s with what is %s's", nameOf(r.by), p.name)
		}
	}
	sent := strings.ToLower(r.target + " " + string(r.body))
	for _, id := range anyUUID.FindAllString(text, -1) {
		id = strings.ToLower(id)
		if p := f.owner(id); p != nil && p != r.by && !strings.Contains(sent, id) {
			return fmt.Errorf("answering %s with %s, which is %s's", nameOf(r.by), id, p.name)
		}
	}
	for _, s := range f.secrets {
		if strings.Contains(text, s) {
			return errors.New("answering with a secret")
		}
	}
	return nil
}

func nameOf(p *party) string {
	if p == nil {
		return "nobody"
	}
	return p.name
}

// judgeRepeat wants a request that was carried out under a key to be answered the
// same, and no other to be carried out under it.
func (f *fuzzer) judgeRepeat(r *fuzzRequest, a fuzzAnswer) error {
	if r.stored == "" || r.by == nil || r.op == nil || r.strange {
		return nil
	}
	before, ok := r.by.asked.add(r, a)
	if !ok || a.status == http.StatusTooManyRequests || a.status == http.StatusForbidden {
		return nil
	}
	same := before.request.asks() == r.asks()
	switch {
	case same && r.again && (a.status != before.answer.status || !bytes.Equal(a.body, before.answer.body)):
		return fmt.Errorf("answering a repeated request with %d, and before with %d: %.200s", a.status, before.answer.status, before.answer.body)
	case !same && a.status < http.StatusBadRequest:
		return fmt.Errorf("carrying out another request under the key of %s %s", before.request.method, before.request.target)
	}
	return nil
}

// judgeHeader wants of every answer what browsers and support need.
func judgeHeader(a fuzzAnswer) error {
	switch {
	case !anyUUID.MatchString(a.header.Get("X-Request-Id")):
		return fmt.Errorf("answering with id %q", a.header.Get("X-Request-Id"))
	case a.header.Get("X-Content-Type-Options") != "nosniff":
		return errors.New("answering without nosniff")
	case a.header.Get("Cache-Control") == "":
		return errors.New("answering without a word on caches")
	case a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "":
		return errors.New("answering 401 without WWW-Authenticate")
	case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "":
		return errors.New("answering 429 without Retry-After")
	case a.header.Get("Content-Length") != "" && a.status == http.StatusNoContent && a.header.Get("Content-Length") != "0":
		return errors.New("answering 204 with length " + strconv.Quote(a.header.Get("Content-Length")))
	}
	return nil
}
