package activities_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/activities"
	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// imported is setup with everything in the CRM.
func imported(t *testing.T, contacts int) *bundle {
	t.Helper()
	b := setup(t, contacts)
	require.Equal(t, flow.VerdictEmpty, b.chunk(t).Verdict)
	_, err := b.store.FinishRun(t.Context(), b.run, lockstep.RunCompleted, "")
	require.NoError(t, err)
	return b
}

func (b *bundle) ref() flow.ConnectionRef {
	return flow.ConnectionRef{Workspace: b.conn.WorkspaceID, Connection: b.conn.ID}
}

func (b *bundle) cycle(t *testing.T) flow.SyncResult {
	t.Helper()
	value, err := b.env.ExecuteActivity(b.drain.Cycle, flow.CycleInput{ConnectionRef: b.ref(), Run: uuid.Must(uuid.NewV7())})
	require.NoError(t, err)
	var out flow.SyncResult
	require.NoError(t, value.Get(&out))
	return out
}

// rename gives a contact the name Changed.
func (b *bundle) rename(t *testing.T, i int) {
	t.Helper()
	b.put(t, lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: external(i), Fields: map[string]any{"last_name": "Changed"}})
}

// FEATURES: J01
func TestCycleSendsWhatHasChangedAndAsksNothingWhenNothingHas(t *testing.T) {
	t.Parallel()
	b := imported(t, 30)
	calls := b.crm.calls
	require.Equal(t, flow.SyncResult{Verdict: flow.VerdictEmpty}, b.cycle(t))
	require.Equal(t, calls, b.crm.calls)

	b.rename(t, 3)
	out := b.cycle(t)
	require.Equal(t, lockstep.Counts{Total: 1, Updated: 1}, out.Counts)
	require.Equal(t, calls+1, b.crm.calls)
	require.Equal(t, "Changed", b.inCRM(t)[b.key(3)].fields["LastName"])
}

func TestCycleLeavesToTheNextWhatTheCRMDoesNotTake(t *testing.T) {
	t.Parallel()
	b := imported(t, 3)
	b.rename(t, 1)
	b.crm.write = func(int, crm.Batch) error {
		return &crm.Error{Kind: crm.KindUnauthorized, Reason: crm.ReasonGrant}
	}
	out := b.cycle(t)
	require.Equal(t, flow.VerdictUnauthorized, out.Verdict)
	open, err := b.store.OpenRuns(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.Empty(t, open, "a cycle does not park")

	b.crm.write = nil
	require.Equal(t, lockstep.Counts{Total: 1, Updated: 1}, b.cycle(t).Counts)
}

func TestCycleOfAConnectionThatIsNotLiveDoesNothing(t *testing.T) {
	t.Parallel()
	b := imported(t, 3)
	b.rename(t, 1)
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusPaused, ""))
	calls := b.crm.calls
	require.Equal(t, flow.VerdictStopped, b.cycle(t).Verdict)
	require.Equal(t, calls, b.crm.calls)
}

func (b *bundle) test(t *testing.T) flow.TestContactResult {
	t.Helper()
	value, err := b.env.ExecuteActivity(b.drain.TestContact, flow.TestContactRun{ConnectionRef: b.ref(), Run: uuid.Must(uuid.NewV7())})
	require.NoError(t, err)
	var out flow.TestContactResult
	require.NoError(t, value.Get(&out))
	return out
}

// FEATURES: P01, P02, P03
func TestTestContactIsCreatedOnceAndThenUpdatedWithOneCallEach(t *testing.T) {
	t.Parallel()
	b := imported(t, 2)
	first := b.test(t)
	require.Equal(t, lockstep.OutcomeCreated, first.Outcome)
	require.NotEmpty(t, first.URL)
	require.Positive(t, first.Elapsed)
	calls := b.crm.calls
	second := b.test(t)
	require.Equal(t, lockstep.OutcomeUpdated, second.Outcome)
	require.Equal(t, first.CRMID, second.CRMID)
	require.Equal(t, calls+1, b.crm.calls)
	conn, err := b.store.Connection(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.NotNil(t, conn.ProvenAt)
}

func TestTestContactThatWasDeletedInTheCRMIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := imported(t, 0)
	first := b.test(t)
	b.crm.records[first.CRMID].deleted = true
	second := b.test(t)
	require.Equal(t, lockstep.OutcomeCreated, second.Outcome)
	require.NotEqual(t, first.CRMID, second.CRMID)
}

func TestTestContactThatTheCRMRefusesSaysWhy(t *testing.T) {
	t.Parallel()
	b := imported(t, 0)
	b.crm.refuse = func(crm.Write) *crm.Error {
		return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonRequiredMissing}
	}
	out := b.test(t)
	require.Equal(t, lockstep.OutcomeFailed, out.Outcome)
	require.Equal(t, lockstep.Code(crm.ReasonRequiredMissing), out.Problem)
}

func TestTestContactThatTheCRMDoesNotTakeNowWaitsAndGoesWithTheNextSync(t *testing.T) {
	t.Parallel()
	b := imported(t, 0)
	b.crm.write = func(int, crm.Batch) error { return &crm.Error{Kind: crm.KindQuota} }
	out := b.test(t)
	require.Equal(t, lockstep.OutcomeWaiting, out.Outcome)
	require.Equal(t, lockstep.CodeQuotaSpent, out.Problem)

	b.crm.write = nil
	require.Equal(t, lockstep.Counts{Total: 1, Created: 1}, b.cycle(t).Counts)
}

func TestTestContactOfAConnectionThatIsPausedSaysSo(t *testing.T) {
	t.Parallel()
	b := imported(t, 0)
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusPaused, ""))
	out := b.test(t)
	require.Equal(t, lockstep.OutcomeWaiting, out.Outcome)
	require.Equal(t, lockstep.CodeNotLive, out.Problem)
	require.Zero(t, b.crm.calls)
}

// FEATURES: D01, D02
func TestNewRecordsAreGivenToTheOwnerAndNoOthers(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	require.NoError(t, b.store.SetSettings(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.Settings{OwnerID: new("005A")}))
	known := b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.load(t, 30)
	b.begin(t, lockstep.LinkUpKeys)
	require.Equal(t, lockstep.Counts{Total: 30, Created: 29, Updated: 1}, b.chunk(t).Counts)
	require.NotContains(t, b.crm.records[known].fields, "OwnerId", "it has an owner")
	require.Equal(t, "005A", b.inCRM(t)[b.key(1)].fields["OwnerId"])
	require.Equal(t, 3, b.crm.calls, "no call is made for the owner alone")

	_, err := b.store.FinishRun(t.Context(), b.run, lockstep.RunCompleted, "")
	require.NoError(t, err)
	b.rename(t, 1)
	require.EqualValues(t, 1, b.cycle(t).Counts.Updated)
	require.NotContains(t, b.inCRM(t)[b.key(1)].fields, "OwnerId", "a re-assignment sticks")
}

func TestRecordThatTurnsOutToBeNewIsGivenToTheOwnerAfterwards(t *testing.T) {
	t.Parallel()
	b := imported(t, 0)
	require.NoError(t, b.store.SetSettings(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.Settings{OwnerID: new("005A")}))
	require.Equal(t, lockstep.OutcomeCreated, b.test(t).Outcome) // nobody looked whether it was there
	require.Equal(t, 2, b.crm.calls)
	for _, r := range b.crm.live() {
		require.Equal(t, "005A", r.fields["OwnerId"])
	}
}

func TestOnlyRecordsThatAreProvenNewAreLeftToTheCRMsRules(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.load(t, 10)
	fresh := make(map[string]bool)
	b.crm.write = func(_ int, batch crm.Batch) error {
		for _, w := range batch.Writes {
			fresh[w.ExternalID] = batch.Fresh
		}
		return nil
	}
	b.begin(t, lockstep.LinkUpKeys)
	b.chunk(t)
	require.False(t, fresh[b.key(0)])
	require.True(t, fresh[b.key(1)])
}

func TestSecondRecordOfAPersonIsNotSentAlsoWhereTheCRMWouldTakeIt(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	b.load(t, 50)
	b.put(t, lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: "twin", Fields: map[string]any{"email": " C0007@EXAMPLE.com", "last_name": "Twin"}})
	b.begin(t, lockstep.LinkUpNone)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 51, Created: 50, Skipped: 1}, out.Counts)
	require.Equal(t, map[string]lockstep.Code{"twin": lockstep.CodeSameRecord}, b.problems(t, lockstep.OutcomeSkipped))
	require.Len(t, b.crm.live(), 50)
}

func TestSecondRecordOfAPersonGoesWhenTheFirstIsRefused(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	b.load(t, 1)
	b.put(t, lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: "twin", Fields: map[string]any{"email": email(0), "last_name": "Twin"}})
	b.crm.refuse = func(w crm.Write) *crm.Error {
		if w.ExternalID == b.key(0) {
			return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonValidationRule}
		}
		return nil
	}
	b.begin(t, lockstep.LinkUpNone)
	require.Equal(t, lockstep.Counts{Total: 2, Created: 1, Failed: 1}, b.chunk(t).Counts)
}

// HubSpot refuses a whole batch with 409 when one e-mail address in it is taken.
func TestBatchRefusedForAConflictIsLinkedUpBeforeItIsCut(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	taken := b.crm.add(fakeRecord{typ: "Contact", email: email(3), external: "otherws1.x"})
	b.load(t, 20)
	b.crm.write = func(_ int, batch crm.Batch) error {
		for _, w := range batch.Writes {
			if batch.Match == crm.ByExternalID && w.Fields["Email"] == email(3) {
				return &crm.Error{Kind: crm.KindConflict, Reason: crm.ReasonBatch, Code: "CONFLICT"}
			}
		}
		return nil
	}
	b.begin(t, lockstep.LinkUpNone)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 20, Created: 19, Updated: 1}, out.Counts)
	require.Equal(t, 3, b.crm.calls, "the refused one, the linked one, and the rest at once")
	require.Equal(t, "otherws1.x", b.crm.records[taken].external)
}

func TestLoneRecordThatIsRefusedForAConflictIsLinkedUp(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	taken := b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.load(t, 1)
	b.crm.write = func(_ int, batch crm.Batch) error {
		if batch.Match == crm.ByExternalID {
			return &crm.Error{Kind: crm.KindConflict, Reason: crm.ReasonBatch, Code: "CONFLICT"}
		}
		return nil
	}
	b.begin(t, lockstep.LinkUpNone)
	require.Equal(t, lockstep.Counts{Total: 1, Updated: 1}, b.chunk(t).Counts)
	require.Equal(t, b.key(0), b.crm.records[taken].external)
}

// FEATURES: V01
func TestRecordThatBreaksEveryCallItIsInFailsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 100)
	b.crm.write = func(_ int, batch crm.Batch) error {
		for _, w := range batch.Writes {
			if w.ExternalID == b.key(11) {
				return &crm.Error{Kind: crm.KindUnknown, Code: "500"}
			}
		}
		return nil
	}
	var out flow.ChunkResult
	for range 10 { // it takes a while to be sure
		if out = b.chunk(t); out.Counts.Done() >= 99 {
			break
		}
	}
	require.EqualValues(t, 99, out.Counts.Created, "its neighbours land")

	// And once it has been tried often enough, it says so itself.
	_, err := b.pool.Exec(t.Context(), `UPDATE ledger SET attempts = 30, not_before = NULL WHERE state = 'pending'`)
	require.NoError(t, err)
	out = b.chunk(t)
	require.EqualValues(t, 1, out.Counts.Failed)
	require.Equal(t, map[string]lockstep.Code{external(11): lockstep.CodeUnavailable}, b.problems(t, lockstep.OutcomeFailed))
}

// FEATURES: S01, S02
func TestDisconnectForgetsTheLoginAlsoWhenTheCRMDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	connections := &activities.Connections{Book: b.store, Opener: b.crm, Schedules: b.schedules, Grants: deaf{}}
	temporal := &woken{}
	runs := &activities.Runs{Book: b.store, Workflows: temporal, Schedules: b.schedules}
	require.NoError(t, connections.Arrange(t.Context(), b.ref()))
	require.Contains(t, b.schedules.there, b.conn.ID)

	require.NoError(t, connections.Close(t.Context(), b.ref()))
	require.NotContains(t, b.schedules.there, b.conn.ID)
	b.env.RegisterActivity(runs)
	_, err := b.env.ExecuteActivity(runs.Stop, b.ref())
	require.Error(t, err, "Temporal cannot be reached the first time")
	_, err = b.env.ExecuteActivity(runs.Stop, b.ref())
	require.NoError(t, err)
	run, err := b.store.Run(t.Context(), b.conn.WorkspaceID, b.run.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.RunCancelled, run.State)
	require.EqualValues(t, 5, run.Counts.Skipped, "each row says what became of it")

	require.NoError(t, connections.Forget(t.Context(), b.ref(), flow.Disconnection{}))
	_, err = b.store.Grant(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	events, err := b.store.SyncLog(t.Context(), b.conn.WorkspaceID, b.conn.ID, store.LogFilter{EventFilter: lockstep.EventFilter{Outcome: "connection_disconnected"}}, 0, 1)
	require.NoError(t, err)
	require.Equal(t, lockstep.CodeUnavailable, events[0].Problem)
}

// deaf is a vendor that takes no grant back.
type deaf struct{}

func (deaf) Revoke(context.Context, uuid.UUID, uuid.UUID) error {
	return &crm.Error{Kind: crm.KindUnavailable}
}

// FEATURES: S05, S06
func TestLostLoginIsToldOnceToWhoeverIsResponsible(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	bell := &bell{fails: 1}
	connections := &activities.Connections{Book: b.store, Opener: b.crm, Schedules: b.schedules, Alerts: bell}
	b.env.RegisterActivity(connections)
	lost := flow.StatusChange{ConnectionRef: b.ref(), Status: lockstep.StatusUnauthorized, Problem: lockstep.CodeUnauthorized}
	for range 2 { // a sync and an import have found out
		_, err := b.env.ExecuteActivity(connections.SetStatus, lost)
		require.NoError(t, err)
	}

	require.Equal(t, 2, bell.rung, "one that failed, and its repetition")
	require.Len(t, bell.ids, 1)
	require.True(t, b.schedules.there[b.conn.ID].paused)
	events, err := b.store.SyncLog(t.Context(), b.conn.WorkspaceID, b.conn.ID, store.LogFilter{EventFilter: lockstep.EventFilter{Problem: lockstep.CodeUnauthorized}}, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
}

// bell is somebody who is told, and does not hear the first times.
type bell struct {
	fails, rung int
	ids         map[uuid.UUID]bool
}

func (b *bell) Raise(_ context.Context, id uuid.UUID, _ lockstep.Connection, _ lockstep.Problem) error {
	if b.ids == nil {
		b.ids = make(map[uuid.UUID]bool)
	}
	b.ids[id] = true
	if b.rung++; b.rung <= b.fails {
		return &crm.Error{Kind: crm.KindUnavailable}
	}
	return nil
}

func TestPausedConnectionIsStillPausedAfterAReconnect(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	runs := &activities.Runs{Book: b.store, Workflows: &woken{calls: 1}, Schedules: b.schedules}
	require.NoError(t, runs.Pause(t.Context(), b.ref()))
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusSettingUp, ""))
	require.NoError(t, runs.GoOn(t.Context(), b.ref()))
	conn, err := b.store.Connection(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.StatusPaused, conn.Status)
	require.True(t, b.schedules.there[b.conn.ID].paused)

	require.NoError(t, runs.Resume(t.Context(), b.ref()))
	conn, err = b.store.Connection(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.StatusLive, conn.Status)
	require.False(t, b.schedules.there[b.conn.ID].paused)
}
