package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestConnectGoesOnWithWhatWaitsForASignIn(t *testing.T) {
	t.Parallel()

	gone := connectionTo("salesforce", true)
	gone.Status = client.StatusDisconnected
	back, now := gone, time.Now()
	back.Status, back.ConnectedAt = client.StatusReady, &now
	fresh := connectionTo("salesforce", true)
	link := client.Authorization{AuthorizeURL: "http://crm.example/again", ExpiresAt: now.Add(time.Hour)}
	for _, args := range [][]string{{"connect", "salesforce"}, {"connect", "salesforce", "--new"}} {
		env := stub(t, []client.Connection{gone}, map[string]http.HandlerFunc{
			"POST /v1/connections/{id}/authorize": always(link),
			"POST /v1/connections": func(w http.ResponseWriter, _ *http.Request) {
				waiting := fresh
				waiting.Status = client.StatusConnecting
				replyWith(w, http.StatusCreated, signIn{Connection: waiting, Authorization: client.Authorization{AuthorizeURL: "http://crm.example/new", ExpiresAt: now.Add(time.Hour)}})
			},
			"GET /v1/connections/" + gone.ID.String():  always(back),
			"GET /v1/connections/" + fresh.ID.String(): always(fresh),
		})
		code, stdout, stderr := cli(t, env, args...)
		require.Equal(t, exitOK, code, stderr)
		if len(args) == 2 {
			require.Contains(t, stdout, link.AuthorizeURL)
		} else {
			require.Contains(t, stdout, "http://crm.example/new")
		}
		require.Contains(t, stdout, "Salesforce, Acme (production): ready")
	}
}
