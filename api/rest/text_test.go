package rest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// PostgreSQL keeps no text with NUL in it.
func TestNULInABodyIsRefusedWhereItStands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusReady)
	require.NoError(t, b.store.PutSchema(t.Context(), b.tenant.ID, c.ID, "Lead", []crm.Field{{Name: "Title", Type: crm.TypeText, Creatable: true, Updatable: true}}))
	require.NoError(t, b.store.PutMapping(t.Context(), b.tenant.ID, c.ID, lockstep.Mapping{Object: crm.Contact, Type: "Lead", Version: 1}))
	for _, tt := range []struct{ method, target, body, where string }{
		{http.MethodPost, "/v1/keys", `{"name": "a\u0000b", "role": "admin"}`, "body.name"},
		{http.MethodPut, "/v1/alerts", `{"url": "https://a\u0000"}`, "body.url"},
		{http.MethodPost, "/v1/connections", `{"vendor": "salesforce", "targets": {"\u0000": "Lead"}}`, "body.targets"},
		{http.MethodPut, "/v1/connections/" + c.ID.String() + "/mapping", `{"rules": [{"target": "Title", "fixed": "x"}, {"target": "Title", "fixed": "\u0000"}]}`, "body.rules.1.fixed"},
		{http.MethodPatch, "/v1/connections/" + c.ID.String(), `{"owner_id": "\u0000"}`, "body.owner_id"},
	} {
		p := b.ask(t, tt.method, tt.target, tt.body, "If-Match", `"1"`).problem(http.StatusBadRequest, codeRequestInvalid)
		require.NotNil(t, p.Errors, tt.target)
		require.Equal(t, []RequestError{{Where: tt.where, Message: "holds the character NUL"}}, *p.Errors, tt.target)
	}
	named := read[NewKey](b.ask(t, http.MethodPost, "/v1/keys", `{"name": "a\\u0000b", "role": "admin"}`), http.StatusCreated)
	require.Equal(t, `a\u0000b`, named.Name, "a backslash is none")
}

func TestWhatStandsBehindABodyIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, rest := range []string{" trailing", ` "\u0000"`, `{"vendor": "hubspot"}`} {
		p := b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`+rest).problem(http.StatusBadRequest, "request_invalid")
		require.NotNil(t, p.Errors, rest)
	}
	require.Empty(t, read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK).Items)
}
