package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"lockstep/internal/secret"
)

// Grant is what a person has granted: the tokens of one CRM account. Printed or
// logged, it shows no token; Encode is for sealing alone.
type Grant struct {
	AccessToken  secret.Text
	RefreshToken secret.Text // empty when the vendor's tokens never expire
	TokenType    string
	Scopes       []string // those granted, as far as the vendor says
	BaseURL      string   // of the account's API, checked; empty when the vendor has one for all
	IssuedAt     time.Time
	ExpiresAt    time.Time // zero when the vendor does not say
}

// wire is a Grant in the clear. Its JSON is what stands sealed in the database,
// so names are only ever added.
type wire struct {
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	TokenType    string    `json:"token_type,omitempty"`
	Scopes       []string  `json:"scopes,omitempty"`
	BaseURL      string    `json:"base_url,omitempty"`
	IssuedAt     time.Time `json:"issued_at,omitzero"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
}

// Encode returns g in the clear, to be sealed at once.
func (g Grant) Encode() ([]byte, error) {
	plain, err := json.Marshal(wire{
		AccessToken: g.AccessToken.Reveal(), RefreshToken: g.RefreshToken.Reveal(), TokenType: g.TokenType,
		Scopes: g.Scopes, BaseURL: g.BaseURL, IssuedAt: g.IssuedAt, ExpiresAt: g.ExpiresAt,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding grant: %w", err)
	}
	return plain, nil
}

// DecodeGrant returns the Grant that Encode has encoded.
func DecodeGrant(plain []byte) (Grant, error) {
	var w wire
	if err := json.Unmarshal(plain, &w); err != nil {
		return Grant{}, errors.New("decoding grant: not a grant") // the parser's error may quote it
	}
	return Grant{
		AccessToken: secret.NewText(w.AccessToken), RefreshToken: secret.NewText(w.RefreshToken), TokenType: w.TokenType,
		Scopes: w.Scopes, BaseURL: w.BaseURL, IssuedAt: w.IssuedAt, ExpiresAt: w.ExpiresAt,
	}, nil
}

// Lacks returns those of the wanted scopes that were not granted. A vendor that
// lists none has granted what was asked for (RFC 6749 §5.1), and Salesforce's
// full stands for all others (Salesforce Help, "OAuth Tokens and Scopes").
func (g Grant) Lacks(wanted []string) []string {
	if len(g.Scopes) == 0 || slices.Contains(g.Scopes, "full") {
		return nil
	}
	var missing []string
	for _, scope := range wanted {
		if !isLasting(scope) && !slices.Contains(g.Scopes, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}

// isLasting tells whether scope asks for a refresh token. That it was granted
// is seen by the token.
func isLasting(scope string) bool { return scope == "refresh_token" || scope == "offline_access" }

// expiring tells whether g is about to expire, so that it is renewed before a
// call meets a 401: a minute before its end, or in the last quarter of a
// shorter life.
func (g Grant) expiring(now time.Time) bool {
	if g.ExpiresAt.IsZero() {
		return false
	}
	margin := min(time.Minute, g.ExpiresAt.Sub(g.IssuedAt)/4)
	return !now.Before(g.ExpiresAt.Add(-margin))
}

// expired tells whether g is past its end.
func (g Grant) expired(now time.Time) bool {
	return !g.ExpiresAt.IsZero() && !now.Before(g.ExpiresAt)
}

// has tells whether token is g's access token. Nobody has the empty one.
func (g Grant) has(token string) bool {
	return token != "" && g.AccessToken.Reveal() == token
}

// same tells whether g and other hold the same tokens.
func (g Grant) same(other Grant) bool {
	return g.AccessToken.Reveal() == other.AccessToken.Reveal() && g.RefreshToken.Reveal() == other.RefreshToken.Reveal()
}
