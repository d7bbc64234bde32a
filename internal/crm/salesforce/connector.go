// Package salesforce is the adapter to Salesforce's REST API. It makes HTTP
// calls and says what their answers mean, in the words of package crm; it knows
// no tenant, no ledger and no workflow, keeps no state, and never repeats a
// call. Facts about the vendor cite ../shared/crm/salesforce.md by section, or
// a recording below ../shared/specs/salesforce.
package salesforce

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// externalIDField is the field that Lockstep provisions on every type.
const externalIDField = "Lockstep_External_Id__c"

// The vendor's bounds on one call.
const (
	writeBatch = 200 // records of a collections call (crm/salesforce.md §3)
	findBatch  = 200
	listPage   = 2000 // rows of a page of a query (§4)
)

// Factory describes Salesforce.
func Factory() adapter.Factory {
	const login = "https://login.salesforce.com"
	return adapter.Factory{
		Vendor: crm.Salesforce,
		Label:  "Salesforce",
		Types: map[crm.Object][]string{
			crm.Contact: {"Contact", "Lead"},
			crm.Company: {"Account"},
			crm.Deal:    {"Opportunity"},
		},
		ExternalIDField: externalIDField,
		OwnerField:      "OwnerId", // §5
		OAuth: adapter.OAuth{
			Endpoint: oauth2.Endpoint{
				AuthURL:   login + "/services/oauth2/authorize",
				TokenURL:  login + "/services/oauth2/token",
				AuthStyle: oauth2.AuthStyleInParams,
			},
			RevokeURL: login + revokePath,
			Scopes:    []string{"api", "refresh_token", "id"}, // id for userinfo (§1)
			PKCE:      true,
		},
		Limits: crm.Limits{
			WriteBatch: writeBatch,
			FindBatch:  findBatch,
			ListPage:   listPage,
			// Of the 25 long calls an org may have in flight (§7), most are left
			// to its other apps.
			Concurrency: 10,
			// Reads see what is committed and writes are keyed, so this only
			// spares a call that is still running on the vendor's side.
			QuietPeriod: 5 * time.Second,
		},
		Usage: usage,
		// No limit on the moment: only the day's, which depends on edition and
		// licences (§7), and on calls of 20 s and more.
		//
		// The day is a rolling window: "older calls drop out of the 24-hour window,
		// allowing more calls" (help.salesforce.com, 002888831). They are seen to
		// drop out at full, half and quarter hours (UNV).
		Renewal: 15 * time.Minute,
		// An instance_url is always a My Domain or an instance below these two
		// (§1); the second is the government's cloud. Below .force.com there are
		// pages of customers' own making, which get no token.
		Hosts: []string{".salesforce.com", ".salesforce.mil"},
		Open:  open,
	}
}

// usage reads the header that every answer of the data API carries, such as
// "api-usage=4177/15000" (§7, wire-recordings-grouparoo.json).
func usage(h http.Header) []adapter.Usage {
	for part := range strings.SplitSeq(h.Get("Sforce-Limit-Info"), ";") {
		count, ok := strings.CutPrefix(strings.TrimSpace(part), "api-usage=")
		if !ok {
			continue
		}
		before, after, _ := strings.Cut(count, "/")
		used, err := strconv.Atoi(before)
		if err != nil {
			continue
		}
		limit, err := strconv.Atoi(after)
		if err != nil {
			continue
		}
		return []adapter.Usage{{Window: 24 * time.Hour, Used: used, Limit: limit}}
	}
	return nil
}

// Connector is a connection to one Salesforce org.
type Connector struct {
	client client
	login  string
	userID string
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
		return nil, &crm.Error{Kind: crm.KindInternal, Op: "salesforce.open", Err: errors.New("no base URL or client")}
	}
	return &Connector{
		client: client{base: d.BaseURL, http: d.HTTP},
		login:  d.LoginURL,
		userID: d.UserID,
	}, nil
}

// Vendor implements crm.Connector.
func (c *Connector) Vendor() crm.Vendor { return crm.Salesforce }

// Check implements crm.Connector. It asks the data API, which answers a dead
// token with 401; userinfo would answer 403, also to one that has only expired.
func (c *Connector) Check(ctx context.Context) error {
	_, err := query[organization](ctx, c.client, "salesforce.check", "SELECT Id FROM Organization")
	return err
}

// Identify implements crm.Connector.
func (c *Connector) Identify(ctx context.Context) (crm.Account, error) {
	const op = "salesforce.identify"
	// First, because a token that has expired is replaced on the data API's 401.
	orgs, err := query[organization](ctx, c.client, op, "SELECT Id, Name, OrganizationType, IsSandbox FROM Organization")
	if err != nil {
		return crm.Account{}, err
	}
	if len(orgs) != 1 {
		return crm.Account{}, unreadable(op, crm.KindUnavailable, errors.New("not one organization"))
	}
	user, err := c.user(ctx, op)
	if err != nil {
		return crm.Account{}, err
	}
	return orgs[0].account(user), nil
}

// user returns the id of the user who authorised the connection.
func (c *Connector) user(ctx context.Context, op string) (string, error) {
	if c.userID != "" {
		return c.userID, nil
	}
	var info userInfo
	if err := c.client.get(ctx, op, "/services/oauth2/userinfo", &info); err != nil {
		return "", err
	}
	return info.UserID, nil
}

// RecordURL implements crm.Connector with the explicit Lightning form (§9).
func (c *Connector) RecordURL(typ, id string) string {
	return c.client.base + "/lightning/r/" + url.PathEscape(typ) + "/" + url.PathEscape(id) + "/view"
}

// Owners implements crm.Directory. People of partners, guests and robots are
// users too, but own no records.
func (c *Connector) Owners(ctx context.Context) ([]crm.Owner, error) {
	users, err := query[user](ctx, c.client, "salesforce.owners", "SELECT Id, Name, Email, IsActive, UserType FROM User WHERE IsActive = true")
	if err != nil {
		return nil, err
	}
	owners := make([]crm.Owner, 0, len(users))
	for _, u := range users {
		if u.UserType == "Standard" {
			owners = append(owners, crm.Owner{ID: u.ID, Name: u.Name, Email: u.Email, Active: u.IsActive})
		}
	}
	return owners, nil
}

const revokePath = "/services/oauth2/revoke"

// Revoke implements crm.Revoker. It carries no access token, which would have
// to be alive for a dead one to be withdrawn.
func (c *Connector) Revoke(ctx context.Context, refreshToken string) error {
	_, err := c.client.do(adapter.WithoutToken(ctx), call{
		op:     "salesforce.revoke",
		method: http.MethodPost,
		url:    c.login + revokePath,
		body:   []byte(url.Values{"token": {refreshToken}}.Encode()),
		kind:   "application/x-www-form-urlencoded",
	})
	// A token that is dead already is answered so (§1).
	if e, ok := errors.AsType[*crm.Error](err); ok && e.Code == "invalid_token" {
		return nil
	}
	return err
}
