package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/api/rest"
	"lockstep/internal/alert"
	"lockstep/internal/crm"
	"lockstep/internal/secret"
)

func TestSecretOfAlertsIsSealedForItsWorkspace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(keyset)
	require.NoError(t, err)
	w := webhooks{rows: b.store, keyring: ring}
	_, _, err = w.Webhook(t.Context(), b.workspace)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	require.Equal(t, crm.KindInvalid, crm.KindOf(w.CheckWebhook(t.Context(), "https://127.0.0.1/")))

	require.NoError(t, w.SetWebhook(t.Context(), b.workspace, "https://a.example", "s3cret", rest.AuditRow{Actor: "api_key", Action: "setAlerts"}))
	url, since, err := w.Webhook(t.Context(), b.workspace)
	require.NoError(t, err)
	require.Equal(t, "https://a.example", url)
	require.False(t, since.IsZero())
	kept, err := b.store.Alerts(t.Context(), b.workspace)
	require.NoError(t, err)
	require.NotContains(t, string(kept.SealedSecret), "s3cret")
	plain, err := ring.Open(kept.SealedSecret, alert.AAD(b.workspace))
	require.NoError(t, err)
	require.Equal(t, "s3cret", string(plain))
	require.NoError(t, w.DropWebhook(t.Context(), b.workspace, rest.AuditRow{Actor: "api_key", Action: "stopAlerts"}))
}
