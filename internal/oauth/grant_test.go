package oauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

func TestGrantShowsNoToken(t *testing.T) {
	t.Parallel()

	grant := oauth.Grant{AccessToken: secret.NewText(planted), RefreshToken: secret.NewText(planted), BaseURL: "https://acme.my.salesforce.com"}
	body, err := json.Marshal(grant)
	require.NoError(t, err)
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "grant", grant)
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel)
	zap.New(core).Info("m", zap.Any("grant", grant), zap.Any("grant", &grant))

	printed := fmt.Sprintf("%v %+v %#v %v %s", grant, grant, grant, &grant, out.String()) + string(body)
	require.NotContains(t, printed, planted)
	require.Contains(t, printed, "acme")
}

func TestGrantSurvivesItsEncoding(t *testing.T) {
	t.Parallel()

	grant := first()
	grant.IssuedAt = time.Date(2026, 11, 22, 12, 0, 0, 1, time.UTC)
	grant.ExpiresAt = grant.IssuedAt.Add(time.Hour)
	grant.TokenType = "Bearer"
	for _, want := range []oauth.Grant{grant, {AccessToken: secret.NewText("a"), RefreshToken: secret.NewText("")}} {
		plain, err := want.Encode()
		require.NoError(t, err)
		got, err := oauth.DecodeGrant(plain)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}

	_, err := oauth.DecodeGrant([]byte(planted))
	require.Error(t, err)
	require.NotContains(t, err.Error(), planted)
}

// What stands sealed in databases must stay readable.
func TestGrantReadsWhatWasSealedBefore(t *testing.T) {
	t.Parallel()

	grant, err := oauth.DecodeGrant([]byte(`{
		"access_token": "access-1", "refresh_token": "refresh-1", "token_type": "Bearer", "scopes": ["api"],
		"base_url": "https://acme.my.salesforce.com", "issued_at": "2026-11-22T12:00:00Z", "expires_at": "2026-11-22T13:00:00Z"
	}`))
	require.NoError(t, err)
	want := first()
	want.TokenType = "Bearer"
	want.IssuedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	want.ExpiresAt = want.IssuedAt.Add(time.Hour)
	require.Equal(t, want, grant)
}
