package crmsim

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a token endpoint may have to refuse. A vendor has its own words for
// each.
var (
	ErrUnknownCode = errors.New("no such authorization code")
	ErrUsedCode    = errors.New("authorization code expired or used")
	ErrRedirect    = errors.New("redirect uri differs from the one authorized")
	ErrVerifier    = errors.New("code verifier does not fit the challenge")
	ErrDeadGrant   = errors.New("refresh token expired or revoked")
)

// codeLifetime is how long an authorization code can be exchanged.
const codeLifetime = 15 * time.Minute

// Client is the application that the vendor knows.
type Client struct {
	ID     string
	Secret string
	// RedirectURIs are the registered ones; none registered accepts any on the
	// loopback.
	RedirectURIs []string
	// Scopes are those that it may ask for; none registered are all that the
	// vendor has.
	Scopes []string
}

// MayAsk reports whether every scope of a request is one that the client may
// ask for, of those that the vendor has.
func (c Client) MayAsk(scope string, has []string) bool {
	if len(c.Scopes) > 0 {
		has = c.Scopes
	}
	for name := range strings.FieldsSeq(scope) {
		if !slices.Contains(has, name) {
			return false
		}
	}
	return true
}

// Accepts reports whether redirect is one of the client's.
func (c Client) Accepts(redirect string) bool {
	if len(c.RedirectURIs) > 0 {
		return slices.Contains(c.RedirectURIs, redirect)
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Approval is what a person agreed to on the consent page.
type Approval struct {
	Account   string
	User      string
	Scope     string
	Redirect  string
	Challenge string // PKCE S256, or empty
	// Offline asks for a refresh token.
	Offline bool
}

// Tokens are what one exchange or refresh hands out.
type Tokens struct {
	Approval
	Access   string
	Refresh  string // empty when there is none, or none new
	IssuedAt time.Time
	Lifetime time.Duration
}

// TokenKind tells the tokens apart that a vendor mints.
type TokenKind string

// The kinds of token.
const (
	TokenCode    TokenKind = "code"
	TokenAccess  TokenKind = "access"
	TokenRefresh TokenKind = "refresh"
)

// GrantTerms say how a vendor's tokens behave.
type GrantTerms struct {
	Lifetime time.Duration // of an access token
	Rotate   bool          // a refresh hands out a new refresh token and kills the old
	// Approvals is how many of a user's grants may live; one more kills the
	// oldest. 0 is any number.
	Approvals int
	// Mint returns a new token in the vendor's own form.
	Mint func(kind TokenKind, account string) string
}

// Grants are the OAuth codes and tokens a vendor has handed out. They are safe
// for concurrent use.
type Grants struct {
	terms GrantTerms
	now   func() time.Time

	mu      sync.Mutex
	codes   map[string]*code
	access  map[string]*session
	refresh map[string]*grant
	grants  []*grant // oldest first

	withheld []string // scopes that no grant has
}

type code struct {
	approval Approval
	expires  time.Time
	used     bool
}

type grant struct {
	approval Approval
	refresh  string
	dead     bool
}

type session struct {
	grant   *grant
	expires time.Time
}

// NewGrants returns an empty store on the given terms, by the given clock.
func NewGrants(terms GrantTerms, now func() time.Time) *Grants {
	return &Grants{
		terms:   terms,
		now:     now,
		codes:   make(map[string]*code),
		access:  make(map[string]*session),
		refresh: make(map[string]*grant),
	}
}

// Authorize returns a code for what was approved.
func (g *Grants) Authorize(a Approval) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.terms.Mint(TokenCode, a.Account)
	g.codes[c] = &code{approval: a, expires: g.now().Add(codeLifetime)}
	return c
}

// Exchange turns a code into tokens, once.
func (g *Grants) Exchange(value, redirect, verifier string) (Tokens, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.codes[value]
	switch {
	case !ok:
		return Tokens{}, ErrUnknownCode
	case c.used || !g.now().Before(c.expires):
		return Tokens{}, ErrUsedCode
	case c.approval.Redirect != redirect:
		return Tokens{}, ErrRedirect
	case c.approval.Challenge != "" && challenge(verifier) != c.approval.Challenge:
		return Tokens{}, ErrVerifier
	}
	c.used = true
	gr := &grant{approval: c.approval}
	g.grants = append(g.grants, gr)
	g.retire(gr)
	if gr.approval.Offline && !slices.Contains(g.withheld, "refresh_token") {
		g.renew(gr)
	}
	return g.issue(gr, gr.refresh), nil
}

// Refresh turns a refresh token into a new access token.
func (g *Grants) Refresh(token string) (Tokens, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gr, ok := g.refresh[token]
	if !ok || gr.dead || gr.refresh != token {
		return Tokens{}, ErrDeadGrant
	}
	if !g.terms.Rotate {
		return g.issue(gr, ""), nil
	}
	g.renew(gr)
	return g.issue(gr, gr.refresh), nil
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// retire kills the oldest grants of latest's user until no more than allowed
// are alive.
func (g *Grants) retire(latest *grant) {
	if g.terms.Approvals == 0 {
		return
	}
	alive := 0
	for _, gr := range slices.Backward(g.grants) {
		if gr.dead || gr.approval.Account != latest.approval.Account || gr.approval.User != latest.approval.User {
			continue
		}
		alive++
		gr.dead = alive > g.terms.Approvals
	}
}

func (g *Grants) renew(gr *grant) {
	delete(g.refresh, gr.refresh)
	gr.refresh = g.terms.Mint(TokenRefresh, gr.approval.Account)
	g.refresh[gr.refresh] = gr
}

func (g *Grants) issue(gr *grant, refresh string) Tokens {
	now := g.now()
	access := g.terms.Mint(TokenAccess, gr.approval.Account)
	g.access[access] = &session{grant: gr, expires: now.Add(g.terms.Lifetime)}
	return Tokens{
		Approval: g.granted(gr),
		Access:   access,
		Refresh:  refresh,
		IssuedAt: now,
		Lifetime: g.terms.Lifetime,
	}
}

// Session is what an access token stands for. Known without Live is a token
// that has expired or was revoked.
type Session struct {
	Approval
	Expires time.Time
	Known   bool
	Live    bool
}

// Session looks an access token up.
func (g *Grants) Session(access string) Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.access[access]
	if !ok {
		return Session{}
	}
	return Session{
		Approval: g.granted(s.grant),
		Expires:  s.expires,
		Known:    true,
		Live:     !s.grant.dead && g.now().Before(s.expires),
	}
}

// Expire kills one access token; its refresh token lives on.
func (g *Grants) Expire(access string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.access[access]; ok {
		s.expires = time.Time{}
	}
}

// ExpireAll kills every access token.
func (g *Grants) ExpireAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.access {
		s.expires = time.Time{}
	}
}

// Revoke kills the grant that token belongs to, access tokens included, and
// reports whether token was alive. Given an access token, only that one dies.
func (g *Grants) Revoke(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if gr, ok := g.refresh[token]; ok && !gr.dead {
		gr.dead = true
		return true
	}
	if s, ok := g.access[token]; ok && !s.grant.dead && g.now().Before(s.expires) {
		s.expires = time.Time{}
		return true
	}
	return false
}

// Forget kills a refresh token alone: what was issued for it lives until it
// expires. It reports whether the token was alive.
func (g *Grants) Forget(refresh string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	gr, ok := g.refresh[refresh]
	delete(g.refresh, refresh)
	return ok && !gr.dead
}

// Approval returns what the live grant of a refresh token was given for.
func (g *Grants) Approval(refresh string) (Approval, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gr, ok := g.refresh[refresh]
	if !ok || gr.dead {
		return Approval{}, false
	}
	return g.granted(gr), true
}

// Withhold keeps scopes back until the next call: grants are made without them,
// and those there are lose them at once, as if the application had been given
// fewer when it was let in.
func (g *Grants) Withhold(scopes []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.withheld = slices.Clone(scopes)
}

// granted returns what a grant amounts to.
func (g *Grants) granted(gr *grant) Approval {
	a := gr.approval
	if len(g.withheld) > 0 {
		left := slices.DeleteFunc(strings.Fields(a.Scope), func(scope string) bool { return slices.Contains(g.withheld, scope) })
		a.Scope = strings.Join(left, " ")
	}
	return a
}

// RevokeAll kills every grant.
func (g *Grants) RevokeAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, gr := range g.grants {
		gr.dead = true
	}
}
