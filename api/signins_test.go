package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/store"
)

func soon() time.Time { return time.Now().Add(time.Minute) }

// FEATURES: A01, A07
func TestPersonConnectsAnAccount(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		vendor        crm.Vendor
		account, want string
	}{
		{crm.Salesforce, "production", "Salesforce is connected: Crmsim Production (production)"},
		{crm.Salesforce, "sandbox", "Salesforce is connected: Crmsim Sandbox (sandbox)"},
		{crm.HubSpot, "44237313", "HubSpot is connected: HubSpot 44237313 (production)"},
		{crm.HubSpot, "sandbox", "HubSpot is connected: HubSpot 44622501 (sandbox)"},
	} {
		t.Run(string(tc.vendor)+" "+tc.account, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.connectionTo(t, tc.vendor)
			p := newPerson(t)

			callback := p.decide(b.link(t, c), tc.account, "approve")
			require.Equal(t, http.StatusOK, p.get(callback).status, p.page())
			require.Contains(t, p.page(), tc.want)

			got := b.reread(t, c)
			require.Equal(t, lockstep.StatusSettingUp, got.Status)
			require.Contains(t, tc.want, "("+string(got.Account.Environment)+")")
			require.NotEmpty(t, got.Account.ID)
			require.Equal(t, c.Epoch+1, got.Epoch)
			require.NotEmpty(t, got.BaseURL)
			grant, err := b.vault.Read(t.Context(), c.WorkspaceID, c.ID)
			require.NoError(t, err)
			require.False(t, grant.RefreshToken.Empty())
			require.Len(t, b.supervisors.told, 1)
			require.Zero(t, b.vendor.times("/services/oauth2/revoke"))
			events, err := b.store.SyncLog(t.Context(), c.WorkspaceID, c.ID, store.LogFilter{}, 0, 10)
			require.NoError(t, err)
			require.Equal(t, "connection_authorized", events[0].Outcome)

			planted := append(secretOf(t, callback), "planted-app-secret", grant.AccessToken.Reveal(), grant.RefreshToken.Reveal())
			for _, text := range planted {
				for _, page := range p.pages[len(p.pages)-1:] {
					require.NotContains(t, page, text)
				}
				for _, entry := range b.logs.All() {
					require.NotContains(t, entry.Message+fmt.Sprint(entry.ContextMap()), text)
				}
			}
		})
	}
}

// requireStillWaiting holds that a sign-in to c came to nothing, and that whoever
// waits for it is told.
func (b *bundle) requireStillWaiting(t *testing.T, c lockstep.Connection) {
	t.Helper()
	now := b.reread(t, c)
	require.Contains(t, now.StatusReason, "the last try ended with: ")
	now.StatusReason = ""
	require.Equal(t, c, now)
}

// FEATURES: A10
func TestPersonDeniesAccess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)

	require.Equal(t, http.StatusForbidden, p.get(p.decide(b.link(t, c), "production", "deny")).status)
	require.Contains(t, p.page(), oauth.Explain(oauth.CodeDenied).Title)
	b.requireStillWaiting(t, c)
	require.Empty(t, b.supervisors.told)
	require.Equal(t, http.StatusFound, p.get(b.link(t, c)).status)
	require.Equal(t, c, b.reread(t, c), "another try begins")
}

// FEATURES: A10
func TestLoginThatGrantsTooLittleIsRefusedWithItsFix(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)
	for scope, code := range map[string]oauth.Code{"api": oauth.CodeScopeMissing, "refresh_token": oauth.CodeRefreshTokenMissing} {
		b.vendor.grants.Withhold([]string{scope})
		require.Equal(t, http.StatusUnprocessableEntity, p.connect(b.link(t, c), "production"))
		require.Contains(t, p.page(), oauth.Explain(code).Title)
		require.Contains(t, p.page(), "Allow ")
		require.Contains(t, p.page(), scope, "the fix names what to allow")
		b.requireStillWaiting(t, c)
	}
	b.vendor.grants.Withhold(nil)
	require.Equal(t, http.StatusOK, p.connect(b.link(t, c), "production"), p.page())
}

// FEATURES: V14
func TestConnectionTellsWhichScopesItsLoginLacks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	lacks := func() (missing *[]string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.api.URL+"/v1/connections/"+c.ID.String(), nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+b.key)
		p := newPerson(t)
		require.Equal(t, http.StatusOK, p.do(req).status)
		var got struct {
			MissingScopes *[]string `json:"missing_scopes"`
		}
		require.NoError(t, json.Unmarshal([]byte(p.page()), &got))
		return got.MissingScopes
	}

	require.Nil(t, lacks(), "nobody has signed in")
	require.Equal(t, http.StatusOK, newPerson(t).connect(b.link(t, c), "production"))
	require.Equal(t, &[]string{}, lacks())
	require.NoError(t, b.store.SetGrantedScopes(t.Context(), c.WorkspaceID, c.ID, []string{"refresh_token", "id"}))
	require.Equal(t, &[]string{"api"}, lacks(), "a newer Lockstep may need more than was granted")
	require.Equal(t, http.StatusOK, newPerson(t).connect(b.link(t, c), "production"))
	require.Equal(t, &[]string{}, lacks())
}

func TestSignInIsFinishedOnceAndByTheBrowserThatBeganIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)
	callback := p.decide(b.link(t, c), "production", "approve")

	stranger := newPerson(t)
	require.Equal(t, http.StatusForbidden, stranger.get(callback).status)
	require.Contains(t, stranger.page(), oauth.Explain(oauth.CodeWrongBrowser).Title)
	require.Equal(t, lockstep.StatusConnecting, b.reread(t, c).Status)

	require.Equal(t, http.StatusOK, p.get(callback).status, "a stranger spoils nothing")
	require.Equal(t, http.StatusConflict, p.get(callback).status)
	require.Contains(t, p.page(), oauth.Explain(oauth.CodeStateReplayed).Title)
	require.Equal(t, http.StatusUnprocessableEntity, p.get(b.api.URL+"/v1/oauth/callback?state=made-up&code=x").status)
	require.Contains(t, p.page(), oauth.Explain(oauth.CodeStateUnknown).Title)
	require.Equal(t, http.StatusUnprocessableEntity, p.get(b.api.URL+"/v1/oauth/callback").status)
}

func TestTwoSignInsInOneBrowserDoNotSpoilEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, other := b.connection(t), b.connection(t)
	p := newPerson(t)
	first, second := p.decide(b.link(t, one), "production", "approve"), p.decide(b.link(t, other), "sandbox", "approve")

	require.Equal(t, http.StatusOK, p.get(first).status, p.page())
	require.Equal(t, http.StatusOK, p.get(second).status, p.page())
	require.Equal(t, crm.Sandbox, b.reread(t, other).Account.Environment)
}

// FEATURES: A08, V05
func TestAnotherAccountIsRefusedAndTheOldGrantKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)
	require.Equal(t, http.StatusOK, p.connect(b.link(t, c), "production"))
	before, kept := b.reread(t, c), b.sealed(t, c)

	require.Equal(t, http.StatusConflict, p.connect(b.link(t, c), "sandbox"))
	require.Contains(t, p.page(), "You signed in to Crmsim Sandbox, but this connection is linked to Crmsim Production.")
	require.Contains(t, p.page(), lockstep.Explain(lockstep.CodeWrongAccount).Fix)
	require.Equal(t, before, b.reread(t, c))
	require.Equal(t, kept, b.sealed(t, c))
	require.Equal(t, 1, b.vendor.times("/services/oauth2/revoke"), "the new grant is given back")
	require.Len(t, b.supervisors.told, 1)
	events, err := b.store.SyncLog(t.Context(), c.WorkspaceID, c.ID, store.LogFilter{}, 0, 10)
	require.NoError(t, err)
	require.Equal(t, lockstep.CodeWrongAccount, events[0].Problem)

	require.Equal(t, http.StatusOK, p.connect(b.link(t, c), "production"), "the same account is welcome")
	require.NotEqual(t, kept, b.sealed(t, c))
	require.Equal(t, before.Epoch+1, b.reread(t, c).Epoch)
	require.Equal(t, 3, b.vendor.times("/services/oauth2/userinfo"), "whoever signs in is asked who they are")
}

// FEATURES: A08, V05
func TestAnotherHubSpotAccountIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connectionTo(t, crm.HubSpot)
	p := newPerson(t)
	require.Equal(t, http.StatusOK, p.connect(b.link(t, c), "44237313"))
	before, kept := b.reread(t, c), b.sealed(t, c)

	require.Equal(t, http.StatusConflict, p.connect(b.link(t, c), "sandbox"))
	require.Contains(t, p.page(), "You signed in to HubSpot 44622501, but this connection is linked to HubSpot 44237313.")
	require.Equal(t, before, b.reread(t, c))
	require.Equal(t, kept, b.sealed(t, c))
}

// FEATURES: S04
func TestDisconnectedAccountIsConnectedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)
	require.Equal(t, http.StatusOK, p.connect(b.link(t, c), "production"))
	require.NoError(t, b.store.Disconnect(t.Context(), c.WorkspaceID, c.ID, "By a person."))
	require.NoError(t, b.store.Forget(t.Context(), c.WorkspaceID, c.ID, false))
	gone := b.reread(t, c)

	require.Equal(t, http.StatusConflict, p.connect(b.link(t, c), "sandbox"), "it stays linked to its account")
	require.Equal(t, gone, b.reread(t, c))
	require.Equal(t, http.StatusOK, p.connect(b.link(t, c), "production"), p.page())
	got := b.reread(t, c)
	require.Equal(t, lockstep.StatusSettingUp, got.Status)
	require.Empty(t, got.StatusReason)
	require.Equal(t, gone.Epoch+1, got.Epoch)
	require.NotEmpty(t, b.sealed(t, c))
	require.Len(t, b.supervisors.told, 2, "its supervisor is told, and started by that")
}

func TestAccountInUseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, other := b.connection(t), b.connection(t)
	p := newPerson(t)
	require.Equal(t, http.StatusOK, p.connect(b.link(t, one), "production"))

	require.Equal(t, http.StatusConflict, p.connect(b.link(t, other), "production"))
	require.Contains(t, p.page(), lockstep.Explain(lockstep.CodeAccountInUse).Title)
	b.requireStillWaiting(t, other)
	require.Equal(t, 1, b.vendor.times("/services/oauth2/revoke"))
}

func TestSignInOfAnEarlierEpochIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	slow, quick := newPerson(t), newPerson(t)
	late := slow.decide(b.link(t, c), "production", "approve")
	require.Equal(t, http.StatusOK, quick.connect(b.link(t, c), "production"))
	kept := b.sealed(t, c)

	require.Equal(t, http.StatusConflict, slow.get(late).status)
	require.Contains(t, slow.page(), oauth.Explain(oauth.CodeConnectionChanged).Title)
	require.Equal(t, kept, b.sealed(t, c))
	require.Equal(t, 1, b.vendor.times("/services/oauth2/revoke"))
}

func TestGrantOfAnAccountThatCannotBeIdentifiedIsNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)
	b.vendor.refuses = "/query"

	require.Equal(t, http.StatusServiceUnavailable, p.connect(b.link(t, c), "production"))
	require.Contains(t, p.page(), lockstep.Explain(lockstep.CodeUnavailable).Title)
	b.requireStillWaiting(t, c)
	_, err := b.store.Grant(t.Context(), c.WorkspaceID, c.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	require.Equal(t, 1, b.vendor.times("/services/oauth2/revoke"))

	b.vendor.refuses = "/token"
	require.Equal(t, http.StatusServiceUnavailable, p.connect(b.link(t, c), "production"))
	require.Contains(t, p.page(), oauth.Explain(oauth.CodeUnavailable).Title)
}

// The answer is that of crm/salesforce.md §8.
//
// FEATURES: A05
func TestAccountWithoutAPIIsRefusedSayingWhatItTakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t)
	p := newPerson(t)
	b.vendor.refuses, b.vendor.status = "/query", http.StatusForbidden
	b.vendor.body = `[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]`

	require.Equal(t, http.StatusForbidden, p.connect(b.link(t, c), "production"))
	require.Contains(t, p.page(), "No access to Salesforce&#39;s API")
	require.Contains(t, p.page(), "Use an edition with API access, and sign in as an administrator")
	b.requireStillWaiting(t, c)
}

// sealed returns the grant of c as it is kept.
func (b *bundle) sealed(t *testing.T, c lockstep.Connection) []byte {
	t.Helper()
	sealed, err := b.store.Grant(t.Context(), c.WorkspaceID, c.ID)
	require.NoError(t, err)
	return sealed
}

func TestEveryProblemOfConnectingHasAKind(t *testing.T) {
	t.Parallel()
	for _, p := range oauth.Problems() {
		require.Contains(t, kinds, p.Code)
	}
	require.Len(t, problems(), len(kinds))
}
