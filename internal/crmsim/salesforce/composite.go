package salesforce

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"lockstep/internal/crmsim"
)

// maxComposite is how many requests one composite takes (crm/salesforce.md §3).
const maxComposite = 25

type compositeRequest struct {
	AllOrNone        bool `json:"allOrNone"`
	CompositeRequest []struct {
		Method      string            `json:"method"`
		URL         string            `json:"url"`
		ReferenceID string            `json:"referenceId"`
		Body        json.RawMessage   `json:"body"`
		HTTPHeaders map[string]string `json:"httpHeaders"`
	} `json:"compositeRequest"`
}

type compositePart struct {
	Body           json.RawMessage   `json:"body"`
	HTTPHeaders    map[string]string `json:"httpHeaders"`
	HTTPStatusCode int               `json:"httpStatusCode"`
	ReferenceID    string            `json:"referenceId"`
}

// composite carries out several requests in one call
// (cumulusci-cassettes/TestComposite…). References between them, @{ref.field},
// reach into object bodies one level deep; allOrNone is not undone here and is
// refused instead.
func composite(c *call) crmsim.Answer {
	var in compositeRequest
	if json.Unmarshal(c.body, &in) != nil {
		return badJSON().answer()
	}
	if len(in.CompositeRequest) > maxComposite || in.AllOrNone {
		return failedWith(http.StatusBadRequest, codeLimitExceeded, "The sandbox takes at most 25 subrequests, and not all or none").answer()
	}
	parts := make([]compositePart, 0, len(in.CompositeRequest))
	earlier := make(map[string]json.RawMessage)
	kind := crmsim.CallRead
	for _, sub := range in.CompositeRequest {
		// Recorded URLs hold blanks.
		u, err := url.Parse(strings.ReplaceAll(refer(sub.URL, earlier), " ", "%20"))
		if err != nil || !strings.HasPrefix(u.Path, "/services/data/") {
			return failedWith(http.StatusBadRequest, codeInput, "Invalid URL in subrequest").answer()
		}
		inner := c.request.Clone(c.request.Context())
		inner.Method, inner.URL, inner.RequestURI = sub.Method, u, u.RequestURI()
		part := &call{Exchange: c.Exchange, sim: c.sim, org: c.org, body: []byte(refer(string(sub.Body), earlier))}
		answer := c.sim.dispatch(part, inner)
		if answer.Cut {
			return answer
		}
		if part.kind == crmsim.CallWrite {
			kind = crmsim.CallWrite
		}
		earlier[sub.ReferenceID] = answer.Body
		parts = append(parts, compositePart{
			Body: orJSONNull(answer.Body), HTTPHeaders: map[string]string{}, HTTPStatusCode: answer.Status, ReferenceID: sub.ReferenceID,
		})
	}
	c.kind = kind
	return encoded(http.StatusOK, map[string][]compositePart{"compositeResponse": parts})
}

// refer puts the values of earlier answers where text refers to them.
func refer(text string, earlier map[string]json.RawMessage) string {
	for {
		before, rest, found := strings.Cut(text, "@{")
		reference, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return text
		}
		id, member, _ := strings.Cut(reference, ".")
		var body map[string]any
		value := ""
		if json.Unmarshal(earlier[id], &body) == nil {
			value, _ = body[member].(string)
		}
		text = before + value + after
	}
}

func orJSONNull(body []byte) json.RawMessage {
	if len(bytes.TrimSpace(body)) == 0 {
		return json.RawMessage("null")
	}
	return body
}
