package activities

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// TestBook begins and ends test contacts.
type TestBook interface {
	BeginTest(ctx context.Context, run lockstep.Run, contact lockstep.Record) (uuid.UUID, error)
	RecordLedger(ctx context.Context, workspace, record uuid.UUID) ([]lockstep.Row, error)
	ReleaseRun(ctx context.Context, run lockstep.Run, reason string) (lockstep.Run, error)
	Proven(ctx context.Context, workspace, connection uuid.UUID) error
}

// trial bounds a test contact: a person waits for it.
var trial = bounds{rows: 100, time: 20 * time.Second, patience: 5 * time.Second}

// TestContact sends the workspace's test contact through the path that every
// record takes, and says what became of it. Whoever asks, however often and at
// the same time, it is one record in the CRM. What the CRM does not take now
// is waiting, and goes with the next sync.
func (a *Records) TestContact(ctx context.Context, in flow.TestContactRun) (flow.TestContactResult, error) {
	result, err := a.testContact(ctx, in)
	return result, forTemporal(err)
}

func (a *Records) testContact(ctx context.Context, in flow.TestContactRun) (flow.TestContactResult, error) {
	start := time.Now()
	result := flow.TestContactResult{Run: in.Run, Outcome: lockstep.OutcomeWaiting, Problem: lockstep.CodeNotLive}
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return result, err
	}
	result.Epoch = conn.Epoch
	if conn.Status == lockstep.StatusUnauthorized {
		result.Problem = lockstep.CodeUnauthorized
	}
	if conn.Status != lockstep.StatusReady && conn.Status != lockstep.StatusLive {
		return result, nil
	}
	run := lockstep.Run{
		ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection, Kind: lockstep.RunTestContact, LinkUp: lockstep.LinkUpLate,
	}
	record, err := a.Tests.BeginTest(ctx, run, specimen(conn))
	if err != nil {
		return result, err
	}
	verdict, _, err := a.drain(ctx, conn, flow.ChunkInput(in), trial)
	if err != nil {
		return result, err
	}
	row, err := a.settledRow(ctx, in, record, verdict)
	if err != nil {
		return result, err
	}
	result.Elapsed = time.Since(start)
	if run, err = a.Tests.ReleaseRun(ctx, run, released[verdict]); err != nil {
		return result, err
	}
	result.Outcome, result.Problem, result.CRMType, result.CRMID = told(row, run, verdict), row.Problem, row.CRMType, row.CRMID
	if result.Outcome == lockstep.OutcomeWaiting {
		result.Problem = delays[verdict]
	}
	return a.proven(ctx, in, result)
}

// specimen is the record that proves a connection: labelled for whoever meets
// it in the CRM, and of one workspace, so that those who share an account do
// not share it.
func specimen(conn lockstep.Connection) lockstep.Record {
	return lockstep.Record{
		ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: "lockstep-sync-test",
		Fields: map[string]any{
			"first_name": "Lockstep", "last_name": "Sync Test", "company": "Lockstep Sync Test",
			"email":       "lockstep-sync-test+" + conn.WorkspaceKey + "@example.com",
			"description": "Sent by Lockstep to prove that the connection works. It is safe to delete.",
		},
	}
}

// settledRow returns where the test contact stands: settled by this run, or by
// another that was asked for at the same moment, which is waited for.
func (a *Records) settledRow(ctx context.Context, in flow.TestContactRun, record uuid.UUID, verdict flow.Verdict) (lockstep.Row, error) {
	const often = 50 * time.Millisecond
	for end := time.Now().Add(trial.time); ; {
		rows, err := a.Tests.RecordLedger(ctx, in.Workspace, record)
		if err != nil {
			return lockstep.Row{}, err
		}
		for _, row := range rows {
			open := row.State == lockstep.StatePending || row.State == lockstep.StateClaimed
			if row.ConnectionID == in.Connection && (!open || verdict != flow.VerdictEmpty || time.Now().After(end)) {
				return row, nil
			}
		}
		if err := rest(ctx, ctx, often); err != nil {
			return lockstep.Row{}, err
		}
		if err := ctx.Err(); err != nil {
			return lockstep.Row{}, err
		}
	}
}

// told returns the outcome of a test contact. When another run has sent it, it
// was there before.
func told(row lockstep.Row, run lockstep.Run, verdict flow.Verdict) lockstep.Outcome {
	switch row.State {
	case lockstep.StateSynced:
		if run.Counts.Created > 0 {
			return lockstep.OutcomeCreated
		}
		return lockstep.OutcomeUpdated
	case lockstep.StateFailed:
		return lockstep.OutcomeFailed
	case lockstep.StateSkipped:
		if verdict == flow.VerdictEmpty {
			return lockstep.OutcomeSkipped
		}
	case lockstep.StatePending, lockstep.StateClaimed, lockstep.StateWaiting:
	}
	return lockstep.OutcomeWaiting
}

// delays say what a test contact waits for that the CRM does not take now.
var delays = map[flow.Verdict]lockstep.Code{
	flow.VerdictEmpty:        lockstep.Code(crm.ReasonAmbiguous),
	flow.VerdictMore:         lockstep.CodeUnavailable,
	flow.VerdictWait:         lockstep.CodeUnavailable,
	flow.VerdictStopped:      lockstep.CodeNotLive,
	flow.VerdictCancelled:    lockstep.CodeNotLive,
	flow.VerdictUnauthorized: lockstep.CodeUnauthorized,
	flow.VerdictQuota:        lockstep.CodeQuotaSpent,
	flow.VerdictProvision:    lockstep.Code(crm.ReasonExternalID),
	flow.VerdictSuperseded:   lockstep.CodeNotLive,
}

// proven notes that a test contact has arrived, and says where it can be looked
// at.
func (a *Records) proven(ctx context.Context, in flow.TestContactRun, result flow.TestContactResult) (flow.TestContactResult, error) {
	if result.Outcome != lockstep.OutcomeCreated && result.Outcome != lockstep.OutcomeUpdated {
		return result, nil
	}
	connector, err := a.Opener.Open(ctx, in.Workspace, in.Connection)
	if err != nil {
		return result, err
	}
	result.URL = connector.RecordURL(result.CRMType, result.CRMID)
	return result, a.Tests.Proven(ctx, in.Workspace, in.Connection)
}
