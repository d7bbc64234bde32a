package rest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// FEATURES: B02
func TestGuideIsDismissedPerConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, other := b.connection(t, lockstep.StatusLive), b.connection(t, lockstep.StatusLive)
	path := "/v1/connections/" + c.ID.String()

	require.False(t, read[Connection](b.ask(t, http.MethodGet, path, ""), http.StatusOK).GuideDismissed)
	require.True(t, read[Guide](b.ask(t, http.MethodPut, path+"/guide", `{"dismissed": true}`), http.StatusOK).Dismissed)
	for _, shown := range read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK).Items {
		require.Equal(t, shown.ID == c.ID, shown.GuideDismissed)
		require.Len(t, shown.Checklist, 4)
	}
	require.False(t, read[Guide](b.ask(t, http.MethodPut, path+"/guide", `{"dismissed": false}`), http.StatusOK).Dismissed)
	require.False(t, read[Connection](b.ask(t, http.MethodGet, path, ""), http.StatusOK).GuideDismissed)
	require.NotEqual(t, c.ID, other.ID)
	require.Len(t, audited(t, b), 2)
	for _, body := range []string{`{}`, `{"dismissed": "yes"}`, `{"dismissed": null}`} {
		b.ask(t, http.MethodPut, path+"/guide", body).problem(http.StatusBadRequest, "request_invalid")
	}
}
