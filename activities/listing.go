package activities

import (
	"context"
	"time"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// list finds out what the CRM has already by listing it once, as far as that
// costs fewer calls than asking for each batch's keys would; then it is given
// up, and each batch asks. A listing that broke off goes on where it was.
func (d *drain) list(ctx context.Context, run lockstep.Run) error {
	const keys = 2 // an external id and an e-mail address are asked for
	batches := (int(run.Counts.Total) + d.facts.Limits.FindBatch - 1) / d.facts.Limits.FindBatch
	typ := d.conn.Target(crm.Contact, d.facts.Types[crm.Contact])
	for cursor := run.ListCursor; run.ListPages < keys*max(1, batches); run.ListPages++ {
		page, next, err := d.listPage(ctx, typ, cursor)
		if err != nil || d.verdictIs() {
			return err
		}
		if page == nil && next == "" { // it cannot be listed
			break
		}
		if run.ListPages == 0 && len(page) == 0 && next == "" {
			return d.linkUpBy(ctx, lockstep.LinkUpNone)
		}
		if err := d.book.AppendListing(ctx, run.WorkspaceID, run.ID, page, next); err != nil {
			return err
		}
		if next == "" {
			return d.linkUpBy(ctx, lockstep.LinkUpListed)
		}
		cursor = next
	}
	return d.linkUpBy(ctx, lockstep.LinkUpKeys)
}

// listPage returns a page of the listing, trying again what passes; none and no
// cursor when the CRM cannot be listed.
func (d *drain) listPage(ctx context.Context, typ, cursor string) ([]crm.Found, string, error) {
	for !d.stopping(ctx) {
		if until, held := d.pace.held(time.Now()); held {
			if time.Until(until) > d.bounds.patience {
				d.decide(flow.VerdictWait, until)
				return nil, "", nil
			}
			if err := rest(ctx, ctx, time.Until(until)); err != nil {
				return nil, "", err
			}
			continue
		}
		taken := d.pace.taken()
		page, next, err := d.finder.List(ctx, typ, cursor)
		if err == nil {
			d.pace.answered()
			if page == nil {
				page = []crm.Found{}
			}
			return page, next, nil
		}
		switch crm.KindOf(err) {
		case crm.KindUnauthorized, crm.KindQuota, crm.KindRateLimited, crm.KindUnavailable, crm.KindUnknown:
			d.refusedCall(ctx, nil, err, taken)
		case crm.KindInternal, crm.KindInvalid, crm.KindForbidden, crm.KindNotFound, crm.KindConflict, crm.KindUnsupported:
			return nil, "", ctx.Err() // a cursor that has grown too old, or a login that may not
		}
	}
	d.decide(flow.VerdictMore, time.Time{})
	return nil, "", ctx.Err()
}

// linkUpBy says how the run finds what the CRM has already.
func (d *drain) linkUpBy(ctx context.Context, by lockstep.LinkUp) error {
	d.linkUp = by
	return d.book.SetLinkUp(ctx, d.lease.WorkspaceID, d.lease.RunID, by)
}

// verdictIs tells whether there is a verdict already.
func (d *drain) verdictIs() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verdict != ""
}

// listed looks records up in the run's listing.
func (d *drain) listed(ctx context.Context, _ string, key crm.Key, values []string) ([]crm.Found, error) {
	return d.book.Listed(ctx, d.lease.WorkspaceID, d.lease.RunID, key, values)
}
