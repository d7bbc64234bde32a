package hubspot

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// Limits (crm/hubspot.md §7): of an app that was let in by OAuth, for each
// account; of a private app in a Professional or Enterprise account; and of
// search.
const (
	oauthCalls   = 110
	privateCalls = 190
	searchCalls  = 5
	privateDaily = 625_000
)

// privatePrefix begins the token of a private app.
const privatePrefix = "pat-na1-"

// The meters that calls are counted by.
const (
	meterOAuth   = "oauth"
	meterPrivate = "private"
	meterSearch  = "search"
)

// dialect is how HubSpot says what the rig has to say about one call.
type dialect struct {
	sim      *Sim
	searches bool
	private  bool     // the token is a private app's
	scopes   []string // of the token otherwise
}

// Admit finds the account of a private app's token, or of a live access token.
func (d *dialect) Admit(r *http.Request) (string, *crmsim.Answer) {
	token := bearer(r)
	if strings.HasPrefix(token, privatePrefix) {
		for _, p := range d.sim.portals {
			if p.private == token {
				d.private = true
				return p.account(), nil
			}
		}
	}
	session := d.sim.grants.Session(token)
	if !session.Live {
		answer := d.dead(session)
		return "", &answer
	}
	d.scopes = strings.Fields(session.Scope)
	return session.Account, nil
}

// Meter counts calls apart by kind of token, and searches on their own:
// "This excludes the Search API".
func (d *dialect) Meter() crmsim.Meter {
	window := func(calls int) crmsim.Rate { return crmsim.Rate{Calls: calls, Window: 10 * time.Second} }
	m := crmsim.Meter{Name: meterOAuth, Rate: window(oauthCalls)}
	if d.private {
		m = crmsim.Meter{Name: meterPrivate, Rate: window(privateCalls), Daily: privateDaily}
	}
	if d.searches {
		m.Name, m.Rate, m.Fixed = meterSearch, crmsim.Rate{Calls: searchCalls, Window: time.Second}, true
	}
	return m
}

// Expire kills the access token.
func (d *dialect) Expire(r *http.Request) crmsim.Answer {
	d.sim.grants.Expire(bearer(r))
	return d.dead(d.sim.grants.Session(bearer(r)))
}

// dead refuses a token. One that has expired is told from one that there never
// was; how one is refused whose grant was revoked is unverified.
func (d *dialect) dead(session crmsim.Session) crmsim.Answer {
	now := d.sim.rig.Clock.Now()
	if !session.Known || session.Expires.After(now) {
		return failed(http.StatusUnauthorized, catNoToken, "Authentication credentials not found. This API supports OAuth 2.0 authentication "+
			"and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview").answer()
	}
	expired := session.Expires
	if expired.IsZero() {
		expired = now // killed by hand, just now as far as anybody knows
	}
	seconds := strconv.Itoa(int(now.Sub(expired).Seconds()))
	return failed(http.StatusUnauthorized, catExpired, "The OAuth token used to make this call expired "+seconds+" second(s) ago.").
		about("expire time", spell(expired.UnixMilli())).answer()
}

// Limited names the limit: search has its own words
// (wire-recordings-grouparoo.json), the others are told apart by policyName.
// None tells how long to wait.
func (d *dialect) Limited(u crmsim.Usage) crmsim.Answer {
	if u.Meter == meterSearch && u.Excess == crmsim.ExcessRate {
		return failed(http.StatusTooManyRequests, catLimits, "You have reached your secondly limit.").answer()
	}
	f := failed(http.StatusTooManyRequests, catUnexpected, "You have reached your ten_secondly_rolling limit.")
	f.errorType, f.policy = "RATE_LIMIT", "TEN_SECONDLY_ROLLING"
	if u.Excess == crmsim.ExcessDaily {
		f.message, f.policy = "You have reached your daily limit.", "DAILY"
	}
	return f.answer()
}

// Unavailable is a 503 (crm/hubspot.md §8); its body is unverified.
func (*dialect) Unavailable() crmsim.Answer {
	return failed(http.StatusServiceUnavailable, catUnexpected, "Service temporarily unavailable").answer()
}

// Invalid refuses the whole call without naming an input.
func (*dialect) Invalid() crmsim.Answer {
	return refused("The sandbox refuses calls that hold a marked record until it is healed.").answer()
}

// Broken is a 500 (crm/hubspot.md §8), in the words of public logs.
func (*dialect) Broken() crmsim.Answer {
	return failed(http.StatusInternalServerError, catUnexpected, "internal error").answer()
}

// Stamp adds the limits' headers: those of the day for private apps only, none
// of the window to a search (wire-recordings-grouparoo.json).
func (d *dialect) Stamp(h http.Header, u crmsim.Usage) {
	if u.Meter == "" {
		return
	}
	if u.Meter != meterSearch && u.Rate.Calls > 0 {
		h.Set("X-HubSpot-RateLimit-Max", strconv.Itoa(u.Rate.Calls))
		h.Set("X-HubSpot-RateLimit-Remaining", strconv.Itoa(max(u.Rate.Calls-u.InWindow, 0)))
		h.Set("X-HubSpot-RateLimit-Interval-Milliseconds", strconv.FormatInt(u.Rate.Window.Milliseconds(), 10))
	}
	if d.private && u.Daily > 0 {
		h.Set("X-HubSpot-RateLimit-Daily", strconv.Itoa(u.Daily))
		h.Set("X-HubSpot-RateLimit-Daily-Remaining", strconv.Itoa(max(u.Daily-u.DailyUsed, 0)))
	}
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
