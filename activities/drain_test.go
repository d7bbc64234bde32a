package activities_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"lockstep/activities"
	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// bundle is a workspace with contacts, a connection to a fake CRM, and an
// import that has marked them, on a real database.
type bundle struct {
	pool  *pgxpool.Pool
	store *store.Store
	crm   *fake
	conn  lockstep.Connection
	run   lockstep.Run
	force bool
	env   *testsuite.TestActivityEnvironment
	drain *activities.Records

	schedules *schedules
}

func setup(t *testing.T, contacts int) *bundle {
	t.Helper()
	b := prepare(t)
	b.load(t, contacts)
	b.begin(t, lockstep.LinkUpNone)
	return b
}

// prepare is setup without records and without a run.
func prepare(t *testing.T) *bundle {
	t.Helper()
	ctx := t.Context()
	pool := storetest.New(t)
	b := &bundle{pool: pool, store: store.New(pool), crm: newFake(), schedules: &schedules{there: make(map[uuid.UUID]schedule)}}
	w, err := lockstep.NewWorkspace("Test")
	require.NoError(t, err)
	key, secret, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, b.store.CreateWorkspace(ctx, w, key, secret))
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, b.store.CreateConnection(ctx, lockstep.Connection{
		ID: id, WorkspaceID: w.ID, Vendor: crm.Salesforce, Targets: map[crm.Object]string{},
	}))
	require.NoError(t, b.store.Authorize(ctx, w.ID, id, 1, crm.Account{ID: "00D"}, "https://x.my.salesforce.com", []byte("sealed")))
	for typ, extra := range map[string]string{"Contact": "MailingCity", "Lead": "Company"} {
		fields := []crm.Field{
			{Name: "LastName", Creatable: true, Updatable: true}, {Name: "Email", Creatable: true, Updatable: true}, {Name: extra, Creatable: true, Updatable: true},
		}
		require.NoError(t, b.store.PutSchema(ctx, w.ID, id, typ, fields))
		if typ == "Contact" {
			require.NoError(t, b.store.PutMapping(ctx, w.ID, id, lockstep.DefaultMapping(crm.Contact, typ, fields)))
		}
	}
	require.NoError(t, b.store.SetStatus(ctx, w.ID, id, lockstep.StatusReady, ""))
	require.NoError(t, b.store.ChooseStartingPoint(ctx, w.ID, id, lockstep.StartImport, nil))
	b.conn, err = b.store.Connection(ctx, w.ID, id)
	require.NoError(t, err)

	var suite testsuite.WorkflowTestSuite
	b.env = suite.NewTestActivityEnvironment()
	b.drain = &activities.Records{Opener: b.crm, Ledger: b.store, Book: b.store, Cycles: b.store, Tests: b.store, Vendors: map[crm.Vendor]activities.Facts{
		crm.Salesforce: {Types: map[crm.Object][]string{crm.Contact: {"Contact", "Lead"}}, Owner: "OwnerId", Limits: crm.Limits{WriteBatch: 20, FindBatch: 20, Concurrency: 4}},
	}}
	b.env.RegisterActivity(b.drain)
	return b
}

func external(i int) string { return fmt.Sprintf("c%04d", i) }
func email(i int) string    { return fmt.Sprintf("c%04d@example.com", i) }

func (b *bundle) load(t *testing.T, contacts int) {
	t.Helper()
	var records []lockstep.Record
	for i := range contacts {
		records = append(records, lockstep.Record{
			ID: uuid.Must(uuid.NewV7()), ExternalID: external(i), Fields: map[string]any{"email": email(i), "last_name": "N" + external(i)},
		})
	}
	b.put(t, records...)
}

func (b *bundle) put(t *testing.T, records ...lockstep.Record) {
	t.Helper()
	_, _, err := b.store.UpsertRecords(t.Context(), b.conn.WorkspaceID, crm.Contact, records)
	require.NoError(t, err)
}

// begin starts a run over everything, ending the one before.
func (b *bundle) begin(t *testing.T, linkUp lockstep.LinkUp) {
	t.Helper()
	if b.run.ID != uuid.Nil {
		_, err := b.store.FinishRun(t.Context(), b.run, lockstep.RunCompleted, "")
		require.NoError(t, err)
	}
	var err error
	b.run, err = b.store.BeginRun(t.Context(), lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: b.conn.WorkspaceID, ConnectionID: b.conn.ID, Kind: lockstep.RunImport, LinkUp: linkUp,
	}, crm.Contact, b.force)
	require.NoError(t, err)
}

func (b *bundle) chunk(t *testing.T) flow.ChunkResult {
	t.Helper()
	value, err := b.env.ExecuteActivity(b.drain.Drain, flow.ChunkInput{
		ConnectionRef: flow.ConnectionRef{Workspace: b.conn.WorkspaceID, Connection: b.conn.ID}, Run: b.run.ID,
	})
	require.NoError(t, err)
	var out flow.ChunkResult
	require.NoError(t, value.Get(&out))
	return out
}

// external ids in the CRM, each once or the test fails.
func (b *bundle) inCRM(t *testing.T) map[string]fakeRecord {
	t.Helper()
	out := make(map[string]fakeRecord)
	for _, r := range b.crm.live() {
		if r.external == "" {
			continue
		}
		require.NotContains(t, out, r.external, "one record for each external id")
		out[r.external] = r
	}
	return out
}

func (b *bundle) key(i int) string { return lockstep.ExternalID(b.conn.WorkspaceKey, external(i)) }

func (b *bundle) problems(t *testing.T, outcome lockstep.Outcome) map[string]lockstep.Code {
	t.Helper()
	events, err := b.store.SyncLog(t.Context(), b.conn.WorkspaceID, b.conn.ID, store.LogFilter{EventFilter: lockstep.EventFilter{RunID: &b.run.ID, Outcome: string(outcome)}}, 0, 1000)
	require.NoError(t, err)
	out := make(map[string]lockstep.Code, len(events))
	for _, e := range events {
		out[e.ExternalID] = e.Problem
	}
	return out
}

func TestEveryRowLandsOnceInFullBatches(t *testing.T) {
	t.Parallel()
	b := setup(t, 105)
	out := b.chunk(t)

	require.Equal(t, flow.VerdictEmpty, out.Verdict)
	require.Equal(t, lockstep.Counts{Total: 105, Created: 105}, out.Counts)
	require.Len(t, b.inCRM(t), 105)
	require.Equal(t, 6, b.crm.calls, "105 rows are six calls of 20")
}

func TestCallWhoseAnswerIsLostIsMadeGoodWithoutADuplicate(t *testing.T) {
	t.Parallel()
	b := setup(t, 100)
	b.crm.lost = func(call int) error {
		if call%2 == 1 {
			return &crm.Error{Kind: crm.KindUnknown, Op: "fake.write"}
		}
		return nil
	}
	out := b.chunk(t)

	require.Equal(t, flow.VerdictEmpty, out.Verdict)
	require.Equal(t, lockstep.Counts{Total: 100, Created: 100}, out.Counts, "the lost write was the one that created")
	require.Len(t, b.inCRM(t), 100)
}

// FEATURES: V01
func TestBatchRefusedWholeIsCutUntilThePoisonStandsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 60)
	poison := map[string]bool{b.key(3): true, b.key(4): true, b.key(47): true}
	b.crm.write = func(_ int, batch crm.Batch) error {
		for _, w := range batch.Writes {
			if poison[w.ExternalID] {
				if len(batch.Writes) == 1 {
					return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonBatch, Message: "poison"}
				}
				return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonBatch}
			}
		}
		return nil
	}
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 60, Created: 57, Failed: 3}, out.Counts)
	failed := b.problems(t, lockstep.OutcomeFailed)
	require.Len(t, failed, 3)
	for _, i := range []int{3, 4, 47} {
		require.Contains(t, failed, external(i))
	}
}

// FEATURES: V01, Q05
func TestRefusedRecordFailsAloneWithItsReason(t *testing.T) {
	t.Parallel()
	b := setup(t, 40)
	b.crm.refuse = func(w crm.Write) *crm.Error {
		if w.ExternalID == b.key(7) {
			return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonValidationRule, Message: "no sevens"}
		}
		return nil
	}
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 40, Created: 39, Failed: 1}, out.Counts)
	require.Equal(t, map[string]lockstep.Code{external(7): "validation_rule"}, b.problems(t, lockstep.OutcomeFailed))
}

// late is a ledger in which another attempt settles what it has in hand once
// somebody has looked what is left.
type late struct {
	activities.Ledger

	settle func()
	once   sync.Once
}

func (l *late) Backlog(ctx context.Context, lease lockstep.Lease) (lockstep.Backlog, error) {
	left, err := l.Ledger.Backlog(ctx, lease)
	l.once.Do(l.settle)
	return left, err
}

func TestWhatAnEarlierAttemptStillHasInHandIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, 30)
	earlier := uuid.New()
	b.crm.write = func(call int, _ crm.Batch) (err error) {
		if call == 1 { // it had not been told to stop when we took over, and claimed more
			_, err = b.pool.Exec(t.Context(), `UPDATE ledger SET claim = $1, claim_until = now() + interval '5 minutes'
				WHERE record_id = (SELECT id FROM records WHERE external_id = $2)`, earlier, external(29))
		}
		return err
	}
	b.drain.Ledger = &late{Ledger: b.store, settle: func() {
		_, err := b.pool.Exec(t.Context(), "UPDATE ledger SET claim = NULL, claim_until = NULL WHERE claim = $1", earlier)
		require.NoError(t, err)
	}}

	require.Equal(t, flow.VerdictEmpty, b.chunk(t).Verdict)
}

func TestPanicIsTheFailureOfItsChunkAndOfNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	b.crm.write = func(int, crm.Batch) error { panic("planted-panic") }
	_, err := b.env.ExecuteActivity(b.drain.Drain, flow.ChunkInput{ConnectionRef: b.ref(), Run: b.run.ID})

	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, string(lockstep.CodeInternal), app.Type())
	require.NotContains(t, err.Error(), "planted-panic")
}

func TestOfWhatACRMSaysTheBeginningIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.crm.refuse = func(crm.Write) *crm.Error {
		return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonValueTooLong, Message: "too long: " + strings.Repeat("é", 500_000)}
	}
	b.chunk(t)

	log, err := b.store.SyncLog(t.Context(), b.conn.WorkspaceID, b.conn.ID, store.LogFilter{EventFilter: lockstep.EventFilter{Outcome: "failed"}}, 0, 1)
	require.NoError(t, err)
	require.Len(t, log, 1)
	require.Less(t, len(log[0].Detail), 1100)
	require.True(t, strings.HasPrefix(log[0].Detail, "too long: é"))
	require.True(t, utf8.ValidString(log[0].Detail))
}

func TestLimitsOutagesAndLocksAreGoneThroughWithoutLoss(t *testing.T) {
	t.Parallel()
	b := setup(t, 100)
	b.crm.write = func(call int, _ crm.Batch) error {
		switch call {
		case 1:
			return &crm.Error{Kind: crm.KindRateLimited}
		case 2:
			return &crm.Error{Kind: crm.KindUnavailable}
		default:
			return nil
		}
	}
	var locked atomic.Int32
	b.crm.refuse = func(crm.Write) *crm.Error {
		if locked.Add(1) == 5 {
			return &crm.Error{Kind: crm.KindConflict, Reason: crm.ReasonLocked}
		}
		return nil
	}
	out := b.chunk(t)

	require.Equal(t, flow.VerdictEmpty, out.Verdict)
	require.Equal(t, lockstep.Counts{Total: 100, Created: 100}, out.Counts)
	require.Len(t, b.inCRM(t), 100)
}

func TestDeadGrantStopsTheChunkAndKeepsTheRows(t *testing.T) {
	t.Parallel()
	b := setup(t, 60)
	b.crm.write = func(call int, _ crm.Batch) error {
		if call > 1 {
			return &crm.Error{Kind: crm.KindUnauthorized, Reason: crm.ReasonGrant}
		}
		return nil
	}
	out := b.chunk(t)
	require.Equal(t, flow.VerdictUnauthorized, out.Verdict)
	require.EqualValues(t, 20, out.Counts.Done())

	b.crm.write = nil
	out = b.chunk(t)
	require.Equal(t, flow.VerdictEmpty, out.Verdict)
	require.EqualValues(t, 60, out.Counts.Created)
}

func TestPausedRunIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 10)
	require.NoError(t, b.store.SetRunState(t.Context(), b.conn.WorkspaceID, b.run.ID, lockstep.RunPaused, "", nil))
	require.Equal(t, flow.VerdictStopped, b.chunk(t).Verdict)
	require.Zero(t, b.crm.calls)
}

func TestPauseInTheMiddleTakesEffectAtTheNextClaim(t *testing.T) {
	t.Parallel()
	b := setup(t, 400)
	b.crm.write = func(call int, _ crm.Batch) error {
		if call == 1 {
			return b.store.SetRunState(t.Context(), b.conn.WorkspaceID, b.run.ID, lockstep.RunPaused, "", nil)
		}
		return nil
	}
	out := b.chunk(t)
	require.Equal(t, flow.VerdictStopped, out.Verdict)
	require.Less(t, out.Counts.Done(), int64(400))
	require.EqualValues(t, len(b.inCRM(t)), out.Counts.Done(), "what was sent is settled")
}

func TestWhatTheCRMHasAlreadyIsLinkedAndStamped(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	known := b.crm.add(fakeRecord{typ: "Contact", email: strings.ToUpper(email(0))})
	foreign := b.crm.add(fakeRecord{typ: "Contact", email: email(1), external: "otherws1.x"})
	b.crm.add(fakeRecord{typ: "Contact", email: email(2)})
	b.crm.add(fakeRecord{typ: "Contact", email: email(2)})
	b.load(t, 5)
	b.put(t, lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: "twin", Fields: map[string]any{"email": email(0), "last_name": "Twin"}})
	b.begin(t, lockstep.LinkUpKeys)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 6, Created: 2, Updated: 2, Waiting: 1, Skipped: 1}, out.Counts)
	require.Equal(t, b.key(0), b.crm.records[known].external)
	require.Equal(t, 1, b.crm.records[known].writes, "the twin did not overwrite it")
	require.Equal(t, "otherws1.x", b.crm.records[foreign].external, "another workspace's stamp is left alone")
	require.Equal(t, map[string]lockstep.Code{external(2): "several_matches"}, b.problems(t, lockstep.OutcomeWaiting))
	require.Equal(t, map[string]lockstep.Code{"twin": lockstep.CodeSameRecord}, b.problems(t, lockstep.OutcomeSkipped))
}

func TestSecondRunChangesNothingThatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t, 40)
	b.chunk(t)
	calls := b.crm.calls
	b.begin(t, lockstep.LinkUpKeys)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 40, Unchanged: 40}, out.Counts)
	require.Equal(t, calls, b.crm.calls)
}

// FEATURES: L10, Q04
func TestContactWithoutEmailIsSkippedSayingSo(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	b.put(t, lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: "x", Fields: map[string]any{"last_name": "X"}})
	b.begin(t, lockstep.LinkUpNone)
	require.Equal(t, lockstep.Counts{Total: 1, Skipped: 1}, b.chunk(t).Counts)
	require.Zero(t, b.crm.calls)
}

func TestDeletedMergedAndConvertedAreFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	b.chunk(t)
	ids := make(map[string]string)
	for external, r := range b.inCRM(t) {
		ids[external] = r.id
	}
	survivor := b.crm.add(fakeRecord{typ: "Contact", email: "survivor@example.com"})
	b.crm.mu.Lock()
	b.crm.records[ids[b.key(0)]].deleted = true
	b.crm.records[ids[b.key(1)]].moved = &crm.Moved{Type: "Contact", ID: survivor}
	b.crm.mu.Unlock()
	for i := range 3 {
		b.put(t, lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: external(i), Fields: map[string]any{"last_name": "Changed"}})
	}
	b.begin(t, lockstep.LinkUpKeys)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 3, Updated: 2, Skipped: 1}, out.Counts)
	require.Equal(t, map[string]lockstep.Code{external(0): "deleted_in_crm"}, b.problems(t, lockstep.OutcomeSkipped))
	require.Equal(t, "Changed", b.crm.records[survivor].fields["LastName"])
	require.Equal(t, b.key(1), b.crm.records[survivor].external)

	b.begin(t, lockstep.LinkUpKeys)
	require.EqualValues(t, 1, b.chunk(t).Counts.Created, "what was deleted is created again on request")
}

func TestResyncBringsBackWhatWasDeletedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	b.chunk(t)
	b.crm.mu.Lock()
	for _, r := range b.crm.records {
		r.deleted = true
	}
	b.crm.mu.Unlock()
	b.force = true
	b.begin(t, lockstep.LinkUpKeys)

	require.Equal(t, lockstep.Counts{Total: 3, Created: 3}, b.chunk(t).Counts)
	require.Len(t, b.inCRM(t), 3)
}

func TestDuplicateRuleIsAnsweredByLinking(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	there := b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.crm.refuse = func(w crm.Write) *crm.Error {
		if w.ID == "" {
			return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonDuplicate}
		}
		return nil
	}
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 2, Updated: 1, Failed: 1}, out.Counts)
	require.Equal(t, b.key(0), b.crm.records[there].external)
	require.Equal(t, map[string]lockstep.Code{external(1): "duplicate_in_crm"}, b.problems(t, lockstep.OutcomeFailed))
}

func TestAttemptThatDiedIsTakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t, 50)
	b.crm.lost = func(int) error { return errors.New("the process died") } // no crm.Error: a bug or a kill
	dead := lockstep.Lease{
		WorkspaceID: b.conn.WorkspaceID, ConnectionID: b.conn.ID, RunID: b.run.ID, Epoch: b.conn.Epoch, Token: uuid.New(),
	}
	rows, err := b.store.Claim(t.Context(), dead, uuid.Nil, 30, activitiesTTL)
	require.NoError(t, err)
	for _, row := range rows[:10] { // ten were written before it died
		_, err := b.crm.Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByExternalID, Writes: []crm.Write{{
			Ref: "r", ExternalID: lockstep.ExternalID(b.conn.WorkspaceKey, row.ExternalID), Fields: map[string]any{"LastName": "x"},
		}}})
		require.Error(t, err)
	}
	b.crm.lost = nil
	out := b.chunk(t)

	require.Equal(t, flow.VerdictEmpty, out.Verdict)
	require.Equal(t, lockstep.Counts{Total: 50, Created: 50}, out.Counts)
	require.Len(t, b.inCRM(t), 50)
}

func TestFailureInAHistoryHoldsNoCause(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.drain.Opener = opensNot{errors.Join(&crm.Error{Kind: crm.KindUnavailable, Op: "x.open", Message: "planted@example.com", Err: errors.New("planted-token")})}
	_, err := b.env.ExecuteActivity(b.drain.Drain, flow.ChunkInput{
		ConnectionRef: flow.ConnectionRef{Workspace: b.conn.WorkspaceID, Connection: b.conn.ID}, Run: b.run.ID,
	})
	require.Error(t, err)
	failure := converterOf().ErrorToFailure(err).String()
	require.Contains(t, failure, "x.open")
	require.NotContains(t, failure, "planted")
}

func TestRefusalOfARecordWhoseFirstWriteLandedKeepsTheLink(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.crm.lost = func(call int) error {
		if call == 1 {
			return &crm.Error{Kind: crm.KindUnknown}
		}
		return nil
	}
	b.crm.refuse = func(crm.Write) *crm.Error {
		if b.crm.calls > 1 {
			return &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonValidationRule}
		}
		return nil
	}
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 1, Failed: 1}, out.Counts)
	records, err := b.store.Records(t.Context(), b.conn.WorkspaceID, crm.Contact, uuid.Nil, 1)
	require.NoError(t, err)
	rows, err := b.store.RecordLedger(t.Context(), b.conn.WorkspaceID, records[0].ID)
	require.NoError(t, err)
	require.Equal(t, b.inCRM(t)[b.key(0)].id, rows[0].CRMID, "the CRM has it, and the ledger knows")
}

func TestOutageOfTheCRMEndsTheChunkRatherThanRunningThroughTheRows(t *testing.T) {
	t.Parallel()
	b := setup(t, 2000)
	b.crm.write = func(int, crm.Batch) error { return &crm.Error{Kind: crm.KindUnavailable} }
	out := b.chunk(t)

	require.Equal(t, flow.VerdictWait, out.Verdict)
	require.Less(t, b.crm.calls, 60, "a few calls each round, and the rounds grow apart")
	require.Zero(t, out.Counts.Done())
}

func TestPausedConnectionIsNotWrittenToByAnyRun(t *testing.T) {
	t.Parallel()
	b := setup(t, 10)
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusPaused, ""))
	require.Equal(t, flow.VerdictStopped, b.chunk(t).Verdict)
	require.Zero(t, b.crm.calls)
}
