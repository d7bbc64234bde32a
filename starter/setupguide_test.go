package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestSetupGuideIsDismissedAndHadBack(t *testing.T) {
	t.Parallel()

	for name, dismissed := range map[string]bool{"dismiss": true, "restore": false} {
		var bodies []string
		env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
			"PUT /v1/connections/{id}/guide": asked(t, &bodies, http.StatusOK, client.Guide{Dismissed: dismissed}),
		})
		code, stdout, stderr := cli(t, env, "guide", name)
		require.Equal(t, exitOK, code, stderr)
		require.Equal(t, []string{map[bool]string{true: `{"dismissed":true}`, false: `{"dismissed":false}`}[dismissed]}, bodies)
		require.Contains(t, stdout, map[bool]string{true: "Nobody in the workspace is shown", false: "is shown again"}[dismissed])
	}
}
