package crmtest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func fieldsSayWhatMayBeWritten(t *testing.T, h Harness) {
	s := need[crm.Schema](t, h)
	fields, err := s.Fields(t.Context(), h.Type)
	require.NoError(t, err)

	byName := make(map[string]crm.Field, len(fields))
	for _, f := range fields {
		require.NotContains(t, byName, f.Name)
		require.NotEmpty(t, f.Label, f.Name)
		require.NotEmpty(t, f.Type, f.Name)
		byName[f.Name] = f
	}
	require.Equal(t, crm.TypeEmail, byName[h.Email].Type)
	for name := range h.Person(email(0)) {
		require.True(t, byName[name].Creatable, name)
		require.True(t, byName[name].Updatable, name)
	}
	for name, f := range byName {
		if f.Required {
			require.Contains(t, h.Person(email(0)), name, "a create without it is refused")
		}
	}
}

func provisioningTwiceChangesNothing(t *testing.T, h Harness) {
	s := need[crm.Schema](t, h)
	before, err := s.Fields(t.Context(), h.Type)
	require.NoError(t, err)
	require.NoError(t, s.Provision(t.Context(), h.Type))
	once, err := s.Fields(t.Context(), h.Type)
	require.NoError(t, err)
	require.NoError(t, s.Provision(t.Context(), h.Type))
	twice, err := s.Fields(t.Context(), h.Type)
	require.NoError(t, err)

	require.Equal(t, once, twice)
	added := slices.DeleteFunc(once, func(f crm.Field) bool {
		return slices.ContainsFunc(before, func(b crm.Field) bool { return b.Name == f.Name })
	})
	require.Len(t, added, 1)
	require.True(t, added[0].Unique)
	require.True(t, added[0].Creatable)
	require.True(t, added[0].Updatable)
	require.False(t, added[0].Required)
}

func missingFieldIsNamed(t *testing.T, h Harness) {
	need[crm.Schema](t, h)
	w := need[crm.Writer](t, h)
	_, err := w.Write(t.Context(), h.people(0, 2))

	var e *crm.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, crm.ReasonExternalID, e.Reason)
}
