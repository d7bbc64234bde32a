package salesforce

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

func TestUsageIsReadFromTheHeader(t *testing.T) {
	t.Parallel()

	for value, want := range map[string][]adapter.Usage{
		"api-usage=4177/15000":                               {{Window: 24 * time.Hour, Used: 4177, Limit: 15000}}, // wire-recordings-grouparoo.json
		"api-usage=1/2; per-app-api-usage=17/250(appName=x)": {{Window: 24 * time.Hour, Used: 1, Limit: 2}},
		"":                    nil,
		"api-usage=many":      nil,
		"api-usage=1/several": nil,
	} {
		require.Equal(t, want, usage(http.Header{"Sforce-Limit-Info": {value}}), value)
	}
}

func TestFactoryIsComplete(t *testing.T) {
	t.Parallel()

	f := Factory()
	for _, object := range []crm.Object{crm.Contact, crm.Company, crm.Deal} {
		require.NotEmpty(t, f.Types[object])
	}
	for _, secretGoesTo := range []string{f.OAuth.Endpoint.TokenURL, f.OAuth.RevokeURL, "https://acme--dev.sandbox.my.salesforce.com"} {
		require.NoError(t, adapter.Allowed(secretGoesTo, f.Hosts, ""))
	}
	require.Error(t, adapter.Allowed("https://acme.secure.force.com", f.Hosts, ""))
	_, err := f.Open(adapter.Deps{})
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
}

func TestCallersEndIsNotTheVendors(t *testing.T) {
	t.Parallel()

	c := connect(t, answering(200, `[]`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Write(ctx, crm.Batch{Type: "Contact", Match: crm.ByExternalID, Writes: two})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, c.Check(ctx), context.Canceled)
}

func TestRevokedTokenIsNoError(t *testing.T) {
	t.Parallel()

	for body, want := range map[string]crm.Kind{ // crm/salesforce.md §1
		`{"error":"invalid_token","error_description":"invalid token: xyz"}`: "",
		`{"error":"unsupported_token_type"}`:                                 crm.KindInvalid,
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

func TestRevocationNeedsNoLiveToken(t *testing.T) {
	t.Parallel()

	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != revokePath || r.FormValue("token") != "refresh+/=" {
			t.Errorf("%s %v", r.URL.Path, r.Form)
		}
	}))
	t.Cleanup(srv.Close)
	c, err := open(adapter.Deps{
		BaseURL:  "https://acme.my.salesforce.com",
		LoginURL: srv.URL,
		HTTP:     adapter.Client(&http.Transport{}, adapter.Chain{Tokens: noTokens{t}}),
	})
	require.NoError(t, err)
	require.NoError(t, c.(crm.Revoker).Revoke(t.Context(), "refresh+/="))
}

func TestRecordURL(t *testing.T) {
	t.Parallel()

	c := &Connector{client: client{base: "https://acme.my.salesforce.com"}}
	require.Equal(t, "https://acme.my.salesforce.com/lightning/r/Lead/00Q4S000002sSacUAE/view", c.RecordURL("Lead", "00Q4S000002sSacUAE"))
}
