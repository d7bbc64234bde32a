package hubspot

import (
	"net/http"

	"lockstep/internal/crmsim"
)

// tokenDialect is how HubSpot's token endpoint says what the rig has to say.
type tokenDialect struct{}

// Limited is a 429 with the message that /oauth/v1/token was seen to answer
// (PostHog/posthog#64049, 2026-06); that there is no policyName and no
// Retry-After is unverified.
func (tokenDialect) Limited() crmsim.Answer {
	return failed(http.StatusTooManyRequests, catUnexpected, "You have reached your rate limit.").answer()
}

// Busy is Limited: HubSpot is not known to mind refreshes that overlap.
func (d tokenDialect) Busy() crmsim.Answer { return d.Limited() }

// Unavailable is a 503 (crm/hubspot.md §8); its body is unverified.
func (tokenDialect) Unavailable() crmsim.Answer { return (*dialect)(nil).Unavailable() }
