package oauth

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/secret"
)

// callTimeout bounds one call to a token endpoint; answerBytes its answer.
const (
	callTimeout = 10 * time.Second
	answerBytes = 1 << 20
)

// Vendors is what it takes to speak with the vendors' OAuth endpoints. It is
// safe for concurrent use and must not be changed once it is used.
type Vendors struct {
	Factories map[crm.Vendor]adapter.Factory
	Apps      map[crm.Vendor]App
	Base      http.RoundTripper
}

// endpoint returns that of vendor, or an Error of CodeNotConfigured.
func (v *Vendors) endpoint(vendor crm.Vendor) (*endpoint, error) {
	factory, known := v.Factories[vendor]
	app, configured := v.Apps[vendor]
	if !known || !configured || app.ClientID == "" {
		return nil, &Error{Code: CodeNotConfigured, Vendor: vendor, Detail: clientSettings(vendor)}
	}
	return &endpoint{
		factory: factory,
		app:     app,
		config:  app.config(factory.OAuth),
		client:  adapter.Client(v.Base, adapter.Chain{Timeout: callTimeout, MaxBytes: answerBytes}),
	}, nil
}

// clientSettings names the settings that hold the app of vendor.
func clientSettings(vendor crm.Vendor) string {
	prefix := "LOCKSTEP_" + strings.ToUpper(string(vendor)) + "_CLIENT_"
	return prefix + "ID and " + prefix + "SECRET"
}

// endpoint is one vendor's, as one app sees it.
type endpoint struct {
	factory adapter.Factory
	app     App
	config  *oauth2.Config
	client  *http.Client // bounded, and follows no redirect
}

// exchange turns a code into a grant that is fit to be kept.
func (e *endpoint) exchange(ctx context.Context, code string, options ...oauth2.AuthCodeOption) (Grant, error) {
	issued := time.Now()
	token, err := e.config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, e.client), code, options...)
	if err != nil {
		return Grant{}, e.refusedExchange(ctx, err)
	}
	grant := granted(token, issued)
	grant.BaseURL = cmp.Or(grant.BaseURL, e.app.apiURL(e.factory.OAuth))
	if grant.BaseURL != "" && e.allowed(grant.BaseURL) != nil {
		return Grant{}, e.problem(CodeForeignHost)
	}
	lasting := !grant.ExpiresAt.IsZero() || slices.ContainsFunc(e.factory.OAuth.Scopes, isLasting)
	if grant.RefreshToken.Empty() && lasting {
		return Grant{}, e.problem(CodeRefreshTokenMissing)
	}
	if len(grant.Scopes) == 0 { // granted as asked (RFC 6749 §5.1)
		grant.Scopes = e.factory.OAuth.Scopes
	}
	if missing := grant.Lacks(e.factory.OAuth.Scopes); len(missing) > 0 {
		problem := e.problem(CodeScopeMissing)
		problem.Detail = strings.Join(missing, " ")
		return Grant{}, problem
	}
	return grant, nil
}

// refresh turns the refresh token of old into a newer grant. Its errors are of
// type crm.Error and quote nothing of the answer.
func (e *endpoint) refresh(ctx context.Context, old Grant) (Grant, error) {
	op := string(e.factory.Vendor) + ".refresh"
	if old.RefreshToken.Empty() {
		return Grant{}, &crm.Error{Kind: crm.KindUnauthorized, Reason: crm.ReasonGrant, Op: op, Code: "no_refresh_token"}
	}
	issued := time.Now()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, e.client)
	token, err := e.config.TokenSource(ctx, &oauth2.Token{RefreshToken: old.RefreshToken.Reveal()}).Token()
	if err != nil {
		return Grant{}, refusedRefresh(op, err)
	}
	grant := granted(token, issued)
	if grant.BaseURL == "" || e.allowed(grant.BaseURL) != nil {
		// The old refresh token may be dead by now, so the answer is kept, but
		// not the address in it.
		grant.BaseURL = old.BaseURL
	}
	if len(grant.Scopes) == 0 {
		grant.Scopes = old.Scopes
	}
	return grant, nil
}

// allowed returns nil when a secret may be sent to raw.
func (e *endpoint) allowed(raw string) error {
	return adapter.Allowed(raw, e.factory.Hosts, e.app.host())
}

// granted reads a token answer.
func granted(token *oauth2.Token, issued time.Time) Grant {
	expires := token.Expiry
	if token.ExpiresIn > 0 {
		expires = issued.Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	return Grant{
		AccessToken:  secret.NewText(token.AccessToken),
		RefreshToken: secret.NewText(token.RefreshToken),
		TokenType:    token.Type(),
		Scopes:       scopes(token),
		BaseURL:      baseURL(token),
		IssuedAt:     issued.UTC().Round(0),
		ExpiresAt:    expires.UTC().Round(0),
	}
}

// baseURL returns where the account's API is, as far as the answer says:
// instance_url in Salesforce (crm/salesforce.md §1), api_domain in Pipedrive and
// Zoho (crm/pipedrive.md §1, crm/zoho.md §1).
func baseURL(token *oauth2.Token) string {
	for _, name := range []string{"instance_url", "api_domain"} {
		if s, ok := token.Extra(name).(string); ok && s != "" {
			return strings.TrimRight(s, "/")
		}
	}
	return ""
}

// scopes returns what the answer says was granted: a list of words (RFC 6749
// §5.1), or HubSpot's array (crm/hubspot.md §1).
func scopes(token *oauth2.Token) []string {
	if s, ok := token.Extra("scope").(string); ok {
		return strings.Fields(s)
	}
	var names []string
	if list, ok := token.Extra("scopes").([]any); ok {
		for _, v := range list {
			if s, ok := v.(string); ok {
				names = append(names, s)
			}
		}
	}
	return names
}

func (e *endpoint) problem(code Code) *Error {
	return &Error{Code: code, Vendor: e.factory.Vendor}
}
