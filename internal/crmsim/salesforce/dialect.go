package salesforce

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lockstep/internal/crmsim"
)

// dialect is how Salesforce says what the rig has to say.
type dialect struct{ sim *Sim }

// Admit finds the session. restforce-fixtures/expired_session_response.json.
func (d dialect) Admit(r *http.Request) (string, *crmsim.Answer) {
	session := d.sim.grants.Session(bearer(r))
	if !session.Live {
		answer := expired()
		return "", &answer
	}
	if !slices.Contains(strings.Fields(session.Scope), "api") && !slices.Contains(strings.Fields(session.Scope), "full") {
		answer := failedWith(http.StatusUnauthorized, codeSession, "This session is not valid for use with the REST API").answer()
		return "", &answer
	}
	return session.Account, nil
}

// Expire kills the session.
func (d dialect) Expire(r *http.Request) crmsim.Answer {
	d.sim.grants.Expire(bearer(r))
	return expired()
}

// Limited names the limit: they are told apart by the message alone
// (crm/salesforce.md §7).
func (dialect) Limited(u crmsim.Usage) crmsim.Answer {
	message := "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
	if u.Excess == crmsim.ExcessDaily {
		message = "TotalRequests Limit exceeded."
	}
	return failedWith(http.StatusForbidden, codeLimit, message).answer()
}

// Unavailable is a 503 (crm/salesforce.md §8).
func (dialect) Unavailable() crmsim.Answer {
	return failedWith(http.StatusServiceUnavailable, codeUnavailable, "Server unavailable").answer()
}

// Invalid refuses the whole call without naming a record, as a trigger may
// that throws.
func (dialect) Invalid() crmsim.Answer {
	return failedWith(http.StatusBadRequest, codeValidation, "The sandbox refuses calls that hold a marked record until it is healed.").answer()
}

// Broken is a 500 UNKNOWN_EXCEPTION (crm/salesforce.md §8); its message is
// unverified.
func (dialect) Broken() crmsim.Answer {
	return failedWith(http.StatusInternalServerError, codeUnknown, "An unexpected error occurred. "+
		"Please include this ErrorId if you contact support: 1234567890-12345 (123456789)").answer()
}

// Stamp adds Sforce-Limit-Info (wire-recordings-grouparoo.json).
func (dialect) Stamp(h http.Header, u crmsim.Usage) {
	daily := u.Daily
	if daily == 0 {
		// Without a limit; the header knows no such thing.
		daily = defaultDaily
	}
	h.Set("Sforce-Limit-Info", "api-usage="+strconv.Itoa(u.DailyUsed)+"/"+strconv.Itoa(daily))
	h.Set("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
}

func expired() crmsim.Answer {
	return failedWith(http.StatusUnauthorized, codeSession, "Session expired or invalid").answer()
}

// bearer returns the token that r presents; both spellings of the scheme are
// taken.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "OAuth") {
		return ""
	}
	return strings.TrimSpace(token)
}
