package main

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestSandboxThatForgotLeadsToEachOfItsCRMs(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	l := &local{face: &face{stdout: &out}, options: upOptions{tour: true}}
	l.sayForgotten()
	require.Contains(t, out.String(), "    starter connect salesforce && starter resync salesforce\n    starter connect hubspot && starter resync hubspot\n")
}

// TestJobTellsOfItsOwnRunAlone has events of days before in the same log.
func TestJobTellsOfItsOwnRunAlone(t *testing.T) {
	t.Parallel()

	run, conn := client.Run{ID: uuid.New()}, live("hubspot")
	env := stub(t, nil, map[string]http.HandlerFunc{"GET /v1/connections/{id}/events": func(w http.ResponseWriter, r *http.Request) {
		page := client.EventPage{Items: []client.Event{{ID: "2", Outcome: "created", ExternalID: "new"}}}
		if r.URL.Query().Get("run") != run.ID.String() {
			page.Items = append(page.Items, client.Event{ID: "1", Outcome: "failed", ExternalID: "old"})
		}
		reply200(w, page)
	}})
	r, err := dialAPI(env["LOCKSTEP_API"], "lsk_test")
	require.NoError(t, err)
	var out bytes.Buffer
	g := &leg{local: &local{face: &face{stdout: &out}}, remote: r}
	require.NoError(t, g.tell(t.Context(), conn, run))
	require.Contains(t, out.String(), " new")
	require.NotContains(t, out.String(), " old")
}
