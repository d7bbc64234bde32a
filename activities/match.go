package activities

import (
	"context"
	"strings"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// look finds records by a key: in the CRM, or in what was listed of it.
type look func(ctx context.Context, typ string, key crm.Key, values []string) ([]crm.Found, error)

// match finds the records that the CRM has already: by the external id that an
// earlier connection stamped, else by e-mail address. What it finds is linked
// in the ledger before anything is written, so that of two records which
// resolve to one in the CRM only the first is written to it. What it does not
// find is proven absent.
func (d *drain) match(ctx context.Context, look look, items []item) (matched []item, settled []lockstep.Settlement, err error) {
	typ := items[0].typ
	byExternal, err := d.find(ctx, look, typ, crm.KeyExternalID, items, func(it item) string { return it.externalID })
	if err != nil {
		return items, nil, err
	}
	byEmail, err := d.find(ctx, look, typ, crm.KeyEmail, items, func(it item) string {
		if len(byExternal[it.externalID]) > 0 {
			return ""
		}
		return emailOf(it.Fields)
	})
	if err != nil {
		return items, nil, err
	}
	var links []lockstep.Link
	for _, it := range items {
		hits := byExternal[it.externalID]
		if len(hits) == 0 {
			hits = byEmail[emailOf(it.Fields)]
		}
		switch {
		case len(hits) == 0:
			it.Absent = true
		case len(hits) > 1:
			settled = append(settled, it.settle(lockstep.OutcomeWaiting, lockstep.Code(crm.ReasonAmbiguous), ""))
			continue
		default:
			it.CRMType, it.CRMID = typ, hits[0].ID
			if other := hits[0].ExternalID; other != "" && other != it.externalID {
				it.externalID = "" // somebody else's stamp is left alone
			}
			links = append(links, lockstep.Link{RecordID: it.RecordID, CRMType: typ, CRMID: it.CRMID})
		}
		matched = append(matched, it)
	}
	matched, taken, err := d.link(ctx, matched, links)
	if err != nil { // then none is settled
		return items, nil, err
	}
	return matched, append(settled, taken...), nil
}

// find looks items up by a key and returns what was met, by key as compared.
// Records in the bin do not count.
func (d *drain) find(ctx context.Context, look look, typ string, key crm.Key, items []item, value func(item) string) (map[string][]crm.Found, error) {
	values := make([]string, 0, len(items))
	seen := make(map[string]bool, len(items))
	for _, it := range items {
		if v := value(it); v != "" && !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	met := make(map[string][]crm.Found)
	for len(values) > 0 {
		n := min(len(values), d.facts.Limits.FindBatch)
		page, err := look(ctx, typ, key, values[:n])
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			if f.Deleted {
				continue
			}
			k := f.ExternalID
			if key == crm.KeyEmail {
				k = strings.ToLower(f.Email)
			}
			met[k] = append(met[k], f)
		}
		values = values[n:]
	}
	return met, nil
}

// link writes links into the ledger. Items whose CRM record another record is
// linked to already are settled as such.
func (d *drain) link(ctx context.Context, items []item, links []lockstep.Link) (kept []item, settled []lockstep.Settlement, err error) {
	if len(links) == 0 {
		return items, nil, nil
	}
	won, err := d.ledger.Link(ctx, d.lease, links)
	if err != nil {
		return items, nil, err
	}
	winners := ids(won)
	for _, it := range items {
		if it.CRMID == "" || winners[it.RecordID] {
			kept = append(kept, it)
			continue
		}
		s := it.settle(lockstep.OutcomeSkipped, lockstep.CodeSameRecord, "")
		s.CRMType, s.CRMID = it.CRMType, it.CRMID // the settlement names who has it
		settled = append(settled, s)
	}
	return kept, settled, nil
}

// needsLook tells whether a refusal can only be understood by looking: a
// duplicate rule knows a record that we do not, an earlier write whose answer
// was lost may have landed, or the linked record has moved or gone.
func needsLook(it item, e *crm.Error) bool {
	if it.CRMID == "" {
		lasting := e.Kind == crm.KindInvalid || e.Kind == crm.KindForbidden
		return e.Reason == crm.ReasonDuplicate || it.InDoubt && lasting && e.Reason != crm.ReasonExternalID
	}
	return e.Reason == crm.ReasonDeleted || e.Reason == crm.ReasonConverted || e.Kind == crm.KindNotFound && e.Reason == ""
}

// follow looks refused items, which were one call, up and settles them by what
// it meets.
func (d *drain) follow(ctx context.Context, items []item) ([]lockstep.Settlement, error) {
	if len(items) == 0 {
		return nil, nil
	}
	if items[0].CRMID != "" {
		return d.followMoved(ctx, items)
	}
	taken := d.pace.taken()
	found, settled, err := d.match(ctx, d.finder.Find, items)
	if err != nil {
		return append(settled, d.refusedCall(ctx, items, err, taken)...), nil
	}
	var known []item
	for _, it := range found {
		switch {
		case it.CRMID != "" && it.refusal.Reason == crm.ReasonDuplicate:
			known = append(known, it)
		default: // nobody we can name; or ours, of an earlier write, and refused now all the same
			s := d.refused(it, it.refusal)
			s.CRMType, s.CRMID = it.CRMType, it.CRMID
			settled = append(settled, s)
		}
	}
	if len(known) == 0 {
		return settled, nil
	}
	written, err := d.write(ctx, known)
	return append(settled, written...), err
}

// followMoved finds out what became of linked records that cannot be written:
// a merged one is written again at its survivor, a converted lead's link moves
// to the contact, a deleted record is unlinked, and left alone unless a person
// has asked for it.
func (d *drain) followMoved(ctx context.Context, items []item) ([]lockstep.Settlement, error) {
	values := make([]string, len(items))
	for i, it := range items {
		values[i] = it.CRMID
	}
	taken := d.pace.taken()
	met, err := d.finder.Find(ctx, items[0].typ, crm.KeyID, values)
	if err != nil {
		return d.refusedCall(ctx, items, err, taken), nil
	}
	byID := make(map[string]crm.Found, len(met))
	for _, f := range met {
		byID[f.ID] = f
	}
	var (
		settled []lockstep.Settlement
		moved   []item
		links   []lockstep.Link
	)
	for _, it := range items {
		f, ok := byID[it.CRMID]
		switch {
		case it.Attempts >= attemptsMost: // what it is refused for is something else
			settled = append(settled, it.settle(lockstep.OutcomeFailed, lockstep.CodeOf(it.refusal), it.refusal.Message))
		case ok && f.MovedTo != nil:
			it.CRMType, it.CRMID = f.MovedTo.Type, f.MovedTo.ID
			moved = append(moved, it)
			links = append(links, lockstep.Link{RecordID: it.RecordID, CRMType: it.CRMType, CRMID: it.CRMID})
		case ok && !f.Deleted:
			settled = append(settled, it.putBack(&crm.Error{Kind: crm.KindConflict}))
		case it.Force: // a person has asked for everything: create it again
			s := it.putBack(&crm.Error{Kind: crm.KindConflict})
			s.Unlink = true
			settled = append(settled, s)
		default:
			s := it.settle(lockstep.OutcomeSkipped, lockstep.Code(crm.ReasonDeleted), "")
			s.Unlink = true
			settled = append(settled, s)
		}
	}
	moved, held, err := d.link(ctx, moved, links)
	settled = append(settled, held...)
	if err != nil {
		return nil, err
	}
	for _, it := range moved { // the link has moved; the next claim writes there, with that type's mapping
		settled = append(settled, it.putBack(&crm.Error{Kind: crm.KindConflict}))
	}
	return settled, nil
}
