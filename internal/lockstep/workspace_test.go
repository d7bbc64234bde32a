package lockstep

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func TestNamesAreReadable(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"", " ", "\t\n", "\u00a0\u2003", "a\x00b", "two\nlines", "\x1b[31mred", "\xff", strings.Repeat("é", 101)} {
		_, err := NewWorkspace(name)
		require.Equal(t, crm.KindInvalid, crm.KindOf(err), "%q", name)
		require.EqualError(t, err, "naming the workspace: invalid: a name has from 1 to 100 characters, not all of them blanks and none a control character")
		_, _, err = NewAPIKey(uuid.New(), name, RoleAdmin)
		require.Equal(t, crm.KindInvalid, crm.KindOf(err), "%q", name)
		require.ErrorContains(t, err, "naming the key: invalid: a name has from 1 to 100 characters")
	}
	for _, name := range []string{"a", "Acme GmbH & Co. KG", "日本", strings.Repeat("é", 100)} {
		w, err := NewWorkspace(name)
		require.NoError(t, err)
		require.Equal(t, name, w.Name)
		k, _, err := NewAPIKey(w.ID, name, RoleAdmin)
		require.NoError(t, err)
		require.Equal(t, name, k.Name)
	}
}
