package conformance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

// oneGrant keeps one grant, in the place of the database.
type oneGrant struct{ current oauth.Grant }

// Update implements oauth.Grants. Nobody else asks for the grant meanwhile.
func (g *oneGrant) Update(_ context.Context, _, _ uuid.UUID, next func(oauth.Grant) (oauth.Grant, error)) error {
	renewed, err := next(g.current)
	if err == nil {
		g.current = renewed
	}
	return err
}

// renew asks the token endpoint for another access token, as package oauth does
// when one was refused. It answers the new token.
func renew() question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		clients := oauth.Clients{
			Vendors: &oauth.Vendors{
				Factories: map[crm.Vendor]adapter.Factory{s.vendor: s.factory},
				Apps: map[crm.Vendor]oauth.App{s.vendor: {
					ClientID: clientID, ClientSecret: secret.NewText(clientSecret), RedirectURL: callback, LoginURL: s.url,
				}},
				Base: s.sent,
			},
			Grants: &oneGrant{current: oauth.Grant{
				AccessToken: secret.NewText(s.grant.Access), RefreshToken: secret.NewText(s.grant.Refresh), BaseURL: s.url, IssuedAt: time.Now(),
			}},
		}
		return clients.For(s.vendor, uuid.New(), uuid.New()).Token(ctx, s.grant.Access)
	}
}
