package hubspot

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

func (s *Sim) routeOpen() {
	s.open = http.NewServeMux()
	s.open.HandleFunc("GET /oauth/authorize", s.authorize)
	s.open.HandleFunc("POST /oauth/authorize", s.authorize)
	s.open.HandleFunc("POST /oauth/{version}/token", s.token)
	s.open.HandleFunc("POST /oauth/{version}/token/introspect", s.introspect)
	s.open.HandleFunc("POST /oauth/{version}/token/revoke", s.revoke)
	s.open.HandleFunc("GET /oauth/v1/access-tokens/{token}", s.describeAccess)
	s.open.HandleFunc("GET /oauth/v1/refresh-tokens/{token}", s.describeRefresh)
	s.open.HandleFunc("DELETE /oauth/v1/refresh-tokens/{token}", s.forget)
}

// serveOpen answers what needs no token. The first version has tokens in
// paths, which the log must not see.
func (s *Sim) serveOpen(w http.ResponseWriter, r *http.Request) {
	logged := r
	if parts := strings.SplitN(r.URL.Path, "/", 5); len(parts) == 5 && strings.HasSuffix(parts[3], "-tokens") {
		masked := *r.URL
		masked.Path = strings.Join(parts[:4], "/") + "/…"
		logged = r.WithContext(r.Context())
		logged.URL = &masked
	}
	delay := time.Duration(0)
	if strings.HasSuffix(r.URL.Path, "/token") {
		delay = s.rig.Limits.Terms().TokenLatency
	}
	s.rig.Open(w, logged, crmsim.CallAuth, delay, func(w http.ResponseWriter, _ *http.Request) { s.open.ServeHTTP(w, r) })
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
		http.Error(w, "Authorization failed because the client id is not one of ours.", http.StatusBadRequest)
	case !s.client.Accepts(redirect):
		http.Error(w, "Authorization failed because the redirect URL doesn't match the app's settings.", http.StatusBadRequest)
	case q.Get("scope") == "" || !s.client.MayAsk(q.Get("scope")+" "+q.Get("optional_scope"), scopes()):
		http.Error(w, "Authorization failed because there is a scope mismatch between the install URL and the app's settings.", http.StatusBadRequest)
	case r.Method == http.MethodPost && q.Get("deny") != "":
		back(w, redirect, q, url.Values{"error": {"access_denied"}, "error_description": {"User denied access"}})
	case r.Method == http.MethodPost && q.Get("approve") != "":
		back(w, redirect, q, url.Values{"code": {s.approve(q)}})
	default:
		s.askConsent(w, q)
	}
}

// back sends the browser back to the application.
func back(w http.ResponseWriter, redirect string, q, values url.Values) {
	if state := q.Get("state"); state != "" {
		values.Set("state", state)
	}
	glue := "?"
	if strings.Contains(redirect, "?") {
		glue = "&"
	}
	w.Header().Set("Location", redirect+glue+values.Encode())
	w.WriteHeader(http.StatusFound)
}

func (s *Sim) approve(q url.Values) string {
	p := s.chosen(q.Get("account"))
	return s.grants.Authorize(crmsim.Approval{
		Account: p.account(), User: p.user.email, Scope: granted(q.Get("scope"), q.Get("optional_scope")),
		Redirect: q.Get("redirect_uri"), Challenge: q.Get("code_challenge"), Offline: true,
	})
}

// chosen returns the account that is picked by id, or as "sandbox"; the default
// one otherwise.
func (s *Sim) chosen(pick string) *portal {
	for _, p := range s.portals {
		if pick == p.account() || strings.EqualFold(pick, p.kind) {
			return p
		}
	}
	return s.portals[0]
}

func (s *Sim) askConsent(w http.ResponseWriter, q url.Values) {
	page := crmsim.Consent{
		Vendor: "HubSpot", App: q.Get("client_id"), Action: "/oauth/authorize",
		Scopes: strings.Fields(granted(q.Get("scope"), q.Get("optional_scope"))), Account: "account",
	}
	for _, name := range []string{
		"client_id", "redirect_uri", "scope", "optional_scope", "state", "response_type", "code_challenge", "code_challenge_method",
	} {
		if q.Has(name) {
			page.Hidden = append(page.Hidden, crmsim.Hidden{Name: name, Value: q.Get(name)})
		}
	}
	for _, p := range s.portals {
		page.Accounts = append(page.Accounts, crmsim.Choice{ID: p.account(), Label: p.name, Chosen: p == s.chosen(q.Get("account"))})
	}
	if page.Write(w) != nil {
		http.Error(w, "cannot show the page", http.StatusInternalServerError)
	}
}

// application reads the form of a call that the application makes for itself,
// and answers it if it is not the application that it says.
func (s *Sim) application(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if r.ParseForm() != nil {
		oauthError(w, "BAD_REQUEST", "malformed form", "invalid_request", "malformed form")
		return nil, false
	}
	form := r.PostForm
	if r.PathValue("version") == "v1" {
		form = r.Form
	}
	switch version := r.PathValue("version"); {
	case version != "v1" && version != "v3" && version != dated:
		http.NotFound(w, r)
	case version != "v1" && r.URL.RawQuery != "":
		// "v3+ reject query params" (crm/hubspot.md §1)
		oauthError(w, "BAD_REQUEST", "query parameters are not allowed", "invalid_request", "parameters must be sent in the body")
	case form.Get("client_id") != s.client.ID:
		oauthError(w, "BAD_CLIENT_ID", "missing or unknown client id", "invalid_client", "client id is missing or unknown")
	case form.Get("client_secret") != s.client.Secret:
		oauthError(w, "BAD_CLIENT_SECRET", "missing or invalid client secret", "invalid_client", "client secret is missing or invalid")
	default:
		return form, true
	}
	return nil, false
}

// token exchanges codes and refreshes.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	form, ok := s.application(w, r)
	if !ok {
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		tokens, err := s.grants.Exchange(form.Get("code"), form.Get("redirect_uri"), form.Get("code_verifier"))
		s.handOut(w, r, tokens, err)
	case "refresh_token":
		s.rig.Refresh(w, tokenDialect{}, func(w http.ResponseWriter) {
			tokens, err := s.grants.Refresh(form.Get("refresh_token"))
			tokens.Refresh = form.Get("refresh_token")
			s.handOut(w, r, tokens, err)
		})
	default:
		oauthError(w, "BAD_GRANT_TYPE", "missing or unknown grant type", "unsupported_grant_type", "grant type is missing or unknown")
	}
}

// handOut answers with the tokens, or with why there are none.
func (s *Sim) handOut(w http.ResponseWriter, r *http.Request, tokens crmsim.Tokens, err error) {
	if err != nil {
		refuseGrant(w, err)
		return
	}
	crmsim.Reply(w, http.StatusOK, s.tokenAnswer(tokens, r.PathValue("version")))
}

// refuseGrant puts an error of the grants into HubSpot's words (crm/hubspot.md
// §1); all but the first are unverified in their wording.
func refuseGrant(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, crmsim.ErrDeadGrant):
		oauthError(w, "BAD_REFRESH_TOKEN", "missing or unknown refresh token", "invalid_grant", "refresh token is invalid, expired or revoked")
	case errors.Is(err, crmsim.ErrUsedCode):
		oauthError(w, "EXPIRED_AUTH_CODE", "auth code has expired or was used", "invalid_grant", "authorization code is expired or was used")
	case errors.Is(err, crmsim.ErrRedirect):
		oauthError(w, "BAD_REDIRECT_URI", "redirect URI does not match initial auth code URI", "invalid_grant", "redirect uri does not match")
	case errors.Is(err, crmsim.ErrVerifier):
		oauthError(w, "BAD_AUTH_CODE", "code verifier does not match", "invalid_grant", "code verifier does not match")
	default:
		oauthError(w, "BAD_AUTH_CODE", "missing or unknown auth code", "invalid_grant", "authorization code is missing or unknown")
	}
}

func oauthError(w http.ResponseWriter, status, message, code, description string) {
	crmsim.Reply(w, http.StatusBadRequest, map[string]string{
		"status": status, "message": message, "error": code, "error_description": description,
	})
}

// tokenAnswer is TokenResponseIF in the first version, and tells more after it
// (openapi-derived/oauth.json).
func (s *Sim) tokenAnswer(t crmsim.Tokens, version string) map[string]any {
	answer := map[string]any{
		"token_type": "bearer", "access_token": t.Access, "refresh_token": t.Refresh, "expires_in": int(t.Lifetime.Seconds()),
	}
	if version != "v1" {
		p := s.portal(t.Account)
		answer["hub_id"], answer["user_id"], answer["scopes"], answer["token_use"] = p.id, p.user.id, strings.Fields(t.Scope), "access_token"
	}
	return answer
}

// about tells what a token stands for (crm/hubspot.md §1).
func (s *Sim) about(a crmsim.Approval) map[string]any {
	p := s.portal(a.Account)
	return map[string]any{
		"hub_id": p.id, "user_id": p.user.id, "user": p.user.email, "hub_domain": "crmsim-" + strconv.FormatInt(p.id, 10) + ".test",
		"app_id": appID, "client_id": s.client.ID, "scopes": strings.Fields(a.Scope),
	}
}

// introspect takes access_token= or refresh_token=, not token=.
func (s *Sim) introspect(w http.ResponseWriter, r *http.Request) {
	form, ok := s.application(w, r)
	if !ok {
		return
	}
	if session := s.grants.Session(form.Get("access_token")); session.Live {
		answer := s.about(session.Approval)
		answer["active"], answer["token_use"] = true, "access_token"
		answer["expires_in"] = int(session.Expires.Sub(s.rig.Clock.Now()).Seconds())
		crmsim.Reply(w, http.StatusOK, answer)
		return
	}
	if approval, live := s.grants.Approval(form.Get("refresh_token")); live {
		answer := s.about(approval)
		answer["active"], answer["token_use"] = true, "refresh_token"
		crmsim.Reply(w, http.StatusOK, answer)
		return
	}
	crmsim.Reply(w, http.StatusOK, map[string]bool{"active": false})
}

// revoke kills a refresh token; "live access tokens survive" (crm/hubspot.md
// §1). What it answers is unverified.
func (s *Sim) revoke(w http.ResponseWriter, r *http.Request) {
	form, ok := s.application(w, r)
	if !ok {
		return
	}
	token := form.Get("refresh_token")
	if token == "" {
		token = form.Get("token")
	}
	s.grants.Forget(token)
	w.WriteHeader(http.StatusOK)
}

func (s *Sim) forget(w http.ResponseWriter, r *http.Request) {
	if !s.grants.Forget(r.PathValue("token")) {
		noToken(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) describeAccess(w http.ResponseWriter, r *http.Request) {
	session := s.grants.Session(r.PathValue("token"))
	if !session.Live {
		noToken(w)
		return
	}
	answer := s.about(session.Approval)
	answer["token"], answer["token_type"] = r.PathValue("token"), "access"
	answer["expires_in"] = int(session.Expires.Sub(s.rig.Clock.Now()).Seconds())
	crmsim.Reply(w, http.StatusOK, answer)
}

func (s *Sim) describeRefresh(w http.ResponseWriter, r *http.Request) {
	approval, live := s.grants.Approval(r.PathValue("token"))
	if !live {
		noToken(w)
		return
	}
	answer := s.about(approval)
	answer["token"], answer["token_type"] = r.PathValue("token"), "refresh"
	crmsim.Reply(w, http.StatusOK, answer)
}

// noToken is unverified.
func noToken(w http.ResponseWriter) {
	crmsim.Reply(w, http.StatusNotFound, map[string]string{"status": "error", "message": "token not found", "correlationId": correlation()})
}
