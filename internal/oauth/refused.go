package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// refusals are the problems behind the codes that vendors send back with the
// browser or answer a code with: those of RFC 6749 §4.1.2.1 and §5.2, and
// Salesforce's own (Salesforce Help, "OAuth 2.0 Authorization Errors";
// OAUTH_APP_BLOCKED and its siblings from administrators' reports).
var refusals = map[string]Code{
	"access_denied":                CodeDenied,
	"redirect_uri_mismatch":        CodeRedirectMismatch,
	"redirect_uri_missing":         CodeRedirectMismatch,
	"invalid_client":               CodeAppRefused,
	"invalid_client_id":            CodeAppRefused,
	"invalid_client_credentials":   CodeAppRefused,
	"unauthorized_client":          CodeAppRefused,
	"OAUTH_APP_BLOCKED":            CodeAppBlocked,
	"OAUTH_APP_ACCESS_DENIED":      CodeAppBlocked,
	"OAUTH_APPROVAL_ERROR_GENERIC": CodeAppBlocked,
	"inactive_user":                CodeUserInactive,
	"inactive_org":                 CodeUserInactive,
	"invalid_scope":                CodeScopeRefused,
	"server_error":                 CodeUnavailable,
	"temporarily_unavailable":      CodeUnavailable,
	"rate_limit_exceeded":          CodeUnavailable,
}

// throttles are the words by which a token endpoint says, in a code or in the
// description of one that is about something else, that it was asked too often
// or too soon. The grant is fine.
var throttles = []string{
	// Salesforce, as invalid_grant, while another refresh of the token is under
	// way (Salesforce Release Notes, Winter '25, rn_security_refresh_token_error).
	"already being processed",
	// Salesforce, after 3,600 logins of a user in an hour (Salesforce Help
	// 000381578, "Login Rate Exceeded"; under which code is unverified).
	"rate exceeded",
	// Salesforce's rate_limit_exceeded (REST API Developer Guide, "Number of
	// logins exceeded").
	"rate limit",
	"too many requests", // RFC 6585 §4, by vendors that put it into words
}

// dead are the codes by which a token endpoint says that a person has to
// connect again. Everything else may pass by itself, or once our own settings
// are mended, and must not cost the customer the connection.
var dead = map[string]bool{
	"invalid_grant":           true, // RFC 6749 §5.2; crm/salesforce.md §1, crm/hubspot.md §1
	"OAUTH_APP_BLOCKED":       true,
	"OAUTH_APP_ACCESS_DENIED": true,
	"inactive_user":           true,
	"inactive_org":            true,
}

// refused returns the problem that the vendor's code stands for.
func (e *endpoint) refused(vendorCode string) *Error {
	code, ok := refusals[vendorCode]
	if !ok {
		code = CodeRefused
	}
	problem := e.problem(code)
	problem.VendorCode = plain(vendorCode)
	switch code { //nolint:exhaustive // the others are about nothing that has a name
	case CodeRedirectMismatch:
		problem.Detail = e.app.RedirectURL
	case CodeScopeRefused:
		problem.Detail = strings.Join(e.factory.OAuth.Scopes, " ")
	case CodeAppRefused:
		problem.Detail = clientSettings(e.factory.Vendor)
	}
	return problem
}

// refusedExchange says what it means that a code brought no token.
func (e *endpoint) refusedExchange(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || answer.Response.StatusCode >= http.StatusInternalServerError || throttled(answer) {
		problem := e.problem(CodeUnavailable)
		problem.Err = unanswered(err)
		return problem
	}
	if answer.ErrorCode == "invalid_grant" {
		problem := e.problem(CodeCodeExpired)
		problem.VendorCode = answer.ErrorCode
		return problem
	}
	return e.refused(answer.ErrorCode)
}

// refusedRefresh translates the error of a refresh: a dead grant is told apart
// from an endpoint that has trouble or asks for patience.
func refusedRefresh(op string, err error) *crm.Error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return &crm.Error{Kind: crm.KindUnavailable, Op: op, Err: unanswered(err)}
	}
	e := &crm.Error{Kind: crm.KindUnavailable, Op: op, Code: plain(answer.ErrorCode)}
	switch {
	case throttled(answer):
		e.Kind = crm.KindRateLimited
		e.RetryAfter = adapter.RetryAfter(answer.Response.Header)
	case answer.Response.StatusCode >= http.StatusInternalServerError:
		e.RetryAfter = adapter.RetryAfter(answer.Response.Header)
	case dead[answer.ErrorCode]:
		e.Kind, e.Reason = crm.KindUnauthorized, crm.ReasonGrant
	}
	return e
}

// throttled tells whether the answer asks for patience, whatever its code says
// of the grant. HubSpot does by its status (PostHog/posthog#64049), Salesforce in
// words.
func throttled(answer *oauth2.RetrieveError) bool {
	if answer.Response.StatusCode == http.StatusTooManyRequests {
		return true
	}
	said := strings.ToLower(strings.ReplaceAll(answer.ErrorCode+" "+answer.ErrorDescription, "_", " "))
	return slices.ContainsFunc(throttles, func(words string) bool { return strings.Contains(said, words) })
}

// unanswered returns why a call brought no answer, or nil when it brought one:
// what is wrong with an answer is not kept, because it would quote it.
func unanswered(err error) error {
	if call, ok := errors.AsType[*url.Error](err); ok {
		return call.Err
	}
	return nil
}

// plain returns code when it looks like one, and else nothing: what stands in
// its place may be a sentence about somebody.
func plain(code string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
	if len(code) > 50 || strings.Trim(code, letters) != "" {
		return ""
	}
	return code
}
