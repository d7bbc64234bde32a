package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lockstep/internal/crmsim"
)

// merge makes one record of two, and answers it.
func merge(c *call) crmsim.Answer {
	var in struct {
		PrimaryObjectID string `json:"primaryObjectId"`
		ObjectIDToMerge string `json:"objectIdToMerge"`
	}
	if json.Unmarshal(c.Body, &in) != nil {
		return badJSON().answer()
	}
	c.portal.mu.Lock()
	defer c.portal.mu.Unlock()
	made := c.table.merge(in.PrimaryObjectID, in.ObjectIDToMerge)
	if made == nil {
		return noRecord(in.ObjectIDToMerge).answer()
	}
	c.Records, c.Updated = 2, 1
	out := outcome{record: *made, created: true}
	return jsonAnswer(http.StatusOK, append(newRenderer(c.table).written(nil, out), '}'))
}

// merge makes a new record of two, or returns nil if one of them is not there.
// "A new record with a new ID will be created for the resulting merged record,
// with both records merged into the new one"; the primary's values are kept
// (developers.hubspot.com/changelog/updated-merge-functionality-for-contacts-and-companies).
// What the primary has no value for is taken from the other, whose address
// becomes an additional one. The caller holds the lock.
func (t *table) merge(primary, other string) *record {
	first, second := t.get(primary), t.get(other)
	if first == nil || second == nil || first == second || first.archived || second.archived {
		return nil
	}
	o := t.schema.Load()
	d := draft{}
	for i, text := range first.row.All() {
		d.changes = append(d.changes, crmsim.Change{Field: i, Text: text})
	}
	for i, text := range second.row.All() {
		if p := o.properties[i]; p.name != propOtherMails && p.name != propMerged {
			d.put(i, text)
		}
	}
	d.set(o.index[propMerged], joined(
		t.value(first, propMerged), t.value(second, propMerged), strconv.FormatInt(first.id, 10), strconv.FormatInt(second.id, 10)))
	if mail := o.find(propEmail); mail >= 0 {
		kept, others := d.change(mail), joined(t.value(first, propOtherMails), t.value(second, propOtherMails))
		if spare := second.row.Get(mail); spare != kept {
			others = joined(others, spare)
		}
		d.set(o.index[propOtherMails], others)
	}
	t.archive(first)
	t.archive(second)
	made := t.insert(d.changes)
	made.created = min(first.created, second.created)
	first.into, second.into = made, made
	return made
}

// set makes a change, whatever the draft has for the property.
func (d *draft) set(i int, text string) {
	d.changes = slices.DeleteFunc(d.changes, func(c crmsim.Change) bool { return c.Field == i })
	d.put(i, text)
}

// joined joins what there is with semicolons.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ";")
}
