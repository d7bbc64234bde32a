package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// hubspotPaperless says why an operation of ours has no document.
func hubspotPaperless() map[string]string {
	return map[string]string{
		"GET /account-info/v3/details": "the client that the documents are derived from does not have it (crm/hubspot.md §1, recorded answer post-auth/account-info.json)",
		"POST /oauth/v3/token/revoke":  "the client that the documents are derived from has OAuth v1 alone (crm/hubspot.md §1)",
	}
}

// hubspotRequests holds every request of the adapter against HubSpot's
// documents: paths by the table of spellings, query parameters, and bodies
// member by member.
func hubspotRequests(t *testing.T, b *bench) {
	t.Helper()

	const part = "HubSpot requests"
	all := papers(t, b.specs)
	b.report.count(part, "operations in the documents", len(all))
	seen := make(map[string]bool)
	for _, c := range drive(t, b, crm.HubSpot) {
		operation := c.method + " " + c.path()
		hubspotHeader(t, c)
		p, ok := c.paper(all)
		if !ok {
			why := hubspotPaperless()[operation]
			require.NotEmpty(t, why, "%s has no document, and nothing says why", operation)
			if !seen[operation] {
				b.report.leaveOut(part, why, operation)
			}
			seen[operation] = true
			continue
		}
		p.holds(t, c)
		hubspotSizes(t, c)
		b.report.count(part, "requests taken by the documents, every member known", 1)
		if !seen[c.method+p.template] {
			b.report.count(part, "operations of ours that a document describes", 1)
		}
		seen[c.method+p.template] = true
	}
}

// hubspotHeader holds what every call has to say in its header: the token, but
// for those about tokens, and what the body is.
func hubspotHeader(t *testing.T, c call) {
	t.Helper()

	if strings.HasPrefix(c.path(), "/oauth/") {
		require.Empty(t, c.header.Get("Authorization"), "client id and secret stand in the body (crm/hubspot.md §1)")
		require.Equal(t, "application/x-www-form-urlencoded", c.header.Get("Content-Type"))
		return
	}
	require.True(t, strings.HasPrefix(c.header.Get("Authorization"), "Bearer "))
	if len(c.body) > 0 {
		require.True(t, strings.HasPrefix(c.header.Get("Content-Type"), "application/json"), c.header.Get("Content-Type"))
	}
	require.False(t, c.method == http.MethodGet && len(c.body) > 0)
}

// hubspotSizes holds the limits that stand in no schema (crm/hubspot.md §3, §4):
// 100 inputs, a page of 100, and a trace id for every input that is written.
func hubspotSizes(t *testing.T, c call) {
	t.Helper()

	const most = 100
	var sent struct{ Inputs []map[string]any }
	if strings.HasPrefix(c.header.Get("Content-Type"), "application/json") {
		require.NoError(t, json.Unmarshal(c.body, &sent))
	}
	require.LessOrEqual(t, len(sent.Inputs), most)
	traces := make(map[any]bool)
	for _, in := range sent.Inputs {
		if strings.HasSuffix(c.path(), "/batch/read") {
			continue
		}
		require.NotEmpty(t, in["objectWriteTraceId"], "without one, a bad record takes the batch along")
		require.False(t, traces[in["objectWriteTraceId"]], "each input has one of its own")
		traces[in["objectWriteTraceId"]] = true
	}
	if limit := c.url.Query().Get("limit"); limit != "" {
		require.Contains(t, []string{"1", "100"}, limit)
	}
}
