package crmtest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func identityIsStable(t *testing.T, h Harness) {
	require.NoError(t, h.Connector.Check(t.Context()))
	first, err := h.Connector.Identify(t.Context())
	require.NoError(t, err)
	second, err := h.Connector.Identify(t.Context())
	require.NoError(t, err)

	require.Equal(t, first, second)
	require.NotEmpty(t, first.ID)
	require.NotEmpty(t, first.Name)
	require.NotEqual(t, h.Anonymous, first.UserID != "")
	require.Contains(t, []crm.Environment{crm.Production, crm.Sandbox}, first.Environment)
}

func revokedGrantIsUnauthorized(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	h.Revoke(t)

	require.Equal(t, crm.KindUnauthorized, crm.KindOf(h.Connector.Check(t.Context())))
	_, err := h.Connector.Identify(t.Context())
	require.Equal(t, crm.KindUnauthorized, crm.KindOf(err))
	outcomes, err := w.Write(t.Context(), h.people(0, 1))
	require.Equal(t, crm.KindUnauthorized, crm.KindOf(err))
	require.Empty(t, outcomes)
}

func grantIsWithdrawnOnce(t *testing.T, h Harness) {
	r := need[crm.Revoker](t, h)

	require.NoError(t, r.Revoke(t.Context(), h.RefreshToken))
	if !h.AccessOutlives {
		require.Equal(t, crm.KindUnauthorized, crm.KindOf(h.Connector.Check(t.Context())))
	}
	require.NoError(t, r.Revoke(t.Context(), h.RefreshToken), "a token that is dead already is no error")
}

func recordHasAPage(t *testing.T, h Harness) {
	require.Contains(t, h.Connector.RecordURL(h.Type, "the-id"), "the-id")
}

func ownersIncludeTheUser(t *testing.T, h Harness) {
	d := need[crm.Directory](t, h)
	account, err := h.Connector.Identify(t.Context())
	require.NoError(t, err)
	owners, err := d.Owners(t.Context())
	require.NoError(t, err)

	i := slices.IndexFunc(owners, func(o crm.Owner) bool { return h.Anonymous || o.ID == account.UserID })
	require.GreaterOrEqual(t, i, 0)
	require.True(t, owners[i].Active)
	require.NotEmpty(t, owners[i].Name)
}
