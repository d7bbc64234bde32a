package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/net/html"
	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/all"
	"lockstep/internal/stack"
)

// The sandbox's app (see internal/crmsim/cmd/crmsim). Nobody listens at the
// callback: the code is taken from the redirect to it.
const (
	appID     = "lockstep-sandbox"
	appSecret = "lockstep-sandbox-secret"
	callback  = "http://127.0.0.1:1/callback"
)

// account is an empty account in a sandbox of its own, with a login and the
// field of external ids: what a client's script finds in the morning.
type account struct {
	witness

	address string // of the API
	token   string
	sandbox *stack.Sandbox
}

// openAccount starts a sandbox on the task's terms. The caller closes the
// account.
func (b *bench) openAccount(ctx context.Context, t task) (_ *account, err error) {
	sandbox, err := stack.StartSandbox(ctx, t.sandbox(b, filepath.Join(b.dir, "crmsim.log")))
	if err != nil {
		return nil, err
	}
	a := &account{
		witness: witness{admin: sandbox.Admin, vendor: t.vendor},
		address: sandbox.Vendors[string(t.vendor)], sandbox: sandbox,
	}
	if a.token, err = a.signIn(ctx); err == nil {
		err = a.provision(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing an account: %w", err), a.close())
	}
	return a, nil
}

// close forgets the account and all that is in it.
func (a *account) close() error { return a.sandbox.Kill() }

// signIn returns an access token, with the scopes that Lockstep asks for.
func (a *account) signIn(ctx context.Context) (string, error) {
	how := all.Factories()[a.vendor].OAuth
	app := oauth2.Config{ClientID: appID, ClientSecret: appSecret, RedirectURL: callback, Scopes: how.Scopes, Endpoint: how.Endpoint}
	for _, at := range []*string{&app.Endpoint.AuthURL, &app.Endpoint.TokenURL} {
		u, err := url.Parse(*at)
		if err != nil {
			return "", err
		}
		*at = a.address + u.Path
	}
	code, err := a.consent(ctx, app.AuthCodeURL("state"), app.Endpoint.AuthURL)
	if err != nil {
		return "", err
	}
	token, err := app.Exchange(ctx, code)
	if err != nil {
		return "", fmt.Errorf("exchanging the code: %w", err)
	}
	return token.AccessToken, nil
}

// consent submits the page at link as a browser would, and returns the code that
// the application is given.
func (a *account) consent(ctx context.Context, link, action string) (string, error) {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := visit(ctx, browser, http.MethodGet, link, nil)
	if err != nil {
		return "", err
	}
	defer page.Body.Close()
	tree, err := html.Parse(page.Body)
	if err != nil {
		return "", fmt.Errorf("reading the consent page: %w", err)
	}
	form := url.Values{"approve": {"1"}}
	for node := range tree.Descendants() {
		if node.Data == "input" {
			var name, value string
			for _, attribute := range node.Attr {
				switch attribute.Key {
				case "name":
					name = attribute.Val
				case "value":
					value = attribute.Val
				}
			}
			form.Set(name, value)
		}
	}
	sent, err := visit(ctx, browser, http.MethodPost, action, form)
	if err != nil {
		return "", err
	}
	defer sent.Body.Close()
	back, err := sent.Location()
	if err != nil {
		return "", fmt.Errorf("giving consent: the sandbox answered %s", sent.Status)
	}
	return back.Query().Get("code"), nil
}

// visit asks for a page; the caller closes its body.
func visit(ctx context.Context, browser *http.Client, method, address string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return browser.Do(req)
}

// provision makes the field of external ids on contacts, as Lockstep does.
func (a *account) provision(ctx context.Context) error {
	factory := all.Factories()[a.vendor]
	conn, err := factory.Open(adapter.Deps{
		BaseURL: a.address, LoginURL: a.address,
		HTTP: adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: token(a.token)}),
		Log:  zap.NewNop(),
	})
	if err != nil {
		return err
	}
	schema, err := crm.As[crm.Schema](conn)
	if err != nil {
		return err
	}
	return schema.Provision(ctx, factory.Types[crm.Contact][0])
}

// token is a source that has one token.
type token string

// Token implements adapter.TokenSource.
func (t token) Token(context.Context, string) (string, error) { return string(t), nil }
