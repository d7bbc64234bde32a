package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestRunIsFollowedPastAnAPIThatIsAway(t *testing.T) {
	t.Parallel()

	looks := importOf(client.RunStateCompleted)
	conn := connectionTo("salesforce", true)
	conn.CurrentRun = &looks[0]
	away := []http.HandlerFunc{
		refuse(client.Problem{Status: http.StatusServiceUnavailable, Title: "The database is away"}),
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no upstream", http.StatusBadGateway) },
		always(looks[2]),
	}
	env := stub(t, []client.Connection{conn}, map[string]http.HandlerFunc{"GET /v1/runs/{id}": func(w http.ResponseWriter, r *http.Request) {
		away[0](w, r)
		away = away[min(1, len(away)-1):]
	}})
	code, stdout, stderr := cli(t, env, "import")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "10 records: 9 created, 1 failed.")
}

// absent is an API that answers 503 for ever.
type absent struct{ asked int }

func (a *absent) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked++
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Status: "503 Service Unavailable", Request: r,
		Header: http.Header{"Content-Type": {"application/problem+json"}}, Body: io.NopCloser(strings.NewReader(`{"status":503,"title":"The database is away"}`)),
	}, nil
}

func TestFollowingThatIsGivenUpSaysThatTheRunGoesOn(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		api := &absent{}
		c, err := client.New("http://api.example", "lsk_test", &http.Client{Transport: api})
		require.NoError(t, err)
		var out bytes.Buffer
		f := &face{stdout: &out, stderr: io.Discard}
		err = f.finish(context.Background(), &remote{ClientWithResponses: c}, importOf(client.RunStateCompleted)[0].ID, "import", false)
		require.ErrorContains(t, err, "The database is away")
		require.Greater(t, api.asked, int(goneFor/lookEvery)/2, "it is asked for a while")
		require.Contains(t, out.String(), "The import goes on without you. `starter status` tells how far it is")
	})
}

func TestProgressInLinesSaysOnePercentage(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	p := (&face{stdout: &out, stderr: io.Discard}).progress(10, "import")
	p.next = p.next.Add(-lineEvery)
	p.of(20)
	p.show(4, far(client.Run{Counts: client.Counts{Total: 20, Done: 4}, Progress: client.Progress{Percent: 39.6, Rate: 3}}))
	require.Equal(t, "  20 %: 4 of 20, 3 a second\n", out.String())
}
