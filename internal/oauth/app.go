package oauth

import (
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"lockstep/internal/crm/adapter"
	"lockstep/internal/secret"
)

// App is Lockstep's registration with one vendor.
type App struct {
	ClientID     string
	ClientSecret secret.Text
	RedirectURL  string // as registered, letter for letter; not needed to refresh
	LoginURL     string // where people sign in, instead of the vendor's own: a sandbox or a domain
}

// config returns what x/oauth2 needs to know of a and a vendor.
func (a App) config(o adapter.OAuth) *oauth2.Config {
	endpoint := o.Endpoint
	endpoint.AuthURL = rebase(endpoint.AuthURL, a.LoginURL)
	endpoint.TokenURL = rebase(endpoint.TokenURL, a.LoginURL)
	if endpoint.AuthStyle == oauth2.AuthStyleAutoDetect {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // finding out means sending a code or a token twice
	}
	return &oauth2.Config{
		ClientID:     a.ClientID,
		ClientSecret: a.ClientSecret.Reveal(),
		RedirectURL:  a.RedirectURL,
		Endpoint:     endpoint,
		Scopes:       o.Scopes,
	}
}

// host returns the host, and port, that a person has configured, or "".
func (a App) host() string {
	u, err := url.Parse(a.LoginURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// apiURL returns where the API of every account is, for a vendor whose token
// answer does not say, or "". A sandbox has its API where people sign in.
func (a App) apiURL(o adapter.OAuth) string {
	if o.APIURL == "" {
		return ""
	}
	return strings.TrimRight(rebase(o.APIURL, a.LoginURL), "/")
}

// rebase returns raw as it is found below login, when there is a login.
func rebase(raw, login string) string {
	base, err := url.Parse(login)
	if err != nil || login == "" {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	moved := base.JoinPath(u.Path)
	moved.RawQuery = u.RawQuery
	return moved.String()
}
