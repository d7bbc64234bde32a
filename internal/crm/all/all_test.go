package all_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/all"
)

func TestEveryVendorIsDescribed(t *testing.T) {
	t.Parallel()

	for name, f := range all.Factories() {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()

			require.Equal(t, name, f.Vendor)
			require.NotEmpty(t, f.Label)
			require.NotEmpty(t, f.Types[crm.Contact])
			require.NotEmpty(t, f.ExternalIDField)
			require.Positive(t, f.Limits.WriteBatch)
			require.Positive(t, f.Limits.FindBatch)
			require.Positive(t, f.Limits.ListPage)
			require.Positive(t, f.Limits.Concurrency)
			require.NotNil(t, f.Open)
			for _, secretGoesTo := range []string{f.OAuth.Endpoint.TokenURL, f.OAuth.RevokeURL} {
				require.NoError(t, adapter.Allowed(secretGoesTo, f.Hosts, ""))
			}
		})
	}
}
