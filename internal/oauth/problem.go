package oauth

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"lockstep/internal/crm"
)

// Code names what can go wrong while a person connects a CRM.
type Code string

// The problems of connecting.
const (
	CodeStateUnknown      Code = "oauth_state_unknown"
	CodeStateExpired      Code = "oauth_state_expired"
	CodeStateReplayed     Code = "oauth_state_replayed"
	CodeWrongBrowser      Code = "oauth_wrong_browser"
	CodeConnectionChanged Code = "oauth_connection_changed"

	CodeDenied           Code = "oauth_denied"
	CodeRedirectMismatch Code = "oauth_redirect_mismatch"
	CodeAppRefused       Code = "oauth_app_refused"
	CodeAppBlocked       Code = "oauth_app_blocked"
	CodeUserInactive     Code = "oauth_user_inactive"
	CodeScopeRefused     Code = "oauth_scope_refused"
	CodeRefused          Code = "oauth_refused"

	CodeCodeExpired         Code = "oauth_code_expired"
	CodeScopeMissing        Code = "oauth_scope_missing"
	CodeRefreshTokenMissing Code = "oauth_refresh_token_missing"
	CodeForeignHost         Code = "oauth_foreign_host"
	CodeUnavailable         Code = "oauth_unavailable"
	CodeNotConfigured       Code = "oauth_not_configured"
)

// Problem explains to a person why a CRM could not be connected, and what to do.
type Problem struct {
	Code    Code
	Title   string
	Meaning string
	Fix     string

	subject string // what {} in Fix stands for when an error has no detail
}

// Error is why connecting failed. Its text holds no code, token, state or
// answer, nor does what it wraps.
type Error struct {
	Code       Code
	Vendor     crm.Vendor // empty when the state told none
	VendorCode string     // the vendor's own code, when it is one
	Detail     string     // what the fix is about: a URL, scopes, settings; never secret
	Err        error
}

// Error returns the code and the vendor's.
func (e *Error) Error() string {
	s := "connecting " + string(e.Vendor) + ": " + string(e.Code)
	if e.Vendor == "" {
		s = "connecting: " + string(e.Code)
	}
	if e.VendorCode != "" {
		s += " (" + e.VendorCode + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Problem returns what to tell the person who is connecting.
func (e *Error) Problem() Problem { return explain(e.Code, e.Detail) }

// problems is the registry. In place of {} in a fix stands what it is about: an
// error's detail, or else the subject.
var problems = map[Code]Problem{
	CodeStateUnknown:      {Title: "Sign-in not recognised", Meaning: "The CRM sent the browser back with a sign-in that Lockstep did not begin, or that is long over.", Fix: "Ask for a new link and begin again."},
	CodeStateExpired:      {Title: "Sign-in took too long", Meaning: "More than ten minutes passed between pressing Connect and coming back from the CRM.", Fix: "Ask for a new link and begin again."},
	CodeStateReplayed:     {Title: "Sign-in used already", Meaning: "This sign-in was finished or given up before; reloading its last page does nothing.", Fix: "Look at the connection's status: it is connected, or says what is missing. Ask for a new link if it is not."},
	CodeWrongBrowser:      {Title: "Another browser", Meaning: "The sign-in was begun in another browser than the one that came back, so Lockstep cannot know that it was you.", Fix: "Begin and finish in one browser, with cookies allowed: ask for a new link."},
	CodeConnectionChanged: {Title: "Connection changed meanwhile", Meaning: "The connection was disconnected or connected again while you were signing in.", Fix: "Ask for a new link and begin again."},

	CodeDenied:           {Title: "Access denied", Meaning: "Somebody pressed Deny on the CRM's page, or the user may not allow applications.", Fix: "Begin again and press Allow, as a user who may allow applications."},
	CodeRedirectMismatch: {Title: "Callback URL not registered", Meaning: "The app that Lockstep uses with this CRM does not list Lockstep's callback URL.", Fix: "Add {} to the callback URLs of the app in the CRM, letter for letter, wait ten minutes, and begin again.", subject: "Lockstep's callback URL"},
	CodeAppRefused:       {Title: "App not accepted", Meaning: "The CRM does not know the app that Lockstep is set up with, or not by this secret.", Fix: "Compare {} with the consumer key and secret of the app in the CRM, and begin again. A new app can take ten minutes to be known.", subject: "Lockstep's settings"},
	CodeAppBlocked:       {Title: "App blocked by the CRM's administrator", Meaning: "The CRM's administrator has not installed the app, has blocked it, or has not allowed this user to use it.", Fix: "Ask the CRM's administrator to install or unblock the app (in Salesforce: Setup, Connected Apps OAuth Usage) and to allow your user, then begin again."},
	CodeUserInactive:     {Title: "CRM user or account not active", Meaning: "The user who signed in, or the whole CRM account, is not active.", Fix: "Sign in as an active user of an active account."},
	CodeScopeRefused:     {Title: "Scope not allowed", Meaning: "The app that Lockstep uses with this CRM does not allow what Lockstep asks for.", Fix: "Allow {} in the settings of the app in the CRM, and begin again.", subject: "the scopes that Lockstep asks for"},
	CodeRefused:          {Title: "Refused by the CRM", Meaning: "The CRM refused to connect for a reason of its own.", Fix: "Begin again; if it happens again, show the CRM's administrator the CRM's own code."},

	CodeCodeExpired:         {Title: "Sign-in no longer valid", Meaning: "The CRM no longer accepts the code that it sent back: it lives for minutes and works once.", Fix: "Ask for a new link and begin again."},
	CodeScopeMissing:        {Title: "Scope missing", Meaning: "The CRM granted less than Lockstep needs.", Fix: "Allow {} in the settings of the app in the CRM, and begin again.", subject: "the missing scopes"},
	CodeRefreshTokenMissing: {Title: "No lasting access", Meaning: "The CRM granted access for hours only, without the token that renews it.", Fix: "Allow lasting access (the scope refresh_token or offline_access) in the settings of the app in the CRM, and begin again."},
	CodeForeignHost:         {Title: "Unknown CRM address", Meaning: "The CRM's answer names an address that is not the CRM's, so Lockstep sent nothing there and forgot the grant.", Fix: "Begin again; if it happens again, tell support, for somebody may be in between."},
	CodeUnavailable:         {Title: "CRM unavailable", Meaning: "The CRM did not answer, or answered that it is having trouble.", Fix: "Begin again in a minute."},
	CodeNotConfigured:       {Title: "CRM not set up", Meaning: "Lockstep has no app to connect this CRM with.", Fix: "Register an app with the CRM, set {}, and start Lockstep again.", subject: "its id and secret"},
}

// Problems returns every problem of connecting, in order of their codes.
func Problems() []Problem {
	all := make([]Problem, 0, len(problems))
	for _, code := range slices.Sorted(maps.Keys(problems)) {
		all = append(all, Explain(code))
	}
	return all
}

// Explain returns the problem with this code; one that is not known reads as
// refused.
func Explain(code Code) Problem { return explain(code, "") }

func explain(code Code, detail string) Problem {
	p, ok := problems[code]
	if !ok {
		p = problems[CodeRefused]
	}
	p.Code = code
	p.Fix = strings.ReplaceAll(p.Fix, "{}", cmp.Or(detail, p.subject))
	return p
}
