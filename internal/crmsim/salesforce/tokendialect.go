package salesforce

import (
	"net/http"

	"lockstep/internal/crmsim"
)

// tokenDialect is how Salesforce's token endpoint says what the rig has to say.
type tokenDialect struct{}

// Limited says that the user has logged in too often: 3,600 times in an hour
// (Salesforce Help 000381578, "Login Rate Exceeded"). The code is that of the
// REST API Developer Guide, "rate_limit_exceeded: Number of logins exceeded";
// the description is unverified.
func (tokenDialect) Limited() crmsim.Answer {
	return oauthAnswer("rate_limit_exceeded", "login rate exceeded")
}

// Busy is what a refresh is answered while another of the same token is under
// way, though nothing is wrong with the token (Salesforce Release Notes, Winter
// '25, rn_security_refresh_token_error).
func (tokenDialect) Busy() crmsim.Answer {
	return oauthAnswer("invalid_grant", "token request is already being processed")
}

// Unavailable is a page, not JSON: it is what stands before the login servers
// that answers. The body is unverified.
func (tokenDialect) Unavailable() crmsim.Answer {
	return crmsim.Answer{
		Status: http.StatusServiceUnavailable, Header: http.Header{"Content-Type": {"text/html"}},
		Body: []byte("<html><body>Service Unavailable</body></html>"),
	}
}

func oauthAnswer(code, description string) crmsim.Answer {
	return encoded(http.StatusBadRequest, map[string]string{"error": code, "error_description": description})
}
