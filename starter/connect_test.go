package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestConnectSignsInAgainToWhatIsNamedOrLacksScopes(t *testing.T) {
	t.Parallel()

	then, now := time.Now().Add(-time.Hour), time.Now()
	well, lacking := live("hubspot"), live("hubspot")
	well.ConnectedAt, lacking.ConnectedAt = &then, &then
	lacking.MissingScopes = &[]string{"crm.schemas.contacts.write"}
	for name, want := range map[string]client.Connection{well.ID.String(): well, lacking.ID.String(): lacking, "hubspot": lacking} {
		again := want
		again.ConnectedAt = &now
		env := stub(t, []client.Connection{well, lacking}, map[string]http.HandlerFunc{
			"POST /v1/connections/" + want.ID.String() + "/authorize": always(client.Authorization{AuthorizeURL: "http://crm.example/again", ExpiresAt: now.Add(time.Hour)}),
			"GET /v1/connections/" + want.ID.String():                 inTurn(want, again),
		})
		code, stdout, stderr := cli(t, env, "connect", name)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, "http://crm.example/again")
	}
}

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

func TestConnectToWhatIsConnectedAndWellSaysSo(t *testing.T) {
	t.Parallel()

	well, other := live("salesforce"), live("salesforce")
	env := stub(t, []client.Connection{well, other}, nil) // and none can be made
	code, stdout, stderr := cli(t, env, "connect", "salesforce")
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "Salesforce, Acme (production): live; `starter connect "+well.ID.String()+"` signs in to it again")
	require.Contains(t, stderr, other.ID.String())
	require.Contains(t, stderr, "`starter connect salesforce --new` connects another account")
}

func TestSignInThatCameToNothingEndsTheWait(t *testing.T) {
	t.Parallel()

	before := client.Event{ID: "8", Outcome: signInFailed, Detail: "Of another day."}
	denied := client.Event{ID: "12", Outcome: signInFailed, Detail: "Nobody has signed in yet; the last try ended with: Consent not given."}
	refused := client.Event{ID: "11", Outcome: signInRefused, Detail: "You signed in to Beta.", Problem: &client.Explanation{Meaning: "It is another account.", Fix: "Use the right one."}}
	for want, news := range map[string][]client.Event{
		"the sign-in came to nothing. Nobody has signed in yet; the last try ended with: Consent not given.\nRun the command again for a new link": {denied},
		"the sign-in came to nothing. You signed in to Beta. It is another account. Use the right one.\n":                                          {denied, refused},
	} {
		conn := connectionTo("salesforce", false)
		env := stub(t, []client.Connection{conn}, map[string]http.HandlerFunc{
			"POST /v1/connections/{id}/authorize": always(client.Authorization{AuthorizeURL: "http://crm.example", ExpiresAt: time.Now().Add(time.Hour)}),
			"GET /v1/connections/{id}":            always(conn),
			"GET /v1/connections/{id}/events":     inTurn(client.EventPage{Items: []client.Event{before}}, client.EventPage{Items: []client.Event{before}}, client.EventPage{Items: append(news, before)}),
		})
		code, _, stderr := cli(t, env, "connect", "salesforce")
		require.Equal(t, exitFailed, code)
		require.Contains(t, stderr, want)
	}
}
