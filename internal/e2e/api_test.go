package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
	"lockstep/internal/lockstep"
	"lockstep/internal/stack"
)

// frontDoor is an API process of a world, and an admin's client of it.
type frontDoor struct {
	*stack.API
	*client.ClientWithResponses
}

// startAPI starts an API process beside the world's worker.
func (w *world) startAPI(t testing.TB) frontDoor {
	t.Helper()
	api, err := stack.StartAPI(t.Context(), stack.ServiceConfig{
		Name: "api", Bin: binary("api"), Log: filepath.Join(w.dir, "api.log"), Env: w.env,
	}, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Kill()) })
	admin, err := client.New(api.URL, w.key, &http.Client{Timeout: time.Minute})
	require.NoError(t, err)
	return frontDoor{API: api, ClientWithResponses: admin}
}

// upload loads records from a body and returns what became of them.
func (d frontDoor) upload(t testing.TB, key string, body io.Reader) (*client.LoadReport, error) {
	t.Helper()
	answer, err := d.LoadRecordsWithBodyWithResponse(t.Context(), &client.LoadRecordsParams{IdempotencyKey: &key}, "application/x-ndjson", body)
	if err != nil {
		return nil, fmt.Errorf("uploading: %w", err)
	}
	require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
	return answer.JSON200, nil
}

// lines returns contacts with the numbers from and up to to, as NDJSON.
func lines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, `{"external_id":"C-%05d","first_name":"Ada","last_name":"Number %d","email":"c%05d@example.com"}`+"\n", i, i, i)
	}
	return b.String()
}

// FEATURES: V03
func TestWhatAnAPIThatDiedWasAskedIsDoneOnceWhenItIsAskedAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		const early, all = 1000, 2000
		w := begin(t, options{vendor: v})
		api := w.startAPI(t)
		report, err := api.upload(t, "first", strings.NewReader(lines(0, early)))
		require.NoError(t, err)
		require.Equal(t, early, report.Created)
		importing, proving := "import", "prove"
		choose := func() (*client.ChooseStartingPointResponse, error) {
			return api.ChooseStartingPointWithResponse(t.Context(), w.conn.ID, &client.ChooseStartingPointParams{IdempotencyKey: &importing},
				client.ChooseStartingPointJSONRequestBody{Choice: client.StartingPointImport})
		}
		prove := func() (*client.SendTestContactResponse, error) {
			return api.SendTestContactWithResponse(t.Context(), w.conn.ID, &client.SendTestContactParams{IdempotencyKey: &proving})
		}

		require.NoError(t, w.worker.Kill()) // so that nothing is answered yet
		half, halfWay := io.Pipe()
		var asked sync.WaitGroup
		failures := make([]error, 3)
		asked.Go(func() { _, failures[0] = api.upload(t, "second", half) })
		asked.Go(func() { _, failures[1] = choose() })
		asked.Go(func() { _, failures[2] = prove() })
		_, err = io.WriteString(halfWay, lines(early, (early+all)/2))
		require.NoError(t, err)
		w.eventually(t, "all of it to be in the middle", func() bool { return w.unanswered(t) == len(failures) })
		require.NoError(t, api.Kill())
		require.NoError(t, halfWay.Close())
		asked.Wait()
		for _, err := range failures {
			require.Error(t, err)
		}

		require.NoError(t, w.worker.Restart(t.Context()))
		require.NoError(t, api.Restart(t.Context()))
		asked.Go(func() {
			report, failures[0] = api.upload(t, "second", strings.NewReader(lines(early, all)))
		})
		var chosen *client.ChooseStartingPointResponse
		asked.Go(func() { chosen, failures[1] = choose() })
		var proof *client.SendTestContactResponse
		asked.Go(func() { proof, failures[2] = prove() })
		asked.Wait()
		for _, err := range failures {
			require.NoError(t, err)
		}
		require.Equal(t, all-early, report.Accepted)
		require.Zero(t, report.Rejected)
		require.NotNil(t, proof.JSON200, string(proof.Body))
		require.NotNil(t, chosen.JSON200, string(chosen.Body))
		require.NotNil(t, chosen.JSON200.RunID)

		require.Equal(t, lockstep.RunCompleted, w.finish(t, *chosen.JSON200.RunID).State)
		w.sync(t) // what the import had not seen yet
		require.Len(t, w.ended(t, lockstep.RunImport), 1)
		require.Len(t, w.landed(t), all+1, "and the test contact")
		w.requireLanded(t)
	})
}

// unanswered counts the requests that are at work.
func (w *world) unanswered(t testing.TB) int {
	t.Helper()
	var n int
	require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT count(*) FROM requests WHERE workspace_id = $1 AND answer IS NULL`, w.conn.WorkspaceID).Scan(&n))
	return n
}
