package salesforce

import (
	"lockstep/internal/crmsim"
)

// write is one call that writes: records of one object, or runs of several.
type write struct {
	batches   []*batch
	allOrNone bool
	plan      crmsim.Plan
}

// apply carries the write out. It takes the org's lock once, so that whatever
// is unique stays so however many writes overlap.
func (w *write) apply(o *org) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, refused := 0, false
	for _, b := range w.batches {
		twice := b.repeated()
		for i := range b.drafts {
			d := &b.drafts[i]
			if d.key != "" && twice[d.key] > 1 {
				d.fail(failed(codeDuplicate, "Duplicate external id specified: "+d.key, b.shape().fields[b.key].name))
			}
			w.disturb(n, b, d)
			out := b.write(d)
			b.outcomes = append(b.outcomes, out)
			refused = refused || out.bad != nil
			n++
		}
	}
	for _, b := range w.batches {
		if w.allOrNone && refused {
			b.rollBack()
		}
		if b.shape().setup {
			o.grant()
		}
	}
}

// disturb lets the script refuse the nth record of the call.
func (w *write) disturb(n int, b *batch, d *draft) {
	if w.plan.Refused(n) {
		d.fail(failed(codeValidation, "The sandbox refuses this record until it is healed."))
	}
	if w.plan.Locked(n) {
		d.fail(failed(codeLocked, "unable to obtain exclusive access to this record or 1 records: "+makeID(b.shape().prefix, b.table.org.instance, 1)))
	}
}
