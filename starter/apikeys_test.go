package main

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestAPIKeyIsIssuedAndItsSecretShownOnce(t *testing.T) {
	t.Parallel()

	var bodies []string
	key := client.NewKey{ID: uuid.New(), Name: "CI", Role: client.RoleStandard, Secret: "lsk_once"}
	env := stub(t, nil, map[string]http.HandlerFunc{"POST /v1/keys": asked(t, &bodies, http.StatusCreated, key)})
	code, stdout, stderr := cli(t, env, "api-keys", "issue", "CI", "--role", "standard")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, []string{`{"name":"CI","role":"standard"}`}, bodies)
	require.Contains(t, stdout, "API key  lsk_once  (shown this once)")
	require.Contains(t, stdout, "`starter api-keys revoke "+key.ID.String()+"` ends it.")

	for _, role := range []string{"", "boss"} {
		code, _, stderr = cli(t, env, "api-keys", "issue", "CI", "--role", role)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, "it is one of admin, revops, operator, crm_owner, standard, spectator")
	}
	_, stdout, _ = cli(t, env, "__complete", "api-keys", "issue", "CI", "--role", "")
	require.Equal(t, "admin\nrevops\noperator\ncrm_owner\nstandard\nspectator\n:4\n", stdout)
}

func TestAPIKeyIsRevokedByIDOrName(t *testing.T) {
	t.Parallel()

	ci, twin, other := keyForCI(), keyForCI(), keyForCI()
	twin.ID, twin.Name = uuid.New(), "twin"
	other.ID, other.Name = uuid.New(), "twin"
	var revoked []string
	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/keys": always(client.KeyList{Items: []client.Key{ci, twin, other}}),
		"DELETE /v1/keys/{key}": func(w http.ResponseWriter, r *http.Request) {
			revoked = append(revoked, r.PathValue("key"))
			w.WriteHeader(http.StatusNoContent)
		},
	})
	for _, name := range []string{"CI", twin.ID.String()} {
		code, stdout, stderr := cli(t, env, "api-keys", "revoke", name)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, "(standard) is revoked")
	}
	require.Equal(t, []string{ci.ID.String(), twin.ID.String()}, revoked)

	for name, problem := range map[string]string{
		"twin": `2 API keys have the name "twin": revoke the one you mean by its id`,
		"ci":   `no API key that is in force has the id or name "ci"`,
	} {
		code, _, stderr := cli(t, env, "api-keys", "revoke", name)
		require.Equal(t, exitFailed, code)
		require.Contains(t, stderr, problem)
	}
	require.Len(t, revoked, 2)

	_, stdout, _ := cli(t, env, "api-keys", "list")
	require.Regexp(t, ci.ID.String()+` +CI +standard +20`, stdout)
}

func TestLastAdminKeyStays(t *testing.T) {
	t.Parallel()

	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/keys":          always(client.KeyList{Items: []client.Key{keyForCI()}}),
		"DELETE /v1/keys/{key}": refuse(client.Problem{Status: http.StatusConflict, Code: "last_admin_key", Title: "Last admin key", Fix: "Issue another first."}),
	})
	code, stdout, stderr := cli(t, env, "api-keys", "revoke", "CI")
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Equal(t, "starter: Last admin key\n  Issue another first.\n", stderr)
}
