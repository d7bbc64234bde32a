package salesforce

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lockstep/internal/crmsim"
)

// scopes are those that the connected app has (crm/salesforce.md §1, and the
// usual rest).
func scopes() []string {
	return []string{"api", "refresh_token", "offline_access", "id", "openid", "profile", "email", "full", "web"}
}

func (s *Sim) routeOpen() {
	s.open = http.NewServeMux()
	s.open.HandleFunc("GET /services/oauth2/authorize", s.authorize)
	s.open.HandleFunc("POST /services/oauth2/authorize", s.authorize)
	s.open.HandleFunc("POST /services/oauth2/token", s.token)
	s.open.HandleFunc("GET /services/oauth2/revoke", s.revoke)
	s.open.HandleFunc("POST /services/oauth2/revoke", s.revoke)
	s.open.HandleFunc("POST /services/oauth2/introspect", s.introspect)
	s.open.HandleFunc("GET /services/oauth2/userinfo", s.userinfo)
	s.open.HandleFunc("POST /services/oauth2/userinfo", s.userinfo)
	s.open.HandleFunc("GET /id/{org}/{user}", s.identity)
	s.open.HandleFunc("GET /services/data", versions)
	s.open.HandleFunc("GET /services/data/{$}", versions)
}

// versions lists API versions (restforce-fixtures/services_data_success_response.json).
func versions(w http.ResponseWriter, _ *http.Request) {
	type version struct {
		Label   string `json:"label"`
		URL     string `json:"url"`
		Version string `json:"version"`
	}
	seasons := []string{"Spring", "Summer", "Winter"}
	var all []version
	// v58.0 is Summer '23; three releases a year.
	for n := 58; n <= 66; n++ {
		since := n - 58 + 1
		year := 23 + since/3
		if since%3 == 2 {
			year++
		}
		number := strconv.Itoa(n) + ".0"
		all = append(all, version{
			Label: seasons[since%3] + " '" + strconv.Itoa(year), URL: "/services/data/v" + number, Version: number,
		})
	}
	crmsim.Reply(w, http.StatusOK, all)
}

// authorize shows the consent page, and takes its form.
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	q := r.Form
	redirect := q.Get("redirect_uri")
	switch {
	case q.Get("client_id") != s.client.ID:
		refusePage(w, "invalid_client_id", "client identifier invalid")
	case !s.client.Accepts(redirect):
		refusePage(w, "redirect_uri_mismatch", "redirect_uri must match configuration")
	case q.Get("response_type") != "code":
		back(w, r, redirect, url.Values{"error": {"unsupported_response_type"}, "error_description": {"response type not supported"}})
	case !s.client.MayAsk(q.Get("scope"), scopes()):
		back(w, r, redirect, url.Values{"error": {"invalid_scope"}, "error_description": {"the requested scope is not allowed"}})
	case r.Method == http.MethodPost && q.Get("deny") != "":
		back(w, r, redirect, url.Values{"error": {"access_denied"}, "error_description": {"end-user denied authorization"}})
	case r.Method == http.MethodPost && q.Get("approve") != "":
		back(w, r, redirect, url.Values{"code": {s.approve(q)}})
	default:
		s.askConsent(w, q)
	}
}

// refusePage tells the person, not the application, what is wrong: the
// redirect cannot be trusted.
func refusePage(w http.ResponseWriter, code, description string) {
	http.Error(w, "error="+code+"&error_description="+description, http.StatusBadRequest)
}

// back sends the browser back to the application.
func back(w http.ResponseWriter, r *http.Request, redirect string, values url.Values) {
	if state := r.Form.Get("state"); state != "" {
		values.Set("state", state)
	}
	glue := "?"
	if strings.Contains(redirect, "?") {
		glue = "&"
	}
	w.Header().Set("Location", redirect+glue+values.Encode())
	w.WriteHeader(http.StatusFound)
}

// granted returns the scopes that a request amounts to: all of the app's when
// none are named.
func granted(scope string) string {
	if scope == "" {
		return "refresh_token api id"
	}
	return scope
}

func (s *Sim) approve(q url.Values) string {
	o := s.chosen(q.Get("org"))
	asked := strings.Fields(granted(q.Get("scope")))
	challenge := ""
	if q.Get("code_challenge_method") == "S256" || q.Get("code_challenge_method") == "" {
		challenge = q.Get("code_challenge")
	}
	return s.grants.Authorize(crmsim.Approval{
		Account: o.id, User: o.user, Scope: strings.Join(asked, " "), Redirect: q.Get("redirect_uri"), Challenge: challenge,
		Offline: slices.Contains(asked, "refresh_token") || slices.Contains(asked, "offline_access"),
	})
}

// chosen returns the org that is picked by id, or by "production" or
// "sandbox"; the default one otherwise.
func (s *Sim) chosen(pick string) *org {
	for _, o := range s.orgs {
		if pick == o.id || pick == o.id[:shortID] || pick == "sandbox" && o.sandbox {
			return o
		}
	}
	return s.orgs[0]
}

func (s *Sim) askConsent(w http.ResponseWriter, q url.Values) {
	page := crmsim.Consent{
		Vendor: "Salesforce", App: q.Get("client_id"), Action: "/services/oauth2/authorize",
		Scopes: strings.Fields(granted(q.Get("scope"))), Account: "org",
	}
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"} {
		if q.Has(name) {
			page.Hidden = append(page.Hidden, crmsim.Hidden{Name: name, Value: q.Get(name)})
		}
	}
	for _, o := range s.orgs {
		page.Accounts = append(page.Accounts, crmsim.Choice{ID: o.id, Label: o.name, Chosen: o == s.chosen(q.Get("org"))})
	}
	if page.Write(w) != nil {
		http.Error(w, "cannot show the page", http.StatusInternalServerError)
	}
}

// token exchanges codes and refreshes.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		oauthError(w, "invalid_request", "malformed form")
		return
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	switch {
	case id != s.client.ID:
		oauthError(w, "invalid_client_id", "client identifier invalid")
		return
	case secret != s.client.Secret:
		oauthError(w, "invalid_client", "invalid client credentials")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		tokens, err := s.grants.Exchange(r.PostForm.Get("code"), r.PostForm.Get("redirect_uri"), r.PostForm.Get("code_verifier"))
		s.handOut(w, r, tokens, err)
	case "refresh_token":
		s.rig.Refresh(w, tokenDialect{}, func(w http.ResponseWriter) {
			tokens, err := s.grants.Refresh(r.PostForm.Get("refresh_token"))
			s.handOut(w, r, tokens, err)
		})
	default:
		oauthError(w, "unsupported_grant_type", "grant type not supported")
	}
}

// handOut answers with the tokens, or with why there are none.
func (s *Sim) handOut(w http.ResponseWriter, r *http.Request, tokens crmsim.Tokens, err error) {
	if err != nil {
		refuseGrant(w, err)
		return
	}
	crmsim.Reply(w, http.StatusOK, s.tokenAnswer(r, tokens))
}

// refuseGrant puts an error of the grants into Salesforce's words; the one for
// a dead refresh token is restforce-fixtures/refresh_error_response.json.
func refuseGrant(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, crmsim.ErrDeadGrant):
		oauthError(w, "invalid_grant", "expired access/refresh token")
	case errors.Is(err, crmsim.ErrUsedCode):
		oauthError(w, "invalid_grant", "expired authorization code")
	case errors.Is(err, crmsim.ErrRedirect):
		oauthError(w, "redirect_uri_mismatch", "redirect_uri must match configuration")
	case errors.Is(err, crmsim.ErrVerifier):
		oauthError(w, "invalid_grant", "invalid code verifier")
	default:
		oauthError(w, "invalid_grant", "invalid authorization code")
	}
}

func oauthError(w http.ResponseWriter, code, description string) {
	crmsim.Reply(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": description})
}

// tokenAnswer has no expires_in: how long a session lives is the org's policy
// (crm/salesforce.md §1).
func (s *Sim) tokenAnswer(r *http.Request, t crmsim.Tokens) map[string]string {
	id := base(r) + "/id/" + t.Account + "/" + t.User
	issued := strconv.FormatInt(t.IssuedAt.UnixMilli(), 10)
	sum := sha256.Sum256([]byte(id + issued))
	answer := map[string]string{
		"access_token": t.Access, "instance_url": base(r), "id": id, "issued_at": issued,
		"signature": base64.StdEncoding.EncodeToString(sum[:]), "scope": t.Scope, "token_type": "Bearer",
	}
	if t.Refresh != "" {
		answer["refresh_token"] = t.Refresh
	}
	return answer
}

func base(r *http.Request) string { return "http://" + r.Host }

// revoke answers 200 and nothing, or 400 (crm/salesforce.md §1).
func (s *Sim) revoke(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || !s.grants.Revoke(r.Form.Get("token")) {
		oauthError(w, "invalid_token", "invalid token")
		return
	}
	w.WriteHeader(http.StatusOK)
}

// introspect answers as RFC 7662 says; only the endpoint's address is
// recorded.
func (s *Sim) introspect(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		oauthError(w, "invalid_request", "malformed form")
		return
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	if id != s.client.ID || secret != s.client.Secret {
		crmsim.Reply(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "invalid client credentials"})
		return
	}
	session := s.grants.Session(r.PostForm.Get("token"))
	if !session.Live {
		crmsim.Reply(w, http.StatusOK, map[string]bool{"active": false})
		return
	}
	crmsim.Reply(w, http.StatusOK, map[string]any{
		"active": true, "scope": session.Scope, "client_id": s.client.ID, "token_type": "access_token",
		"username": "ada@" + s.org(session.Account).domain(), "sub": base(r) + "/id/" + session.Account + "/" + session.User,
		"exp": session.Expires.Unix(),
	})
}

func (s *Sim) userinfo(w http.ResponseWriter, r *http.Request) {
	session := s.grants.Session(bearer(r))
	if !session.Live {
		badToken(w)
		return
	}
	s.who(w, r, session)
}

func (s *Sim) identity(w http.ResponseWriter, r *http.Request) {
	session := s.grants.Session(bearer(r))
	org, _ := longID(r.PathValue("org"))
	user, _ := longID(r.PathValue("user"))
	if !session.Live || org != session.Account || user != session.User {
		badToken(w)
		return
	}
	s.who(w, r, session)
}

// badToken is plain text and 403, not 401 (crm/salesforce.md §1).
func badToken(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusForbidden)
	// The client may have gone away.
	_, _ = w.Write([]byte("Bad_OAuth_Token"))
}

// who tells who the connected user is, for both userinfo and the identity URL
// (keys of amp-labs-fixtures/metadata/write/user-info.json among them).
func (s *Sim) who(w http.ResponseWriter, r *http.Request, session crmsim.Session) {
	o := s.org(session.Account)
	name := "ada@" + o.domain()
	id := base(r) + "/id/" + o.id + "/" + o.user
	body, err := json.Marshal(map[string]any{
		"sub": id, "id": id, "user_id": o.user, "organization_id": o.id, "preferred_username": name, "username": name,
		"nickname": "ada", "display_name": "Ada Admin", "name": "Ada Admin", "given_name": "Ada", "family_name": "Admin",
		"first_name": "Ada", "last_name": "Admin", "email": name, "email_verified": true, "zoneinfo": "America/Los_Angeles",
		"timezone": "America/Los_Angeles", "active": true, "user_type": "STANDARD", "language": "en_US", "locale": "en_US",
		"utcOffset": -28800000, "is_salesforce_integration_user": false,
		"updated_at": "2026-01-02T03:04:05Z", "address": map[string]string{"country": "US"},
		"urls": map[string]string{
			"rest":     base(r) + "/services/data/v{version}/",
			"sobjects": base(r) + "/services/data/v{version}/sobjects/",
			"query":    base(r) + "/services/data/v{version}/query/",
		},
	})
	if err != nil {
		http.Error(w, "cannot answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	// The client may have gone away.
	_, _ = w.Write(body)
}
