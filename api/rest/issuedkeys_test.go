package rest

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// FEATURES: G01
func TestKeysAreIssuedAndRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := read[KeyList](b.ask(t, http.MethodGet, "/v1/keys", ""), http.StatusOK).Items
	require.Len(t, first, 1)
	create := func() answer {
		return b.ask(t, http.MethodPost, "/v1/keys", `{"name": "reader", "role": "spectator"}`, "Idempotency-Key", "once")
	}

	issued := create()
	key := read[NewKey](issued, http.StatusCreated)
	require.Regexp(t, "^lsk_[a-z2-7]{52}$", key.Secret)
	require.Equal(t, issued.Body.String(), create().Body.String())
	list := b.ask(t, http.MethodGet, "/v1/keys", "")
	require.Len(t, read[KeyList](list, http.StatusOK).Items, 2)
	require.NotContains(t, list.Body.String(), key.Secret)
	as := func(method, path, body string) answer {
		return b.ask(t, method, path, body, "Authorization", "Bearer "+key.Secret)
	}
	require.Equal(t, RoleSpectator, read[Workspace](as(http.MethodGet, "/v1/workspace", ""), http.StatusOK).Role)
	for _, path := range []string{"/v1/keys", "/v1/audit"} {
		as(http.MethodGet, path, "").problem(http.StatusForbidden, "role_forbidden")
	}

	b.ask(t, http.MethodDelete, "/v1/keys/"+first[0].ID.String(), "").problem(http.StatusConflict, "last_admin_key")
	require.Equal(t, http.StatusNoContent, b.ask(t, http.MethodDelete, "/v1/keys/"+key.ID.String(), "").Code)
	b.ask(t, http.MethodDelete, "/v1/keys/"+key.ID.String(), "").problem(http.StatusNotFound, "not_found")
	as(http.MethodGet, "/v1/workspace", "").problem(http.StatusUnauthorized, "unauthenticated")
	log := audited(t, b)
	require.Len(t, log, 2)
	require.Equal(t, []string{"createKey", "role spectator", "revokeKey"}, []string{log[0].Action, log[0].Detail, log[1].Action})
	require.Equal(t, []string{"key/" + key.ID.String(), "key/" + key.ID.String()}, []string{log[0].Target, log[1].Target})

	for _, body := range []string{`{}`, `{"name": "x"}`, `{"name": "", "role": "admin"}`, `{"name": "x", "role": "king"}`, `{"name": "x", "role": "admin", "id": "` + uuid.NewString() + `"}`} {
		b.ask(t, http.MethodPost, "/v1/keys", body).problem(http.StatusBadRequest, "request_invalid")
	}
	owner := first[0].ID
	b.tenant = b.newTenant(t)
	b.ask(t, http.MethodDelete, "/v1/keys/"+owner.String(), "").problem(http.StatusNotFound, "not_found")
}
