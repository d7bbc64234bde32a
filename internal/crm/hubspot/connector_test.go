package hubspot

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

func TestUsageIsReadFromTheHeaders(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		headers map[string]string
		want    []adapter.Usage
	}{
		"private app": { // wire-recordings-grouparoo.json
			headers: map[string]string{
				"X-HubSpot-RateLimit-Daily": "250000", "X-HubSpot-RateLimit-Daily-Remaining": "248742",
				"X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Remaining": "57",
				"X-HubSpot-RateLimit-Secondly": "10", "X-HubSpot-RateLimit-Secondly-Remaining": "5",
			},
			want: []adapter.Usage{{Window: 10 * time.Second, Used: 43, Limit: 100}, {Window: 24 * time.Hour, Used: 1258, Limit: 250000}},
		},
		"public app": {
			headers: map[string]string{"X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": "110", "X-HubSpot-RateLimit-Remaining": "109"},
			want:    []adapter.Usage{{Window: 10 * time.Second, Used: 1, Limit: 110}},
		},
		"search":       {headers: map[string]string{"X-HubSpot-RateLimit-Daily": "250000", "X-HubSpot-RateLimit-Daily-Remaining": "249970"}, want: []adapter.Usage{{Window: 24 * time.Hour, Used: 30, Limit: 250000}}},
		"none":         {},
		"not a number": {headers: map[string]string{"X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": "many", "X-HubSpot-RateLimit-Remaining": "57", "X-HubSpot-RateLimit-Daily": "250000"}},
		"no window":    {headers: map[string]string{"X-HubSpot-RateLimit-Interval-Milliseconds": "0", "X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Remaining": "57"}},
	} {
		h := make(http.Header)
		for key, value := range tc.headers {
			h.Set(key, value)
		}
		require.Equal(t, tc.want, usage(h), name)
	}
}

func TestRecordedHeadersAreRead(t *testing.T) {
	t.Parallel()

	read := 0
	for _, x := range exchanges(t, "") {
		h := make(http.Header)
		for key, value := range x.Response.Headers {
			h.Set(key, value)
		}
		for _, u := range usage(h) {
			require.Positive(t, u.Limit)
			require.Positive(t, u.Used)
			read++
		}
	}
	require.Positive(t, read)
}

func TestFactoryIsComplete(t *testing.T) {
	t.Parallel()

	f := Factory()
	for _, object := range []crm.Object{crm.Contact, crm.Company, crm.Deal} {
		require.NotEmpty(t, f.Types[object])
		for _, typ := range f.Types[object] {
			require.Contains(t, groups, typ)
			require.NotEqual(t, typ, objectTypeID(typ))
		}
	}
	for _, scope := range f.OAuth.Scopes { // an admin is asked for no more than is sent
		require.True(t, scope == "oauth" || scope == "crm.objects.owners.read" || strings.Contains(scope, ".contacts."), scope)
	}
	require.Subset(t, f.OAuth.Scopes, []string{"crm.objects.contacts.write", "crm.schemas.contacts.write"})
	for _, secretGoesTo := range []string{f.OAuth.Endpoint.TokenURL, f.OAuth.RevokeURL, f.OAuth.APIURL} {
		require.NoError(t, adapter.Allowed(secretGoesTo, f.Hosts, ""))
	}
	_, err := f.Open(adapter.Deps{})
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
}

func TestIdentityIsAskedFor(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/account-info/2026-03/details" {
			t.Errorf("asked for %s", r.URL)
		}
		answering(200, `{"portalId":44237313,"accountType":"SANDBOX","uiDomain":"app.hubspot.com"}`)(w, r)
	})
	account, err := c.Identify(t.Context())
	require.NoError(t, err)
	require.Equal(t, crm.Account{ID: "44237313", Name: "HubSpot 44237313", Environment: crm.Sandbox, Edition: "SANDBOX"}, account)
	require.NoError(t, c.Check(t.Context()))

	_, err = connect(t, answering(200, `{}`)).Identify(t.Context())
	require.Equal(t, crm.KindUnavailable, crm.KindOf(err), "an account without a number is none")
}

func TestCallersEndIsNotTheVendors(t *testing.T) {
	t.Parallel()

	c := connect(t, answering(200, `{}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Write(ctx, crm.Batch{Type: contacts, Match: crm.ByExternalID, Writes: two})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, c.Check(ctx), context.Canceled)
}

func TestOwnersAreWhoRecordsAreAssignedTo(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/crm/owners/2026-03" || q.Get("limit") != "100" {
			t.Errorf("asked for %s", r.URL)
		}
		if q.Get("after") == "2" {
			answering(200, `{"results":[{"id":"3","email":"no.name@example.com","type":"PERSON","userId":30,"archived":false},{"id":"4","type":"QUEUE"}]}`)(w, r)
			return
		}
		answering(200, `{"results":[{"id":"1","email":"ada@example.com","type":"PERSON","firstName":"Ada","lastName":"Lovelace","userId":10,"archived":false}],"paging":{"next":{"after":"2"}}}`)(w, r)
	})
	owners, err := c.Owners(t.Context())
	require.NoError(t, err)
	require.Equal(t, []crm.Owner{
		{ID: "1", Name: "Ada Lovelace", Email: "ada@example.com", Active: true},
		{ID: "3", Name: "no.name@example.com", Email: "no.name@example.com", Active: true},
	}, owners)
}

func TestRevokedTokenIsNoError(t *testing.T) {
	t.Parallel()

	for body, want := range map[string]crm.Kind{ // crm/hubspot.md §1
		`{"error":"invalid_grant","error_description":"refresh token is invalid, expired or revoked","status":"BAD_REFRESH_TOKEN"}`: "",
		`{"error":"invalid_client","status":"BAD_CLIENT_ID"}`:                                                                       crm.KindInvalid,
	} {
		c := connect(t, answering(400, body))
		require.Equal(t, want, crm.KindOf(c.Revoke(t.Context(), "xyz")))
	}
}

// noTokens fails the test when a token is asked for.
type noTokens struct{ t *testing.T }

func (n noTokens) Token(context.Context, string) (string, error) {
	n.t.Error("asked for an access token")
	return "", nil
}

func TestRevocationShowsTheClientAndNoLiveToken(t *testing.T) {
	t.Parallel()

	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/2026-03/token/revoke" || r.FormValue("token") != "refresh+/=" || r.FormValue("token_type_hint") != "refresh_token" ||
			r.FormValue("client_id") != "the-app" || r.FormValue("client_secret") != "the-secret" {
			t.Errorf("%s %v", r.URL.Path, r.Form)
		}
	}))
	t.Cleanup(srv.Close)
	c, err := open(adapter.Deps{
		BaseURL:  "https://api.hubapi.com",
		LoginURL: srv.URL,
		Client:   adapter.Registration{ID: "the-app", Secret: "the-secret"},
		HTTP:     adapter.Client(&http.Transport{}, adapter.Chain{Tokens: noTokens{t}}),
	})
	require.NoError(t, err)
	require.NoError(t, c.(crm.Revoker).Revoke(t.Context(), "refresh+/="))
}

func TestRecordURL(t *testing.T) {
	t.Parallel()

	c := &Connector{client: client{base: "https://api.hubapi.com"}, accountID: "44237313"}
	require.Equal(t, "https://app.hubspot.com/contacts/44237313/record/0-1/171596044870", c.RecordURL(contacts, "171596044870")) // batch/create/contacts/success.json
	require.Equal(t, "https://app.hubspot.com/contacts/44237313/record/0-2/7", c.RecordURL(companies, "7"))
	require.Equal(t, "https://app.hubspot.com/contacts/44237313/record/0-3/7", c.RecordURL(deals, "7"))
	c.client.base = "http://127.0.0.1:9002"
	require.Equal(t, "http://127.0.0.1:9002/contacts/44237313/record/0-1/7", c.RecordURL(contacts, "7"))
}
