package salesforce

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"lockstep/internal/crmsim"
)

// assigns reports whether a call has records assigned by the active rule: it
// does unless it says FALSE, in whatever case (developer.salesforce.com,
// api_rest headers_autoassign: "the default value is TRUE"). The id of a rule
// stands for the one that there is.
func assigns(h http.Header) bool {
	return !strings.EqualFold(strings.TrimSpace(h.Get("Sforce-Auto-Assign")), "FALSE")
}

// assign gives a lead to whom the active assignment rule names, be it new or
// not ("applied for created or updated Accounts, Cases, or Leads"). That the
// rule has its way over an owner in the call is unverified.
func (b *batch) assign(d *draft) {
	o := b.shape()
	if !b.assigns || b.table.org.assignee == "" || o.name != "Lead" {
		return
	}
	owner := crmsim.Change{Field: o.must("OwnerId"), Text: b.table.org.assignee}
	at, given := slices.BinarySearchFunc(d.changes, owner.Field, func(c crmsim.Change, field int) int { return cmp.Compare(c.Field, field) })
	if given {
		d.changes[at] = owner
		return
	}
	d.changes = slices.Insert(d.changes, at, owner)
}

// setAssignmentRule activates a lead assignment rule that gives every lead to
// one user, in that user's org; without an owner it deactivates those of all
// orgs.
func (s *Sim) setAssignmentRule(w http.ResponseWriter, r *http.Request) {
	var in struct{ Owner string }
	if !crmsim.Decode(w, r, &in) {
		return
	}
	if in.Owner == "" {
		for _, o := range s.orgs {
			o.appoint("")
		}
		crmsim.Done(w, nil)
		return
	}
	o, t, user := (*book)(s).locate(in.Owner)
	if user == nil {
		crmsim.Done(w, crmsim.ErrNoRecord)
		return
	}
	fits := t.schema.Load().name == "User" && t.value(user, "IsActive") == "true"
	o.mu.Unlock()
	if !fits {
		crmsim.Done(w, errors.New("setting assignment rule: not an active user"))
		return
	}
	o.appoint(user.id)
	crmsim.Done(w, nil)
}

// appoint has the org's lead assignment rule name a user, or nobody.
func (o *org) appoint(user string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.assignee = user
}
