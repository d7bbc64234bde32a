package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// feed is a run's events as a client reads them.
type feed struct {
	*bufio.Reader

	t *testing.T
}

// event returns the next event's name and run.
func (f feed) event() (name string, run Run) {
	f.t.Helper()
	for {
		line, err := f.ReadString('\n')
		require.NoError(f.t, err)
		if after, ok := strings.CutPrefix(line, "event: "); ok {
			name = strings.TrimSpace(after)
		}
		if after, ok := strings.CutPrefix(line, "data: "); ok {
			require.NoError(f.t, json.Unmarshal([]byte(after), &run))
			return name, run
		}
	}
}

// follow follows a run over a real connection.
func (b *bundle) follow(ctx context.Context, t *testing.T, run uuid.UUID) feed {
	t.Helper()
	server := httptest.NewServer(b.handler)
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/runs/"+run.String()+"/progress", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+b.tenant.key)
	resp, err := server.Client().Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	return feed{bufio.NewReader(resp.Body), t}
}

func TestRunIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) { s.lookout.every = time.Millisecond })
	load(t, b, "external_id\n1\n2\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	first, second := b.follow(t.Context(), t, run.ID), b.follow(t.Context(), t, run.ID)
	for _, f := range []feed{first, second} {
		name, got := f.event()
		require.Equal(t, "progress", name)
		require.EqualValues(t, 2, got.Counts.Total)
		require.Zero(t, got.Counts.Done)
	}

	lease := lockstep.Lease{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, RunID: run.ID, Epoch: c.Epoch, Token: uuid.New()}
	claimed, err := b.store.Claim(t.Context(), lease, uuid.Nil, 1, time.Minute)
	require.NoError(t, err)
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{{RecordID: claimed[0].RecordID, Revision: 1, Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1"}})
	require.NoError(t, err)
	for _, f := range []feed{first, second} {
		_, got := f.event()
		require.EqualValues(t, 1, got.Counts.Done)
	}

	_, err = b.store.FinishRun(t.Context(), run, lockstep.RunCancelled, "")
	require.NoError(t, err)
	for _, f := range []feed{first, second} {
		name, got := f.event()
		require.Equal(t, "end", name)
		require.Equal(t, RunStateCancelled, got.State)
		_, err := f.ReadString('x')
		require.Error(t, err, "nothing comes after the end")
	}
	a := b.ask(t, http.MethodGet, "/v1/runs/"+run.ID.String()+"/progress", "")
	require.Equal(t, http.StatusOK, a.Code)
	require.True(t, strings.HasPrefix(a.Body.String(), "event: end\n"), "what has ended is told once")
}

func TestFollowingEndsWithTheFollowerAndTheService(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	b := setup(t, func(s *Server) { s.lookout.every, s.Done = time.Millisecond, done })
	load(t, b, "external_id\n1\n")
	run := b.run(t, b.connection(t, lockstep.StatusLive))
	followed := func() int {
		b.server.lookout.mu.Lock()
		defer b.server.lookout.mu.Unlock()
		return len(b.server.lookout.followers)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.follow(ctx, t, run.ID).event()
	second := b.follow(t.Context(), t, run.ID)
	second.event()
	require.Equal(t, 2, followed())

	cancel()
	require.Eventually(t, func() bool { return followed() == 1 }, 10*time.Second, time.Millisecond)
	close(done)
	_, err := second.ReadString('x')
	require.Error(t, err)
	require.Eventually(t, func() bool {
		b.server.lookout.mu.Lock()
		defer b.server.lookout.mu.Unlock()
		return !b.server.lookout.looking
	}, 10*time.Second, time.Millisecond, "nobody looks when nobody follows")
}

func TestAnotherWorkspacesRunIsNotFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n")
	run := b.run(t, b.connection(t, lockstep.StatusLive))
	b.tenant = b.newTenant(t)

	b.ask(t, http.MethodGet, "/v1/runs/"+run.ID.String()+"/progress", "").problem(http.StatusNotFound, "not_found")
}
