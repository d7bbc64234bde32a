package rest

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

func TestRunShowsHowFarItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n3\n4\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	lease := lockstep.Lease{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, RunID: run.ID, Epoch: c.Epoch, Token: uuid.New()}
	claimed, err := b.store.Claim(t.Context(), lease, uuid.Nil, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 4)
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{
		{RecordID: claimed[0].RecordID, Revision: 1, Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1"},
		{RecordID: claimed[1].RecordID, Revision: 1, Outcome: lockstep.OutcomeFailed, Problem: lockstep.Code(crm.ReasonValueInvalid), Detail: "no such thing"},
	})
	require.NoError(t, err)

	got := read[Run](b.ask(t, http.MethodGet, "/v1/runs/"+run.ID.String(), ""), http.StatusOK)
	require.Equal(t, Counts{Total: 4, Done: 2, Landed: 1, Created: 1, Failed: 1}, got.Counts)
	require.InDelta(t, 50, got.Progress.Percent, 0)
	require.Equal(t, RunStateRunning, got.State)
	require.NotNil(t, got.FirstClaimAt)
	require.Equal(t, "http://ui.example/namespaces/default/workflows/import%2F"+c.ID.String(), *got.TemporalURL)
	list := read[RunList](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/runs?limit=1", ""), http.StatusOK)
	require.Equal(t, run.ID, list.Items[0].ID)

	events := read[EventPage](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/events?outcome=failed&run="+run.ID.String(), ""), http.StatusOK)
	require.Len(t, events.Items, 1)
	e := events.Items[0]
	require.Equal(t, "2", e.ExternalID)
	require.Equal(t, "no such thing", e.Detail)
	require.Equal(t, explanation(lockstep.Explain(lockstep.Code(crm.ReasonValueInvalid))), *e.Problem)
	events = read[EventPage](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/events?problem=locked", ""), http.StatusOK)
	require.Empty(t, events.Items)
}

func TestCancellingTellsTheRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	path := "/v1/runs/" + run.ID.String() + "/cancel"

	got := read[Run](b.ask(t, http.MethodPost, path, ""), http.StatusAccepted)
	require.Equal(t, RunStateCancelled, got.State)
	require.Equal(t, cancelReason, got.Reason)
	require.Nil(t, got.FinishedAt, "its workflow ends it")
	require.Equal(t, []string{"look " + flow.ImportID(c.ID)}, b.supervisors.told)

	b.supervisors.gone = true
	got = read[Run](b.ask(t, http.MethodPost, path, ""), http.StatusAccepted)
	require.NotNil(t, got.FinishedAt, "there is no workflow to do it")
	require.EqualValues(t, 1, got.Counts.Skipped)
	require.Equal(t, got, read[Run](b.ask(t, http.MethodPost, path, ""), http.StatusAccepted), "again changes nothing")
}

// begun adds an open run of a kind to c, which has one record.
func (b *bundle) begun(t *testing.T, c lockstep.Connection, kind lockstep.RunKind) lockstep.Run {
	t.Helper()
	run := lockstep.Run{ID: uuid.Must(uuid.NewV7()), WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, Kind: kind, LinkUp: lockstep.LinkUpKeys}
	switch kind {
	case lockstep.RunImport:
		return b.run(t, c)
	case lockstep.RunRetry:
		b.fail(t, c)
		run, err := b.store.BeginRetry(t.Context(), run, "")
		require.NoError(t, err)
		return run
	case lockstep.RunSync:
		require.NoError(t, b.store.PutMapping(t.Context(), c.WorkspaceID, c.ID, lockstep.Mapping{Object: crm.Contact, Type: "Lead", Version: 1}))
		load(t, b, "external_id,Email\n1,"+run.ID.String()+"@example.com\n")
		run, err := b.store.BeginSync(t.Context(), run, nil, time.Minute, 10)
		require.NoError(t, err)
		return run
	case lockstep.RunTestContact:
		contact := lockstep.Record{ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: "test", Fields: make(map[string]any)}
		_, err := b.store.BeginTest(t.Context(), run, contact)
		require.NoError(t, err)
	}
	run, err := b.store.Run(t.Context(), c.WorkspaceID, run.ID)
	require.NoError(t, err)
	return run
}

// fail imports the records there are into c, and all of them fail.
func (b *bundle) fail(t *testing.T, c lockstep.Connection) {
	t.Helper()
	b.settle(t, c, func(_ int, row lockstep.Claimed) lockstep.Settlement {
		return lockstep.Settlement{RecordID: row.RecordID, Revision: row.Revision, Outcome: lockstep.OutcomeFailed, Problem: "validation_rule", Detail: "no"}
	})
}

// settle imports the records there are into c, with what becomes of each.
func (b *bundle) settle(t *testing.T, c lockstep.Connection, became func(i int, row lockstep.Claimed) lockstep.Settlement) {
	t.Helper()
	run := b.run(t, c)
	lease := lockstep.Lease{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, RunID: run.ID, Epoch: c.Epoch, Token: uuid.New()}
	claimed, err := b.store.Claim(t.Context(), lease, uuid.Nil, 1000, time.Minute)
	require.NoError(t, err)
	var settled []lockstep.Settlement
	for i, row := range claimed {
		settled = append(settled, became(i, row))
	}
	_, err = b.store.Settle(t.Context(), lease, settled)
	require.NoError(t, err)
	_, err = b.store.FinishRun(t.Context(), run, lockstep.RunCompleted, "")
	require.NoError(t, err)
}

func TestRunsLeadToTheWebUI(t *testing.T) {
	t.Parallel()
	for kind, page := range map[lockstep.RunKind]string{
		lockstep.RunImport: "workflows/import%2F", lockstep.RunRetry: "workflows/retry%2F", lockstep.RunSync: "schedules/sync%2F", lockstep.RunTestContact: "",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			load(t, b, "external_id\n1\n")
			c := b.connection(t, lockstep.StatusLive)
			run := b.begun(t, c, kind)

			got := read[Run](b.ask(t, http.MethodGet, "/v1/runs/"+run.ID.String(), ""), http.StatusOK)
			require.Equal(t, RunKind(kind), got.Kind)
			if page == "" {
				require.Nil(t, got.TemporalURL)
				return
			}
			require.Equal(t, "http://ui.example/namespaces/default/"+page+c.ID.String(), *got.TemporalURL)
		})
	}
}

func TestRetryIsCancelledAndWhatIsShortIsNot(t *testing.T) {
	t.Parallel()
	for kind, told := range map[lockstep.RunKind]string{
		lockstep.RunRetry: "look retry/", lockstep.RunSync: "", lockstep.RunTestContact: "",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			load(t, b, "external_id\n1\n")
			c := b.connection(t, lockstep.StatusLive)
			run := b.begun(t, c, kind)

			a := b.ask(t, http.MethodPost, "/v1/runs/"+run.ID.String()+"/cancel", "")
			if told == "" {
				a.problem(http.StatusConflict, "run_short")
				require.Empty(t, b.supervisors.told)
				return
			}
			require.Equal(t, RunStateCancelled, read[Run](a, http.StatusAccepted).State)
			require.Equal(t, []string{told + c.ID.String()}, b.supervisors.told)
		})
	}
}

func TestRunThatHasEndedIsNotCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	_, err := b.store.FinishRun(t.Context(), run, lockstep.RunCompleted, "")
	require.NoError(t, err)

	b.ask(t, http.MethodPost, "/v1/runs/"+run.ID.String()+"/cancel", "").problem(http.StatusConflict, "run_ended")
	require.Empty(t, b.supervisors.told)
}

func TestEventsArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	for _, what := range []string{"a", "b", "c", "d", "e"} {
		require.NoError(t, b.store.RecordEvent(t.Context(), c.WorkspaceID, c.ID, what, "", ""))
	}
	path := "/v1/connections/" + c.ID.String() + "/events?limit=2"

	var outcomes []string
	next := ""
	for range 3 {
		page := read[EventPage](b.ask(t, http.MethodGet, path+next, ""), http.StatusOK)
		for _, e := range page.Items {
			outcomes = append(outcomes, e.Outcome)
		}
		if next = ""; page.Next != nil {
			next = "&before=" + *page.Next
		}
	}
	require.Equal(t, []string{"e", "d", "c", "b", "a"}, outcomes)
	require.Empty(t, next)
	for _, bad := range []string{"x", "-1", "0", "99999999999999999999", "9999999999999999999"} {
		b.ask(t, http.MethodGet, path+"&before="+bad, "").problem(http.StatusBadRequest, "request_invalid")
	}
}
