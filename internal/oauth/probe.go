package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"lockstep/internal/crm"
)

// pageBytes is how much of a page of refusal is read.
const pageBytes = 64 << 10

// Probe asks a vendor whether people can sign in with its app, as far as it says
// so to nobody in particular: an *Error says what it refuses, of the app, its
// secret, its redirect or its scopes. Nobody has to have signed in, and nothing
// is granted.
//
// Without an error the redirect and the scopes are as they should be where the
// vendor looks at them first, as Salesforce does. HubSpot has people sign in
// before it looks (legacydocs.hubspot.com, "Initiate an OAuth integration").
func (v *Vendors) Probe(ctx context.Context, vendor crm.Vendor) error {
	e, err := v.endpoint(vendor)
	if err != nil {
		return err
	}
	if err := e.openPage(ctx); err != nil {
		return err
	}
	return e.recognised(ctx)
}

// openPage opens the page of consent as a browser does, and goes nowhere from
// there.
func (e *endpoint) openPage(ctx context.Context) error {
	address := e.config.AuthCodeURL(random(), oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("opening the page of consent: %w", err)
	}
	browser := *e.client
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := browser.Do(req)
	if err != nil {
		problem := e.problem(CodeUnavailable)
		problem.Err = unanswered(err)
		return problem
	}
	defer resp.Body.Close()
	switch location, err := resp.Location(); {
	case resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests:
		return e.problem(CodeUnavailable)
	case resp.StatusCode >= http.StatusBadRequest:
		page, err := io.ReadAll(io.LimitReader(resp.Body, pageBytes))
		if err != nil {
			return e.problem(CodeUnavailable)
		}
		return e.refused(codeOn(string(page)))
	case err == nil && location.Query().Has("error"):
		return e.refused(location.Query().Get("error"))
	}
	return nil
}

// codeOn returns the code of the refusal that a page for people is about, or
// nothing. Salesforce's page has the code; HubSpot's has words, of which the
// sandbox's are unverified.
func codeOn(page string) string {
	page = strings.ToLower(page)
	for _, told := range []struct{ words, code string }{
		{"redirect_uri_mismatch", "redirect_uri_mismatch"},
		{"redirect_uri_missing", "redirect_uri_missing"},
		{"invalid_client", "invalid_client"},
		{"invalid_scope", "invalid_scope"},
		{"redirect url", "redirect_uri_mismatch"},
		{"scope mismatch", "invalid_scope"},
		{"client id", "invalid_client_id"},
	} {
		if strings.Contains(page, told.words) {
			return told.code
		}
	}
	return ""
}

// recognised asks for a token with a refresh token that nobody has: an app that
// is known is told that it is none, and another that it is not known.
func (e *endpoint) recognised(ctx context.Context) error {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, e.client)
	_, err := e.config.TokenSource(ctx, &oauth2.Token{RefreshToken: "none", Expiry: time.Unix(1, 0)}).Token()
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case err == nil:
	case !ok:
		problem := e.problem(CodeUnavailable)
		problem.Err = unanswered(err)
		return problem
	case refusals[answer.ErrorCode] == CodeAppRefused:
		return e.refused(answer.ErrorCode)
	case answer.Response != nil && (answer.Response.StatusCode >= http.StatusInternalServerError || answer.Response.StatusCode == http.StatusTooManyRequests):
		return e.problem(CodeUnavailable)
	}
	return nil
}
