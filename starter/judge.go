package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"lockstep/internal/client"
	"lockstep/internal/lockstep"
)

// findingsShown is how many untruths are told one by one.
const findingsShown = 10

// verdict is what the comparison of the ledger with the CRM came to.
type verdict struct {
	landed     int64 // live records in the CRM that carry one of the workspace's external ids
	duplicates int64 // of them, those that share an external id, and records that were made and carry none
	findings   []string
	untruths   int // how many findings there are, also those that are not kept
}

func (v *verdict) find(format string, args ...any) {
	v.untruths++
	if len(v.findings) < findingsShown {
		v.findings = append(v.findings, fmt.Sprintf(format, args...))
	}
}

// judge compares what the ledger says of a run, record by record, with what the
// sandbox holds. The outcomes are true when
//
//   - each record of the workspace has exactly one outcome, and they add up to
//     the run's counts and total;
//   - of each record that is created, updated or unchanged there is exactly one
//     live record with its external id in the CRM, and it has the id that the
//     ledger names;
//   - of each record that is waiting, skipped or failed there is none, or the one
//     that it was linked to before;
//   - the CRM has no other live record that carries an external id of the
//     workspace, and none that was made since the sandbox started and carries no
//     external id at all.
//
// The ledger is read as the events of the run, which are written in the same
// statement as the ledger's rows.
func judge(ctx context.Context, r *remote, s sandbox, run client.Run) (verdict, error) {
	var v verdict
	workspace, err := answer[client.Workspace](r.GetWorkspaceWithResponse(ctx))
	if err != nil {
		return v, err
	}
	outcomes, err := r.outcomes(ctx, run)
	if err != nil {
		return v, err
	}
	v.compareCounts(run.Counts, outcomes, workspace.Records.Contact)
	there, err := v.holdings(ctx, s, workspace.Key)
	if err != nil {
		return v, err
	}
	for _, e := range outcomes {
		v.compare(e, there[lockstep.ExternalID(workspace.Key, e.ExternalID)])
		delete(there, lockstep.ExternalID(workspace.Key, e.ExternalID))
	}
	for externalID, ids := range there {
		v.find("The CRM has %s with the external id %s, which is no record's.", plural(len(ids), "record"), externalID)
	}
	if landed := run.Counts.Landed; v.landed != landed {
		v.find("The CRM has %s live records of this workspace, the ledger says %s.", thousands(v.landed), thousands(landed))
	}
	return v, nil
}

// outcomes returns the last outcome of each record of a run.
func (r *remote) outcomes(ctx context.Context, run client.Run) (map[uuid.UUID]client.Event, error) {
	outcomes := make(map[uuid.UUID]client.Event, run.Counts.Total)
	page := pageMost
	params := client.ListEventsParams{Run: &run.ID, Limit: &page}
	for {
		got, err := answer[client.EventPage](r.ListEventsWithResponse(ctx, run.ConnectionID, &params))
		if err != nil {
			return nil, err
		}
		for _, e := range got.Items { // newest first
			if e.RecordID == nil {
				continue
			}
			if _, later := outcomes[*e.RecordID]; !later {
				outcomes[*e.RecordID] = e
			}
		}
		if got.Next == nil {
			return outcomes, nil
		}
		params.Before = got.Next
	}
}

// compareCounts holds the outcomes against the run's counts and the workspace's
// records.
func (v *verdict) compareCounts(counts client.Counts, outcomes map[uuid.UUID]client.Event, records int64) {
	by := make(map[lockstep.Outcome]int64)
	for _, e := range outcomes {
		by[lockstep.Outcome(e.Outcome)]++
	}
	for outcome, counted := range map[lockstep.Outcome]int64{
		lockstep.OutcomeCreated: counts.Created, lockstep.OutcomeUpdated: counts.Updated, lockstep.OutcomeUnchanged: counts.Unchanged,
		lockstep.OutcomeWaiting: counts.Waiting, lockstep.OutcomeSkipped: counts.Skipped, lockstep.OutcomeFailed: counts.Failed,
	} {
		if by[outcome] != counted {
			v.find("The run counts %s records %s, the ledger has %s.", thousands(counted), outcome, thousands(by[outcome]))
		}
	}
	if int64(len(outcomes)) != records || counts.Total != records || counts.Done != records {
		v.find("The workspace has %s records, the run %s, outcomes have %s.", thousands(records), thousands(counts.Total), thousands(len(outcomes)))
	}
}

// holdings returns the CRM ids of the live records by their external ids.
func (v *verdict) holdings(ctx context.Context, s sandbox, key string) (map[string][]string, error) {
	there := make(map[string][]string)
	for rec, err := range s.records(ctx) {
		switch {
		case err != nil:
			return nil, err
		case rec.Deleted:
		case rec.ExternalID == nil:
			v.duplicates++
			v.find("The CRM has a %s without an external id: %s.", rec.Object, rec.ID)
		case lockstep.OwnExternalID(key, *rec.ExternalID):
			v.landed++
			if len(there[*rec.ExternalID]) > 0 {
				v.duplicates++
			}
			there[*rec.ExternalID] = append(there[*rec.ExternalID], rec.ID)
		}
	}
	return there, nil
}

// compare holds the outcome of one record against the CRM ids that its external
// id is found at.
func (v *verdict) compare(e client.Event, ids []string) {
	switch lockstep.Outcome(e.Outcome) {
	case lockstep.OutcomeCreated, lockstep.OutcomeUpdated, lockstep.OutcomeUnchanged:
		if len(ids) != 1 || ids[0] != e.CRMID {
			v.find("Record %s is %s as %s, and the CRM has it at %q.", e.ExternalID, e.Outcome, e.CRMID, ids)
		}
	case lockstep.OutcomeWaiting, lockstep.OutcomeSkipped, lockstep.OutcomeFailed:
		if len(ids) > 1 || len(ids) == 1 && ids[0] != e.CRMID {
			v.find("Record %s is %s, and the CRM has it at %q.", e.ExternalID, e.Outcome, ids)
		}
	default:
		v.find("Record %s has the outcome %q, which is none.", e.ExternalID, e.Outcome)
	}
}
