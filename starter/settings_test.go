package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestSettingsAreChanged(t *testing.T) {
	t.Parallel()

	owners := client.OwnerList{CanList: true, Items: []client.Owner{
		{ID: "7", Name: "Ada", Email: "ada@example.com", Active: true}, {ID: "8", Name: "Gus", Email: "gus@example.com"},
	}}
	for line, want := range map[string]string{
		"--owner none":            `{"owner_id":null}`,
		"--owner 9":               `{"owner_id":"9"}`,
		"--owner Ada@example.com": `{"owner_id":"7"}`,
		"--owner gus@example.com": `{"owner_id":"gus@example.com"}`, // inactive: the API says so
		"--sync-every 90s":        `{"sync_every_seconds":90}`,
		"--off contacts,calls":    `{"syncs":{"calls":false,"contacts":false}}`,
		"--on emails --off calls": `{"syncs":{"calls":false,"emails":true}}`,
		"":                        "",
	} {
		var bodies []string
		changed := live("salesforce")
		id := "7"
		changed.OwnerID = &id
		env := stub(t, []client.Connection{changed}, map[string]http.HandlerFunc{
			"GET /v1/connections/{id}/owners": always(owners),
			"PATCH /v1/connections/{id}":      asked(t, &bodies, http.StatusOK, changed),
		})
		code, stdout, stderr := cli(t, env, strings.Fields("settings "+line)...)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, "given to Ada (7)")
		require.Contains(t, stdout, "every 5m")
		if want == "" {
			require.Empty(t, bodies)
			continue
		}
		require.Equal(t, []string{want}, bodies, line)
	}
}

func TestOwnersAreListed(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/owners": inTurn(client.OwnerList{},
			client.OwnerList{CanList: true, Items: []client.Owner{{ID: "8", Name: "Gus", Email: "gus@example.com"}}}),
	})
	code, stdout, _ := cli(t, env, "owners")
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "`starter discover salesforce` asks.")
	_, stdout, _ = cli(t, env, "owners")
	require.Contains(t, stdout, "inactive")
}

func TestMappingIsApprovedAsItWasLookedAt(t *testing.T) {
	t.Parallel()

	var bodies []string
	mapping := client.Mapping{
		Object: client.ObjectContact, Type: "Contact", Version: 4,
		Rules:  []client.MappingRule{{Field: "email", Target: "Email"}, {Fixed: "Lockstep", Target: "LeadSource"}},
		Issues: []client.MappingIssue{{Target: "LeadSource", Message: "It is not in the list."}},
	}
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/mapping":          always(mapping),
		"POST /v1/connections/{id}/mapping/approve": asked(t, &bodies, http.StatusOK, live("salesforce")),
	})
	code, stdout, stderr := cli(t, env, "mapping", "salesforce")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "version 4: nobody has approved it yet")
	require.Contains(t, stdout, "always \"Lockstep\"  → LeadSource")
	require.Contains(t, stdout, "! LeadSource: It is not in the list.")
	code, stdout, stderr = cli(t, env, "mapping", "approve", "salesforce")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Version 4 of the mapping of contacts is approved.")
	_, _, _ = cli(t, env, "mapping", "approve", "--version", "3")
	require.Equal(t, []string{`{"version":4}`, `{"version":3}`}, bodies)
}
