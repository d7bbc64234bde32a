package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/hubspot"
	"lockstep/internal/crm/salesforce"
	"lockstep/internal/crmsim"
	simhubspot "lockstep/internal/crmsim/hubspot"
	simsalesforce "lockstep/internal/crmsim/salesforce"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

// sandbox is a vendor as the sandbox speaks for it, and one connection's tokens.
type sandbox struct {
	vendor crmsim.Vendor
	tokens *oauth.Tokens
	grants *row
}

// sandboxes returns each vendor's, with an approved grant.
func sandboxes(t *testing.T) map[crm.Vendor]*sandbox {
	t.Helper()

	client := crmsim.Client{ID: "the-app", Secret: "the-app-secret"}
	return map[crm.Vendor]*sandbox{
		crm.HubSpot:    newSandbox(t, simhubspot.New(simhubspot.Options{Client: client}).Vendor(), hubspot.Factory()),
		crm.Salesforce: newSandbox(t, simsalesforce.New(simsalesforce.Options{Client: client}).Vendor(), salesforce.Factory()),
	}
}

func newSandbox(t *testing.T, vendor crmsim.Vendor, factory adapter.Factory) *sandbox {
	t.Helper()

	wire := httptest.NewServer(vendor.Wire)
	t.Cleanup(wire.Close)
	const somewhere = "http://127.0.0.1/callback"
	// Salesforce begins tokens with the account's id; HubSpot takes one that it does not know for its first.
	code := vendor.Grants.Authorize(crmsim.Approval{Account: "00D5g0000000001EAA", Redirect: somewhere, Offline: true})
	granted, err := vendor.Grants.Exchange(code, somewhere, "")
	require.NoError(t, err)

	grants := &row{grant: oauth.Grant{
		AccessToken: secret.NewText(granted.Access), RefreshToken: secret.NewText(granted.Refresh), BaseURL: wire.URL,
	}}
	vendors := &oauth.Vendors{
		Factories: make(map[crm.Vendor]adapter.Factory),
		Apps:      make(map[crm.Vendor]oauth.App),
		Base:      &http.Transport{},
	}
	vendors.Factories[factory.Vendor] = factory
	vendors.Apps[factory.Vendor] = oauth.App{ClientID: "the-app", ClientSecret: secret.NewText("the-app-secret"), LoginURL: wire.URL}
	clients := &oauth.Clients{Vendors: vendors, Grants: grants}
	return &sandbox{vendor: vendor, tokens: clients.For(factory.Vendor, uuid.Nil, uuid.Nil), grants: grants}
}

// renew asks for another access token than the one that is kept.
func (s *sandbox) renew(t *testing.T) (string, error) {
	t.Helper()
	return s.tokens.Token(t.Context(), s.grants.stored().AccessToken.Reveal())
}

// A refresh that meets trouble is worth another; only the vendor's word for a
// dead grant costs the connection.
func TestTroubleWithARefreshPassesAtEachVendor(t *testing.T) {
	t.Parallel()

	for kind, want := range map[crmsim.FaultKind]crm.Kind{
		crmsim.FaultTokenLimited:     crm.KindRateLimited,
		crmsim.FaultTokenBusy:        crm.KindRateLimited,
		crmsim.FaultTokenUnavailable: crm.KindUnavailable,
		crmsim.FaultTokenCut:         crm.KindUnavailable,
	} {
		for name, s := range sandboxes(t) {
			t.Run(string(kind)+"/"+string(name), func(t *testing.T) {
				t.Parallel()

				before := s.grants.stored()
				s.vendor.Rig.Script.Add(crmsim.Fault{Kind: kind, Rows: 2})
				for range 2 {
					_, err := s.renew(t)
					require.Empty(t, requireKind(t, want, err).Reason)
					require.Equal(t, before, s.grants.stored())
				}
				token, err := s.renew(t)
				require.NoError(t, err)
				require.True(t, s.vendor.Grants.Session(token).Live)

				s.vendor.Grants.RevokeAll()
				_, err = s.renew(t)
				require.Equal(t, crm.ReasonGrant, requireKind(t, crm.KindUnauthorized, err).Reason)
				require.Len(t, s.vendor.Rig.Calls.All(), 4, "no retry here")
			})
		}
	}
}

// An answer that is lost costs the connection where it held the only refresh
// token that lives.
func TestALostAnswerIsALostGrantOnlyWhereTokensRotate(t *testing.T) {
	t.Parallel()

	for name, s := range sandboxes(t) {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()

			s.vendor.Rig.Script.Add(crmsim.Fault{Kind: crmsim.FaultTokenCutAfter, Rows: 1})
			_, err := s.renew(t)
			requireKind(t, crm.KindUnavailable, err)
			_, err = s.renew(t)
			if name == crm.Salesforce {
				require.Equal(t, crm.ReasonGrant, requireKind(t, crm.KindUnauthorized, err).Reason)
				return
			}
			require.NoError(t, err)
		})
	}
}
