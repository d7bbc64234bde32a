package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// Claim takes up to limit rows of the lease's run that are due, in order of
// record id after the given one, and holds them for ttl. A row whose earlier
// claim ran out is in doubt. It returns none when there are none, when the run
// is not running, and when the connection has moved on to another epoch.
func (s *Store) Claim(ctx context.Context, lease lockstep.Lease, after uuid.UUID, limit int, ttl time.Duration) ([]lockstep.Claimed, error) {
	rows, err := s.q.Claim(ctx, db.ClaimParams{
		Token: &lease.Token, TtlSeconds: ttl.Seconds(), WorkspaceID: lease.WorkspaceID, ConnectionID: lease.ConnectionID, RunID: lease.RunID,
		Epoch: lease.Epoch, After: after, Max: int32(limit), //nolint:gosec // a handful of batches
	})
	if err != nil {
		return nil, interpret("claim", err)
	}
	claimed := make([]lockstep.Claimed, len(rows))
	for i, r := range rows {
		claimed[i] = lockstep.Claimed{
			RecordID: r.RecordID, Object: crm.Object(r.Object), ExternalID: r.ExternalID, Revision: r.Revision,
			CRMType: orEmpty(r.CRMType), CRMID: orEmpty(r.CRMID), Hash: r.Hash,
			InDoubt: r.InDoubt, Absent: r.Absent, Force: r.Force, Attempts: int(r.Attempts),
		}
		if err := json.Unmarshal(r.Fields, &claimed[i].Fields); err != nil {
			return nil, fmt.Errorf("reading record %s: %w", r.RecordID, err)
		}
	}
	return claimed, nil
}

// TakeOver ends the claims of earlier attempts at a run, so that their rows can
// be claimed at once. It returns how many there were.
func (s *Store) TakeOver(ctx context.Context, lease lockstep.Lease) (int64, error) {
	n, err := s.q.TakeOver(ctx, db.TakeOverParams{ConnectionID: lease.ConnectionID, RunID: &lease.RunID, WorkspaceID: lease.WorkspaceID})
	return n, interpret("take_over", err)
}

// Link ties claimed records to CRM records before they are written, and returns
// those it tied. A CRM record that another record is linked to is not tied
// twice: the first in order of record id has it.
func (s *Store) Link(ctx context.Context, lease lockstep.Lease, links []lockstep.Link) ([]uuid.UUID, error) {
	p := db.LinkParams{WorkspaceID: lease.WorkspaceID, ConnectionID: lease.ConnectionID, Token: &lease.Token}
	for _, l := range links {
		p.RecordIds, p.CRMTypes, p.CRMIds = append(p.RecordIds, l.RecordID), append(p.CRMTypes, l.CRMType), append(p.CRMIds, l.CRMID)
	}
	tied, err := s.q.Link(ctx, p)
	if crm.KindOf(interpret("link", err)) == crm.KindConflict { // somebody else was a moment faster
		tied, err = s.q.Link(ctx, p)
	}
	return tied, raced("link", err)
}

// Elders returns, of claimed records that are not linked, those whose e-mail
// address another record has that is linked, or that the same run comes to
// first.
func (s *Store) Elders(ctx context.Context, lease lockstep.Lease, ids []uuid.UUID) (map[uuid.UUID]lockstep.Elder, error) {
	rows, err := s.q.Elders(ctx, db.EldersParams{
		RecordIds: ids, WorkspaceID: lease.WorkspaceID, ConnectionID: lease.ConnectionID, RunID: lease.RunID,
	})
	if err != nil {
		return nil, interpret("elders", err)
	}
	out := make(map[uuid.UUID]lockstep.Elder, len(rows))
	for _, r := range rows {
		out[r.RecordID] = lockstep.Elder{ID: r.ElderID, ExternalID: r.ExternalID, Held: r.Held}
	}
	return out, nil
}

// Settle ends the lease's claims on the records that settlements name, in one
// statement, and returns how many it ended. Claims that were taken over are left
// as they are. What comes home after the connection has moved on to another epoch
// is kept: it is what the CRM has answered.
//
// Two settlements at once may each find that their record is the only one
// linked to a CRM record; the database lets one pass, and the other is judged
// again.
func (s *Store) Settle(ctx context.Context, lease lockstep.Lease, settlements []lockstep.Settlement) (int64, error) {
	params := settleParams(lease, settlements)
	var n int64
	settle := func() error {
		var err error
		n, err = s.q.Settle(ctx, params)
		return err
	}
	err := again(settle)
	if crm.KindOf(interpret("settle", err)) == crm.KindConflict {
		err = again(settle)
	}
	return n, raced("settle", err)
}

// raced is interpret for a statement that has lost a race twice: it is worth
// trying again, and no reason to give up.
func raced(op string, err error) error {
	err = interpret(op, err)
	if e, ok := errors.AsType[*crm.Error](err); ok && e.Kind == crm.KindConflict {
		e.Kind = crm.KindUnavailable
	}
	return err
}

// settleParams has the settlements in order of records, which is the order in
// which everybody locks them.
func settleParams(lease lockstep.Lease, settlements []lockstep.Settlement) db.SettleParams {
	settlements = slices.SortedFunc(slices.Values(settlements), func(a, b lockstep.Settlement) int {
		return bytes.Compare(a.RecordID[:], b.RecordID[:])
	})
	n := len(settlements)
	p := db.SettleParams{
		WorkspaceID: lease.WorkspaceID, ConnectionID: lease.ConnectionID, RunID: lease.RunID, Token: &lease.Token,
		RecordIds: make([]uuid.UUID, n), Revisions: make([]int64, n), Outcomes: make([]string, n),
		CRMTypes: make([]string, n), CRMIds: make([]string, n), Unlinks: make([]bool, n), Hashes: make([][]byte, n),
		Problems: make([]string, n), Details: make([]string, n), Defers: make([]float64, n),
		InDoubts: make([]bool, n), Absents: make([]bool, n), Frees: make([]bool, n),
	}
	for i, s := range settlements {
		p.RecordIds[i], p.Revisions[i], p.Outcomes[i] = s.RecordID, s.Revision, string(s.Outcome)
		p.CRMTypes[i], p.CRMIds[i], p.Unlinks[i], p.Hashes[i] = s.CRMType, s.CRMID, s.Unlink, s.Hash
		p.Problems[i], p.Details[i] = string(s.Problem), s.Detail
		p.Defers[i], p.InDoubts[i], p.Absents[i], p.Frees[i] = s.Defer.Seconds(), s.InDoubt, s.Absent, s.Free
	}
	return p
}

// Backlog returns what is left of a run.
func (s *Store) Backlog(ctx context.Context, lease lockstep.Lease) (lockstep.Backlog, error) {
	row, err := s.q.Backlog(ctx, db.BacklogParams{WorkspaceID: lease.WorkspaceID, ConnectionID: lease.ConnectionID, RunID: &lease.RunID})
	if err != nil {
		return lockstep.Backlog{}, interpret("backlog", err)
	}
	return lockstep.Backlog{Open: row.Open, Due: row.Due, Held: row.Held, NextAt: row.NextAt}, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
