package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestClientPresentsItsKey(t *testing.T) {
	t.Parallel()
	var presented []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		presented = append(presented, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status": "ok", "checks": {}}`))
	}))
	defer api.Close()

	for _, key := range []string{"lsk_x", ""} {
		c, err := client.New(api.URL, key, api.Client())
		require.NoError(t, err)
		answer, err := c.GetHealthWithResponse(t.Context())
		require.NoError(t, err)
		require.Equal(t, client.HealthStatusOK, answer.JSON200.Status)
	}
	require.Equal(t, []string{"Bearer lsk_x", ""}, presented)
}

func TestProblemIsAnErrorThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"code": "import_open", "title": "Import under way", "detail": "An import has not ended.", "fix": "Wait.", "status": 409, "type": "t", "instance": "i"}`))
	}))
	defer api.Close()
	c, err := client.New(api.URL, "", api.Client())
	require.NoError(t, err)

	answer, err := c.ListConnectionsWithResponse(t.Context())
	require.NoError(t, err)
	require.EqualError(t, answer.ApplicationProblemJSONDefault, "Import under way: An import has not ended. Wait.")
	require.EqualError(t, &client.Problem{Title: "Gone"}, "Gone")
}
