// Package hubspot is the adapter to HubSpot's CRM API. It makes HTTP calls and
// says what their answers mean, in the words of package crm; it knows no tenant,
// no ledger and no workflow, keeps no state, and never repeats a call. Facts
// about the vendor cite ../shared/crm/hubspot.md by section, a page of
// developers.hubspot.com by its title, or a recording below
// ../shared/specs/hubspot.
package hubspot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// externalIDField is the property that Lockstep provisions on every type.
const externalIDField = "lockstep_external_id"

// The vendor's bounds on one call (crm/hubspot.md §3, §4).
const (
	writeBatch = 100
	findBatch  = 100
	listPage   = 100
)

// The hosts of every account, wherever its data is kept (§1).
const (
	apiURL = "https://api.hubapi.com"
	appURL = "https://app.hubspot.com"
)

// Factory describes HubSpot.
func Factory() adapter.Factory {
	return adapter.Factory{
		Vendor: crm.HubSpot,
		Label:  "HubSpot",
		Types: map[crm.Object][]string{
			crm.Contact: {contacts},
			crm.Company: {companies},
			crm.Deal:    {deals},
		},
		ExternalIDField: externalIDField,
		OwnerField:      "hubspot_owner_id", // an owner's id, not a user's (§5)
		OAuth: adapter.OAuth{
			Endpoint: oauth2.Endpoint{
				AuthURL:   appURL + "/oauth/authorize",
				TokenURL:  apiURL + tokenPath,
				AuthStyle: oauth2.AuthStyleInParams, // no Basic (§1)
			},
			RevokeURL: apiURL + revokePath,
			APIURL:    apiURL,
			// What is sent today and no more; the schema scopes are to provision, and to
			// see what there is to map to.
			Scopes: []string{
				"oauth", "crm.objects.owners.read",
				"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read", "crm.schemas.contacts.write",
			},
			// A code_verifier is accepted, but nowhere documented (§1).
			PKCE: false,
		},
		Limits: crm.Limits{
			WriteBatch:  writeBatch,
			FindBatch:   findBatch,
			ListPage:    listPage,
			Concurrency: 10,
			// Look-ups read the records and not the search index, which lags by
			// seconds (§4). This gives a call that is still running on the vendor's
			// side as long.
			QuietPeriod: 10 * time.Second,
		},
		Usage: usage,
		// An app that was let in by OAuth has 110 calls in 10 s for each account,
		// whatever the account's tier (§7).
		Windows: []adapter.Usage{{Window: 10 * time.Second, Limit: 110}},
		// "The daily limits reset at midnight based on the time zone setting of the
		// HubSpot account" (developers.hubspot.com/apisbytier). Lockstep does not
		// keep the zone; but midnight anywhere is a full quarter of an hour.
		Renewal: 15 * time.Minute,
		Hosts:   []string{".hubapi.com", ".hubspot.com"},
		Open:    open,
	}
}

// usage reads the headers that answers carry, but for those of a search: the
// calls left of the moment and, where an account has such a limit, of the day
// (§7, wire-recordings-grouparoo.json).
func usage(h http.Header) []adapter.Usage {
	const prefix = "X-HubSpot-RateLimit-"
	var all []adapter.Usage
	add := func(window time.Duration, limit, left string) {
		most, err := strconv.Atoi(h.Get(prefix + limit))
		if err != nil || window <= 0 {
			return
		}
		remaining, err := strconv.Atoi(h.Get(prefix + left))
		if err != nil {
			return
		}
		all = append(all, adapter.Usage{Window: window, Used: most - remaining, Limit: most})
	}
	interval, err := strconv.Atoi(h.Get(prefix + "Interval-Milliseconds"))
	if err == nil {
		add(time.Duration(interval)*time.Millisecond, "Max", "Remaining")
	}
	add(24*time.Hour, "Daily", "Daily-Remaining")
	return all
}

// Connector is a connection to one HubSpot account.
type Connector struct {
	client    client
	login     string
	app       adapter.Registration
	accountID string
	userID    string
}

var (
	_ crm.Writer    = (*Connector)(nil)
	_ crm.Finder    = (*Connector)(nil)
	_ crm.Schema    = (*Connector)(nil)
	_ crm.Directory = (*Connector)(nil)
	_ crm.Revoker   = (*Connector)(nil)
)

func open(d adapter.Deps) (crm.Connector, error) {
	if d.BaseURL == "" || d.HTTP == nil {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: "hubspot.open", Err: errors.New("no base URL or client")}
	}
	return &Connector{
		client:    client{base: d.BaseURL, http: d.HTTP},
		login:     d.LoginURL,
		app:       d.Client,
		accountID: d.AccountID,
		userID:    d.UserID,
	}, nil
}

// Vendor implements crm.Connector.
func (c *Connector) Vendor() crm.Vendor { return crm.HubSpot }

// Check implements crm.Connector.
func (c *Connector) Check(ctx context.Context) error {
	_, err := c.account(ctx, "hubspot.check")
	return err
}

// Identify implements crm.Connector. The vendor tells an app which account its
// token is for, but not in these answers which user.
func (c *Connector) Identify(ctx context.Context) (crm.Account, error) {
	const op = "hubspot.identify"
	a, err := c.account(ctx, op)
	if err != nil {
		return crm.Account{}, err
	}
	if a.PortalID == 0 {
		return crm.Account{}, unreadable(op, crm.KindUnavailable, errors.New("no account"))
	}
	return a.account(c.userID), nil
}

func (c *Connector) account(ctx context.Context, op string) (account, error) {
	var a account
	err := c.client.get(ctx, op, accountPath, &a)
	return a, err
}

// RecordURL implements crm.Connector (§9). The page is the same under the
// domain of an account's own region, to which this one leads.
func (c *Connector) RecordURL(typ, id string) string {
	site := appURL
	if c.client.base != apiURL {
		site = c.client.base // a sandbox is one host
	}
	return site + "/contacts/" + url.PathEscape(c.accountID) + "/record/" + url.PathEscape(objectTypeID(typ)) + "/" + url.PathEscape(id)
}

// Owners implements crm.Directory. What a record is assigned by is the owner's
// id, not the user's (§5); a queue owns no records.
func (c *Connector) Owners(ctx context.Context) ([]crm.Owner, error) {
	var owners []crm.Owner
	for after := ""; ; {
		var p page[owner]
		if err := c.client.get(ctx, "hubspot.owners", ownersPath+pageQuery(after), &p); err != nil {
			return nil, err
		}
		for _, o := range p.Results {
			if o.Type != "QUEUE" {
				owners = append(owners, o.owner())
			}
		}
		if after = p.Paging.Next.After; after == "" {
			return owners, nil
		}
	}
}

// Revoke implements crm.Revoker. The vendor withdraws the refresh token alone:
// an access token that was issued on it lives out its half hour (§1).
func (c *Connector) Revoke(ctx context.Context, refreshToken string) error {
	form := url.Values{"token": {refreshToken}, "token_type_hint": {"refresh_token"}}
	if c.app.ID != "" {
		form.Set("client_id", c.app.ID)
		form.Set("client_secret", c.app.Secret)
	}
	_, err := c.client.do(adapter.WithoutToken(ctx), call{
		op:     "hubspot.revoke",
		method: http.MethodPost,
		url:    c.login + revokePath,
		body:   []byte(form.Encode()),
		kind:   "application/x-www-form-urlencoded",
	})
	// A token that is dead already is answered so (§1).
	if e, ok := errors.AsType[*crm.Error](err); ok && e.Code == "invalid_grant" {
		return nil
	}
	return err
}
