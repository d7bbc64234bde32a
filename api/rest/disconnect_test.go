package rest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: S01, S02, S03
func TestDisconnectingHasToBeConfirmed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	path := "/v1/connections/" + c.ID.String() + "/disconnect"

	for body, mapping := range map[string]string{
		"": "clears its field mapping", `{}`: "clears its field mapping", `{"confirm": false}`: "clears its field mapping",
		`{"keep_mapping": true}`: "keeps its field mapping",
	} {
		p := b.ask(t, http.MethodPost, path, body).problem(http.StatusUnprocessableEntity, "confirmation_missing")
		for _, said := range []string{"Acme Inc.", "stops everything", "deletes the stored login", mapping, "stay there", "stay here"} {
			require.Contains(t, p.Detail, said, body)
		}
		require.Contains(t, p.Fix, `"confirm": true`)
	}
	for _, body := range []string{`{"confirm": "yes"}`, `{"confirm": true, "unicorn": 1}`, `true`} {
		b.ask(t, http.MethodPost, path, body).problem(http.StatusBadRequest, "request_invalid")
	}
	require.Empty(t, b.supervisors.told)
}

// FEATURES: S01, S02
func TestDisconnectingIsDoneWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{`{"confirm": true}`: "disconnect false", `{"confirm": true, "keep_mapping": true}`: "disconnect true"} {
		b := setup(t)
		c := b.connection(t, lockstep.StatusLive)
		path := "/v1/connections/" + c.ID.String() + "/disconnect"
		b.supervisors.done = func() {
			require.NoError(t, b.store.Disconnect(t.Context(), c.WorkspaceID, c.ID, "By a person."))
		}

		got := read[Connection](b.ask(t, http.MethodPost, path, body, "Idempotency-Key", "once"), http.StatusOK)
		require.Equal(t, StatusDisconnected, got.Status)
		require.Equal(t, "By a person.", got.StatusReason)
		require.False(t, got.Checklist[0].Done)
		require.Equal(t, []string{want + " once " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)

		again := read[Connection](b.ask(t, http.MethodPost, path, body), http.StatusOK)
		require.Equal(t, got, again, "what is disconnected is")
		require.Len(t, b.supervisors.told, 1)
	}
}
