package oauth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/oauth"
)

func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()

	titles := make(map[string]oauth.Code)
	for _, code := range []oauth.Code{
		oauth.CodeStateUnknown, oauth.CodeStateExpired, oauth.CodeStateReplayed, oauth.CodeWrongBrowser,
		oauth.CodeConnectionChanged, oauth.CodeDenied, oauth.CodeRedirectMismatch, oauth.CodeAppRefused,
		oauth.CodeAppBlocked, oauth.CodeUserInactive, oauth.CodeScopeRefused, oauth.CodeRefused,
		oauth.CodeCodeExpired, oauth.CodeScopeMissing, oauth.CodeRefreshTokenMissing, oauth.CodeForeignHost,
		oauth.CodeUnavailable, oauth.CodeNotConfigured,
	} {
		p := oauth.Explain(code)
		require.Equal(t, code, p.Code)
		require.NotEmpty(t, p.Meaning, code)
		require.NotEmpty(t, p.Fix, code)
		require.NotContains(t, p.Fix, "{}", code)
		require.Empty(t, titles[p.Title], "%s reads as %s", code, titles[p.Title])
		titles[p.Title] = code

		detailed := (&oauth.Error{Code: code, Detail: "the-detail"}).Problem()
		require.NotContains(t, detailed.Fix, "{}", code)
	}
	unknown := oauth.Explain("new")
	require.Equal(t, oauth.Explain(oauth.CodeRefused).Title, unknown.Title)
}

func TestErrorNamesVendorAndCodes(t *testing.T) {
	t.Parallel()

	err := &oauth.Error{Code: oauth.CodeDenied, Vendor: crm.Salesforce, VendorCode: "access_denied", Detail: "d"}
	require.EqualError(t, err, "connecting salesforce: oauth_denied (access_denied)")
	require.EqualError(t, &oauth.Error{Code: oauth.CodeStateUnknown}, "connecting: oauth_state_unknown")
}
