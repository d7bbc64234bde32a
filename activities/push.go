package activities

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// item is a claimed row on its way to the CRM.
type item struct {
	lockstep.Claimed

	typ        string // the CRM type it is written to
	externalID string // as the CRM keeps it; not stamped when empty
	mapped     map[string]any
	owned      bool       // it is written with whom it is assigned to
	refusal    *crm.Error // what the CRM said of it, when that has to be looked into
}

// batches cuts claimed rows into calls: linked rows are updated by their CRM
// id, the others by external id, and each call is about one type. Rows that
// were refused again and again with their neighbours, while other calls were
// taken, go in smaller and smaller company, until a poison record is alone.
func (d *drain) batches(rows []lockstep.Claimed) [][]lockstep.Claimed {
	type kind struct {
		typ    string
		linked bool
		size   int
	}
	const patient = 2 // attempts before a batch is made smaller
	open := make(map[kind]int)
	var out [][]lockstep.Claimed
	for _, row := range rows {
		k := kind{row.CRMType, row.CRMID != "", max(1, d.facts.Limits.WriteBatch>>max(0, row.Attempts-patient))}
		i, ok := open[k]
		if !ok || len(out[i]) == k.size {
			i = len(out)
			open[k] = i
			out = append(out, make([]lockstep.Claimed, 0, min(len(rows), k.size)))
		}
		out[i] = append(out[i], row)
	}
	return out
}

// push brings a batch of rows, all linked or none, to the CRM and returns what
// became of each.
func (d *drain) push(ctx context.Context, rows []lockstep.Claimed) ([]lockstep.Settlement, error) {
	items, settled, err := d.prepare(ctx, rows)
	if err != nil || len(items) == 0 {
		return settled, err
	}
	look := d.look()
	if d.linkUp == lockstep.LinkUpListed && slices.ContainsFunc(items, func(it item) bool { return it.Attempts > 0 }) {
		look = d.finder.Find // what was listed may be gone by now
	}
	if items[0].CRMID == "" && look != nil {
		taken := d.pace.taken()
		matched, refused, err := d.match(ctx, look, items)
		settled = append(settled, refused...)
		if err != nil {
			return append(settled, d.refusedCall(ctx, items, err, taken)...), nil
		}
		items = matched
	}
	for i := range items { // known when the run began, or since the look just now
		items[i].Absent = items[i].Absent || items[i].CRMID == "" && d.linkUp == lockstep.LinkUpNone
	}
	for _, part := range split(items) {
		done, err := d.write(ctx, part)
		if err != nil {
			return nil, err
		}
		settled = append(settled, done...)
	}
	return settled, nil
}

// look returns where rows are looked for before they are written; nil when they
// are not.
func (d *drain) look() look {
	switch d.linkUp {
	case lockstep.LinkUpListed:
		return d.listed
	case lockstep.LinkUpKeys:
		return d.finder.Find
	case lockstep.LinkUpList, lockstep.LinkUpNone, lockstep.LinkUpLate:
	}
	return nil
}

// prepare maps the rows and settles those that need no call.
func (d *drain) prepare(ctx context.Context, rows []lockstep.Claimed) (items []item, settled []lockstep.Settlement, err error) {
	items = make([]item, 0, len(rows))
	for _, row := range rows {
		typ := row.CRMType
		if row.CRMID == "" {
			typ = d.conn.Target(row.Object, d.facts.Types[row.Object])
		}
		mapping, err := d.mapping(ctx, row.Object, typ)
		if err != nil {
			return nil, nil, err
		}
		it := item{Claimed: row, typ: typ, externalID: lockstep.ExternalID(d.conn.WorkspaceKey, row.ExternalID), mapped: mapping.Apply(row.Fields)}
		if s, ok := d.without(it, mapping); ok {
			settled = append(settled, s)
			continue
		}
		items = append(items, it)
	}
	return items, settled, nil
}

// elderWait is how long a record waits before it is looked at again whether the
// one that stands for the same person has its outcome.
const elderWait = 500 * time.Millisecond

// without settles an item that needs no call: one that has nothing to be
// recognised by, nothing to say, or nothing new to say; or that is one too many
// of a person whom another record stands for.
func (d *drain) without(it item, mapping lockstep.Mapping) (lockstep.Settlement, bool) {
	if it.Object == crm.Contact && emailOf(it.Fields) == "" {
		return it.settle(lockstep.OutcomeSkipped, lockstep.CodeMissingEmail, ""), true
	}
	if len(it.mapped) == 0 {
		return it.settle(lockstep.OutcomeFailed, lockstep.CodeMappingEmpty, ""), true
	}
	if it.Elder != nil && it.Elder.Held {
		return it.settle(lockstep.OutcomeSkipped, lockstep.CodeSameRecord, it.Elder.ExternalID), true
	}
	if it.Elder != nil { // it is decided once the elder is settled
		s := it.putBack(&crm.Error{Kind: crm.KindConflict})
		s.Free, s.Defer = true, elderWait
		return s, true
	}
	if it.CRMID == "" || it.Force || it.InDoubt {
		return lockstep.Settlement{}, false
	}
	hash, err := mapping.Hash(it.typ, it.CRMID, it.mapped)
	if err != nil || string(hash) != string(it.Hash) {
		return lockstep.Settlement{}, false
	}
	return it.settle(lockstep.OutcomeUnchanged, "", ""), true
}

// mapping returns how object goes to typ. A link may point to another type
// than the connection's mapping is for, such as a converted lead's contact;
// then what can be mapped without asking is.
func (d *drain) mapping(ctx context.Context, object crm.Object, typ string) (lockstep.Mapping, error) {
	d.mu.Lock()
	m, ok := d.mappings[typ]
	claims := d.claims
	d.mu.Unlock()
	if ok {
		return m, nil
	}
	m, err := d.book.Mapping(ctx, d.lease.WorkspaceID, d.lease.ConnectionID, object)
	if err != nil {
		return m, err
	}
	if m.Type != typ {
		fields, _, err := d.book.Schema(ctx, d.lease.WorkspaceID, d.lease.ConnectionID, typ)
		if err != nil {
			return m, err
		}
		m = lockstep.DefaultMapping(object, typ, fields)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.claims == claims { // or it may be older than what was claimed meanwhile
		d.mappings[typ] = m
	}
	return m, nil
}

// split parts items by how they are written: those that are linked, those that
// are proven to be new, and those that may be either. What is empty is left out.
func split(items []item) [][]item {
	parts := make([][]item, 3)
	for _, it := range items {
		switch {
		case it.CRMID != "":
			parts[0] = append(parts[0], it)
		case it.Absent && !it.InDoubt:
			parts[1] = append(parts[1], it)
		default:
			parts[2] = append(parts[2], it)
		}
	}
	return slices.DeleteFunc(parts, func(part []item) bool { return len(part) == 0 })
}

// write makes the call for items of one kind and settles them. A batch that
// the vendor refuses as a whole is looked into, then cut in two until the
// culprit stands alone.
func (d *drain) write(ctx context.Context, items []item) ([]lockstep.Settlement, error) {
	batch := d.batch(items)
	byRef := make(map[string]item, len(items))
	for i, it := range items {
		byRef[batch.Writes[i].Ref] = it
	}
	taken := d.pace.taken()
	outcomes, err := d.writer.Write(ctx, batch)
	if e := crm.AsError(err); e != nil && e.Reason == crm.ReasonBatch {
		return d.divide(ctx, items, e)
	}
	if err != nil {
		return d.refusedCall(ctx, items, err, taken), nil
	}
	d.pace.answered()
	var (
		settled = make([]lockstep.Settlement, 0, len(items))
		look    []item // what has to be looked up before it can be settled
		made    []item // what was created without whom it is assigned to
	)
	for _, out := range outcomes {
		it, ok := byRef[out.Ref]
		if !ok {
			continue
		}
		delete(byRef, out.Ref)
		switch {
		case out.Err == nil:
			if out.Effect == crm.Created && !it.owned && d.owner() != "" {
				it.CRMType, it.CRMID = it.typ, out.ID
				made = append(made, it)
			}
			settled = append(settled, d.landed(ctx, it, out))
		case needsLook(it, out.Err):
			it.refusal = out.Err
			look = append(look, it)
		case it.Attempts >= attemptsMost: // others are answered: it is the record
			settled = append(settled, it.settle(lockstep.OutcomeFailed, lockstep.CodeOf(out.Err), out.Err.Message))
		default:
			settled = append(settled, d.refused(it, out.Err))
		}
	}
	for _, it := range byRef { // an answer that leaves a record out proves nothing
		settled = append(settled, d.refused(it, &crm.Error{Kind: crm.KindUnknown}))
	}
	if err := d.assign(ctx, made); err != nil {
		return nil, err
	}
	followed, err := d.follow(ctx, look)
	return append(settled, followed...), err
}

// batch returns the call that writes items, which are all of one kind. What is
// proven to be new is given to whom the connection says.
func (d *drain) batch(items []item) crm.Batch {
	b := crm.Batch{Type: items[0].typ, Match: crm.ByExternalID, Writes: make([]crm.Write, len(items))}
	if items[0].CRMID != "" {
		b.Match = crm.ByID
	}
	b.Fresh = items[0].CRMID == "" && items[0].Absent && !items[0].InDoubt
	for i, it := range items {
		fields := it.mapped
		if owner := d.owner(); b.Fresh && owner != "" {
			fields = maps.Clone(fields)
			fields[d.facts.Owner] = owner
			items[i].owned = true
		}
		b.Writes[i] = crm.Write{Ref: it.RecordID.String(), ID: it.CRMID, ExternalID: it.externalID, Fields: fields}
	}
	return b
}

// owner returns whom new records are given to, or "" when that is the CRM's to
// decide.
func (d *drain) owner() string {
	if d.facts.Owner == "" {
		return ""
	}
	return d.conn.OwnerID
}

// assign gives records to their owner that turned out to have been created. It
// is one more write of one field; that it is refused is no failure of the
// record, which is in the CRM.
func (d *drain) assign(ctx context.Context, made []item) error {
	if len(made) == 0 {
		return nil
	}
	b := crm.Batch{Type: made[0].typ, Match: crm.ByID, Writes: make([]crm.Write, len(made))}
	for i, it := range made {
		b.Writes[i] = crm.Write{Ref: it.RecordID.String(), ID: it.CRMID, Fields: map[string]any{d.facts.Owner: d.owner()}}
	}
	outcomes, err := d.writer.Write(ctx, b)
	refused := 0
	for _, out := range outcomes {
		if out.Err != nil {
			refused++
		}
	}
	if err != nil || refused > 0 {
		activity.GetLogger(ctx).Warn("assigning new records", "kind", crm.KindOf(err), "records", len(made), "refused", refused)
	}
	return ctx.Err()
}

// divide settles a batch that the vendor has refused without naming a culprit.
// Where the CRM has some of the records already, by another key than the one
// they were sent with, those are linked first; then it is halves.
func (d *drain) divide(ctx context.Context, items []item, e *crm.Error) ([]lockstep.Settlement, error) {
	var settled []lockstep.Settlement
	if e.Kind == crm.KindConflict && items[0].CRMID == "" {
		taken := d.pace.taken()
		found, done, err := d.match(ctx, d.finder.Find, items)
		if err != nil {
			return append(done, d.refusedCall(ctx, items, err, taken)...), nil
		}
		settled = done
		parts := split(found)
		if len(done) > 0 || len(parts) != 1 || parts[0][0].CRMID != "" {
			for _, part := range parts {
				more, err := d.write(ctx, part)
				if err != nil {
					return nil, err
				}
				settled = append(settled, more...)
			}
			return settled, nil
		}
		items = found
	}
	if len(items) == 1 { // the culprit
		return append(settled, d.refusedCall(ctx, items, e, d.pace.taken())...), nil
	}
	half := len(items) / 2
	for _, part := range [][]item{items[:half], items[half:]} {
		more, err := d.write(ctx, part)
		if err != nil {
			return nil, err
		}
		settled = append(settled, more...)
	}
	return settled, nil
}

// landed settles a record that the CRM has. One that was in doubt and that the
// CRM did not have before was created by the write whose answer was lost.
func (d *drain) landed(ctx context.Context, it item, out crm.Outcome) lockstep.Settlement {
	outcome := lockstep.OutcomeUpdated
	ours := it.InDoubt && (it.Absent || it.CRMID == "" && d.linkUp == lockstep.LinkUpNone)
	if out.Effect == crm.Created || ours {
		outcome = lockstep.OutcomeCreated
	}
	s := it.settle(outcome, "", "")
	s.CRMType, s.CRMID = it.typ, out.ID
	mapping, err := d.mapping(ctx, it.Object, it.typ)
	if err == nil {
		s.Hash, _ = mapping.Hash(it.typ, out.ID, it.mapped) // without a hash the next write is made in full
	}
	return s
}

// attemptsMost is how often a record that alone keeps being refused is sent
// before that is a failure to show. An outage lasts as long as it lasts.
const attemptsMost = 30

// quotaWait is how long a spent quota is left alone when the vendor does not
// say when it is reset. A person who has bought more resumes the run.
const quotaWait = 15 * time.Minute

// refused settles a record that the CRM did not take.
func (d *drain) refused(it item, e *crm.Error) lockstep.Settlement {
	switch e.Kind {
	case crm.KindRateLimited, crm.KindUnavailable, crm.KindUnknown, crm.KindQuota, crm.KindUnauthorized:
		return it.putBack(e)
	case crm.KindConflict, crm.KindInternal:
		if it.Attempts < attemptsMost {
			return it.putBack(e)
		}
	case crm.KindInvalid, crm.KindForbidden, crm.KindNotFound, crm.KindUnsupported:
	}
	if e.Reason == crm.ReasonExternalID {
		d.decide(flow.VerdictProvision, time.Time{})
		return it.putBack(e)
	}
	return it.settle(lockstep.OutcomeFailed, lockstep.CodeOf(e), e.Message)
}

// denied is how long every call has to be answered 401, with tokens that the
// token endpoint has just given, until the grant is held to be dead.
const denied = 15 * time.Second

// refusedCall settles items whose call was refused as a whole, and decides
// what that means for the chunk. What was one call comes back as one. Taken is
// how many calls had been taken before it: when none has since, the refusal
// says nothing about the records.
func (d *drain) refusedCall(ctx context.Context, items []item, err error, taken int) []lockstep.Settlement {
	e := crm.AsError(err)
	var wait time.Duration
	free := d.pace.taken() == taken
	switch e.Kind {
	case crm.KindUnauthorized:
		// A token may be refused that was refreshed a moment ago, when another
		// caller's refresh or a person's has replaced it. Only the token endpoint
		// says that the grant is dead; or the CRM, for as long as denied.
		wait, free = d.pace.refused(time.Now(), 0), true
		if e.Reason == crm.ReasonGrant || d.pace.lasted(time.Now()) >= denied {
			d.decide(flow.VerdictUnauthorized, time.Time{})
		}
	case crm.KindQuota:
		until := time.Now().Add(quotaWait)
		if e.RetryAfter > 0 {
			until = time.Now().Add(e.RetryAfter)
		}
		d.decide(flow.VerdictQuota, until)
	case crm.KindRateLimited:
		wait, free = d.pace.refused(time.Now(), e.RetryAfter), true
	case crm.KindUnavailable, crm.KindUnknown:
		wait = d.pace.refused(time.Now(), e.RetryAfter)
		free = free && d.writer.Check(ctx) != nil // one that answers otherwise cannot take these records
	case crm.KindInternal, crm.KindInvalid, crm.KindForbidden, crm.KindNotFound, crm.KindConflict, crm.KindUnsupported:
		wait, free = backoffFirst, false
	}
	settled := make([]lockstep.Settlement, len(items))
	for i, it := range items {
		lasting := e.Kind == crm.KindUnavailable || e.Kind == crm.KindUnknown
		if lasting && !free && len(items) == 1 && it.Attempts >= attemptsMost {
			settled[i] = it.settle(lockstep.OutcomeFailed, lockstep.CodeUnavailable, e.Message)
			settled[i].InDoubt, settled[i].Absent = it.InDoubt || e.Kind == crm.KindUnknown, it.Absent
			continue
		}
		settled[i] = d.refused(it, e)
		settled[i].Defer, settled[i].Free = wait, free
	}
	return settled
}

func (it item) settle(outcome lockstep.Outcome, problem lockstep.Code, detail string) lockstep.Settlement {
	return lockstep.Settlement{
		RecordID: it.RecordID, Revision: it.Revision, Outcome: outcome, Problem: problem, Detail: clipped(detail),
	}
}

// detailMost is how much is kept of what a CRM says: some quote the value that
// they refuse, however long that is.
const detailMost = 1000

func clipped(detail string) string {
	if len(detail) <= detailMost {
		return detail
	}
	return strings.ToValidUTF8(detail[:detailMost], "") + "…"
}

// putBack returns the item to pending for a moment that grows with its
// attempts.
func (it item) putBack(e *crm.Error) lockstep.Settlement {
	s := it.settle("", lockstep.CodeOf(e), "")
	s.Defer = max(e.RetryAfter, min(backoffFirst<<max(0, min(it.Attempts, 16)), backoffRecord))
	s.InDoubt = it.InDoubt || e.Kind == crm.KindUnknown
	s.Absent = it.Absent
	return s
}

// emailOf returns the e-mail address of a record as look-ups compare it.
func emailOf(fields map[string]any) string {
	email, _ := fields["email"].(string)
	return strings.ToLower(strings.TrimSpace(email))
}

// ids returns the record ids of items, as a set.
func ids(list []uuid.UUID) map[uuid.UUID]bool {
	set := make(map[uuid.UUID]bool, len(list))
	for _, id := range list {
		set[id] = true
	}
	return set
}
