package crmsim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
)

const redirect = "http://127.0.0.1/cb"

// newGrants returns grants that live an hour and rotate, and their clock.
func newGrants(terms crmsim.GrantTerms) (*crmsim.Grants, *clock) {
	clk, minted := newClock(), 0
	terms.Lifetime = time.Hour
	terms.Mint = func(kind crmsim.TokenKind, account string) string {
		minted++
		return string(kind) + "-" + account + "-" + strconv.Itoa(minted)
	}
	return crmsim.NewGrants(terms, clk.now), clk
}

func approval() crmsim.Approval {
	return crmsim.Approval{Account: "org", User: "ada", Scope: "api", Redirect: redirect, Offline: true}
}

func granted(t *testing.T, g *crmsim.Grants) crmsim.Tokens {
	t.Helper()
	tokens, err := g.Exchange(g.Authorize(approval()), redirect, "")
	require.NoError(t, err)
	return tokens
}

func TestACodeIsGoodOnceAndForItsRedirect(t *testing.T) {
	t.Parallel()

	g, clk := newGrants(crmsim.GrantTerms{})
	code := g.Authorize(approval())
	_, err := g.Exchange(code, "http://127.0.0.1/other", "")
	require.ErrorIs(t, err, crmsim.ErrRedirect)
	_, err = g.Exchange(code, redirect, "")
	require.NoError(t, err)
	_, err = g.Exchange(code, redirect, "")
	require.ErrorIs(t, err, crmsim.ErrUsedCode)
	_, err = g.Exchange("nonsense", redirect, "")
	require.ErrorIs(t, err, crmsim.ErrUnknownCode)

	late := g.Authorize(approval())
	clk.pass(16 * time.Minute)
	_, err = g.Exchange(late, redirect, "")
	require.ErrorIs(t, err, crmsim.ErrUsedCode)
}

func TestAChallengeNeedsItsVerifier(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{})
	sum := sha256.Sum256([]byte("verifier"))
	a := approval()
	a.Challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	code := g.Authorize(a)
	_, err := g.Exchange(code, redirect, "")
	require.ErrorIs(t, err, crmsim.ErrVerifier)
	_, err = g.Exchange(code, redirect, "guess")
	require.ErrorIs(t, err, crmsim.ErrVerifier)
	_, err = g.Exchange(code, redirect, "verifier")
	require.NoError(t, err)
}

func TestRotationKillsTheOldRefreshToken(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{Rotate: true})
	first := granted(t, g)
	second, err := g.Refresh(first.Refresh)
	require.NoError(t, err)
	require.NotEmpty(t, second.Refresh)
	_, err = g.Refresh(first.Refresh)
	require.ErrorIs(t, err, crmsim.ErrDeadGrant)
	_, err = g.Refresh(second.Refresh)
	require.NoError(t, err)
	require.True(t, g.Session(first.Access).Live, "access tokens outlive a refresh")
}

func TestWithoutRotationTheRefreshTokenStays(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{})
	first := granted(t, g)
	second, err := g.Refresh(first.Refresh)
	require.NoError(t, err)
	require.Empty(t, second.Refresh)
	_, err = g.Refresh(first.Refresh)
	require.NoError(t, err)
}

func TestSessionsEndInTimeOrOnOrder(t *testing.T) {
	t.Parallel()

	g, clk := newGrants(crmsim.GrantTerms{})
	first := granted(t, g)
	require.True(t, g.Session(first.Access).Live)
	g.Expire(first.Access)
	require.False(t, g.Session(first.Access).Live)
	require.True(t, g.Session(first.Access).Known)

	second, err := g.Refresh(first.Refresh)
	require.NoError(t, err)
	clk.pass(time.Hour)
	require.False(t, g.Session(second.Access).Live)

	third, err := g.Refresh(first.Refresh)
	require.NoError(t, err)
	g.ExpireAll()
	require.False(t, g.Session(third.Access).Live)

	fourth, err := g.Refresh(first.Refresh)
	require.NoError(t, err)
	g.RevokeAll()
	require.False(t, g.Session(fourth.Access).Live)
	_, err = g.Refresh(first.Refresh)
	require.ErrorIs(t, err, crmsim.ErrDeadGrant)
}

func TestRevokingTheRefreshTokenKillsItsAccessTokens(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{})
	tokens := granted(t, g)
	require.True(t, g.Revoke(tokens.Refresh))
	require.False(t, g.Session(tokens.Access).Live)
	require.False(t, g.Revoke(tokens.Refresh))

	other := granted(t, g)
	require.True(t, g.Revoke(other.Access))
	require.False(t, g.Session(other.Access).Live)
	_, err := g.Refresh(other.Refresh)
	require.NoError(t, err, "an access token revoked leaves the grant alive")
}

func TestAForgottenRefreshTokenLeavesItsAccessTokens(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{})
	tokens := granted(t, g)
	known, ok := g.Approval(tokens.Refresh)
	require.True(t, ok)
	require.Equal(t, approval(), known)
	require.True(t, g.Forget(tokens.Refresh))
	require.True(t, g.Session(tokens.Access).Live)
	_, err := g.Refresh(tokens.Refresh)
	require.ErrorIs(t, err, crmsim.ErrDeadGrant)
	_, ok = g.Approval(tokens.Refresh)
	require.False(t, ok)
	require.False(t, g.Forget(tokens.Refresh))

	dead := granted(t, g)
	g.RevokeAll()
	_, ok = g.Approval(dead.Refresh)
	require.False(t, ok)
	require.False(t, g.Forget(dead.Refresh))
}

func TestOneApprovalTooManyKillsTheOldest(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{Approvals: 4})
	all := make([]crmsim.Tokens, 5)
	for i := range all {
		all[i] = granted(t, g)
	}
	_, err := g.Refresh(all[0].Refresh)
	require.ErrorIs(t, err, crmsim.ErrDeadGrant)
	for _, tokens := range all[1:] {
		_, err := g.Refresh(tokens.Refresh)
		require.NoError(t, err)
	}
}

func TestClientAcceptsItsRedirects(t *testing.T) {
	t.Parallel()

	registered := crmsim.Client{RedirectURIs: []string{redirect}}
	require.True(t, registered.Accepts(redirect))
	require.False(t, registered.Accepts(redirect+"/"))

	var loopback crmsim.Client
	for uri, want := range map[string]bool{
		"http://127.0.0.1:8080/cb": true, "http://localhost/cb": true, "http://[::1]:1/": true,
		"https://evil.example/127.0.0.1": false, "http://10.0.0.1/cb": false, "": false, "/cb": false,
	} {
		require.Equal(t, want, loopback.Accepts(uri), uri)
	}
}

func TestWithheldScopesAreLostAndGrantedToNobody(t *testing.T) {
	t.Parallel()

	g, _ := newGrants(crmsim.GrantTerms{})
	a := approval()
	a.Scope = "api id refresh_token"
	code := func() string { return g.Authorize(a) }
	first, err := g.Exchange(code(), redirect, "")
	require.NoError(t, err)

	g.Withhold([]string{"id"})
	require.Equal(t, "api refresh_token", g.Session(first.Access).Scope)
	again, err := g.Refresh(first.Refresh)
	require.NoError(t, err)
	require.Equal(t, "api refresh_token", again.Scope)
	held, alive := g.Approval(first.Refresh)
	require.True(t, alive)
	require.Equal(t, "api refresh_token", held.Scope)

	g.Withhold([]string{"refresh_token"})
	second, err := g.Exchange(code(), redirect, "")
	require.NoError(t, err)
	require.Equal(t, "api id", second.Scope)
	require.Empty(t, second.Refresh)

	g.Withhold(nil)
	require.Equal(t, "api id refresh_token", g.Session(first.Access).Scope)
}

func TestClientAsksForWhatItIsRegisteredWith(t *testing.T) {
	t.Parallel()

	vendors := []string{"api", "id"}
	require.True(t, crmsim.Client{}.MayAsk("id api", vendors))
	require.False(t, crmsim.Client{}.MayAsk("api everything", vendors))
	require.True(t, crmsim.Client{Scopes: []string{"id"}}.MayAsk("id", vendors))
	require.False(t, crmsim.Client{Scopes: []string{"id"}}.MayAsk("id api", vendors))
}
