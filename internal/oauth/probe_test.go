package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

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

// FEATURES: A10
func TestProbeNamesWhatTheAppIsRefusedFor(t *testing.T) {
	t.Parallel()

	const registered = "https://lockstep.example.com/v1/oauth/callback"
	app := crmsim.Client{ID: "the-app", Secret: planted, RedirectURIs: []string{registered}}
	for name, tc := range map[string]struct {
		change func(*oauth.App)
		scopes []string // that the app may ask for
		code   oauth.Code
		fix    string // has this in it
	}{
		"as registered": {change: func(*oauth.App) {}},
		"another redirect": {
			change: func(a *oauth.App) { a.RedirectURL += "/" },
			code:   oauth.CodeRedirectMismatch, fix: registered + "/",
		},
		"another app":    {change: func(a *oauth.App) { a.ClientID = "other" }, code: oauth.CodeAppRefused, fix: "_CLIENT_ID"},
		"another secret": {change: func(a *oauth.App) { a.ClientSecret = secret.NewText("other") }, code: oauth.CodeAppRefused, fix: "_CLIENT_SECRET"},
		"too few scopes": {change: func(*oauth.App) {}, scopes: []string{"id", "oauth"}, code: oauth.CodeScopeRefused, fix: "Allow "},
		"nobody there":   {change: func(a *oauth.App) { a.LoginURL = "http://127.0.0.1:1" }, code: oauth.CodeUnavailable},
	} {
		client := app
		client.Scopes = tc.scopes
		for vendor, sim := range map[crm.Vendor]http.Handler{
			crm.HubSpot:    simhubspot.New(simhubspot.Options{Client: client}),
			crm.Salesforce: simsalesforce.New(simsalesforce.Options{Client: client}),
		} {
			t.Run(name+"/"+string(vendor), func(t *testing.T) {
				t.Parallel()

				wire := httptest.NewServer(sim)
				t.Cleanup(wire.Close)
				ours := oauth.App{ClientID: "the-app", ClientSecret: secret.NewText(planted), RedirectURL: registered, LoginURL: wire.URL}
				tc.change(&ours)
				err := probing(vendor, ours).Probe(t.Context(), vendor)
				if tc.code == "" {
					require.NoError(t, err)
					return
				}
				problem := requireCode(t, tc.code, err)
				require.Contains(t, problem.Problem().Fix, tc.fix)
			})
		}
	}
}

func TestProbeTellsAnAppThatIsNotSetUp(t *testing.T) {
	t.Parallel()

	requireCode(t, oauth.CodeNotConfigured, probing(crm.Salesforce, oauth.App{}).Probe(t.Context(), crm.HubSpot))
}

func probing(vendor crm.Vendor, app oauth.App) *oauth.Vendors {
	v := &oauth.Vendors{Factories: make(map[crm.Vendor]adapter.Factory), Apps: make(map[crm.Vendor]oauth.App), Base: &http.Transport{}}
	v.Factories[crm.HubSpot], v.Factories[crm.Salesforce] = hubspot.Factory(), salesforce.Factory()
	v.Apps[vendor] = app
	return v
}
