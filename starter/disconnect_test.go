package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestDisconnectKeepsTheMappingWhenAsked(t *testing.T) {
	t.Parallel()

	var bodies []string
	env := stub(t, []client.Connection{live("hubspot")}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/disconnect": asked(t, &bodies, http.StatusOK, connectionTo("hubspot", true)),
	})
	code, stdout, stderr := cli(t, env, "disconnect", "--yes", "--keep-mapping")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, []string{`{"confirm":true,"keep_mapping":true}`}, bodies)
	require.Contains(t, stdout, "No record was deleted.")
	require.Contains(t, stdout, "`starter connect hubspot`")
}

func TestDisconnectNeverGuessesWhich(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("hubspot"), live("salesforce")}, nil)
	env["LOCKSTEP_DIR"] = noticed(t, notice{API: env["LOCKSTEP_API"], Vendor: "hubspot"})
	delete(env, "LOCKSTEP_API_KEY")
	code, _, stderr := cli(t, env, "disconnect", "--yes")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "name the one you mean")
}

func TestDisconnectSaysWhatItWouldDoAndAsks(t *testing.T) {
	t.Parallel()

	conn := live("hubspot")
	env := stub(t, nil, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/disconnect": refuse(client.Problem{Code: unconfirmed, Status: http.StatusUnprocessableEntity, Detail: "It stops everything."}),
	})
	r, err := dialAPI(env["LOCKSTEP_API"], "lsk_test")
	require.NoError(t, err)
	for said, done := range map[string]bool{"y\n": true, "YES\n": true, "\n": false, "": false, "maybe\n": false} {
		var out bytes.Buffer
		f := &face{stdin: strings.NewReader(said), stdout: &out}
		err := f.confirmDisconnect(t.Context(), r, conn, false)
		require.Contains(t, out.String(), "It stops everything.\nDisconnect Hubspot? [y/N]")
		if done {
			require.NoError(t, err, said)
		} else {
			require.EqualError(t, err, "nothing was done", said)
		}
	}
}

func TestDisconnectIsRefusedWhereNobodyCanBeAsked(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("hubspot")}, nil) // and none to disconnect
	code, _, stderr := cli(t, env, "disconnect")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "no terminal to ask at")
	require.Contains(t, stderr, "--yes")
}
