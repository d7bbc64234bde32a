// Package client is the API's Go client, generated from api/rest/openapi.yaml:
// one method and one response type for each operation. By hand there is only
// what is the same for all of them: the key, and problems as errors.
//
// It knows nothing of the server's code and repeats no call.
package client

import (
	"context"
	"fmt"
	"net/http"
)

// New returns a client of the API at address, such as http://127.0.0.1:8080,
// that presents key with each call. An empty key is not presented.
func New(address, key string, doer HttpRequestDoer) (*ClientWithResponses, error) {
	present := func(_ context.Context, req *http.Request) error {
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		return nil
	}
	c, err := NewClientWithResponses(address, WithHTTPClient(doer), WithRequestEditorFn(present))
	if err != nil {
		return nil, fmt.Errorf("reading the API's address: %w", err)
	}
	return c, nil
}

// Error returns the problem in a sentence or two, for a person. A response's
// ApplicationProblemJSONDefault is an error when it is not nil.
func (p *Problem) Error() string {
	s := p.Title
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.Fix != "" {
		s += " " + p.Fix
	}
	return s
}
