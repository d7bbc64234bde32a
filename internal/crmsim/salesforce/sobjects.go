package salesforce

import (
	"encoding/json"
	"net/http"
	"strings"

	"lockstep/internal/crmsim"
)

// create makes one record (wire-recordings-grouparoo.json).
func create(c *call) crmsim.Answer {
	t, bad := c.table()
	if bad != nil {
		return bad.answer()
	}
	o, bad, stop := c.writeOne(c.batch(t, inserting, -1), nil)
	switch {
	case stop != nil:
		return *stop
	case bad != nil:
		return bad.answer()
	}
	answer := jsonAnswer(http.StatusCreated, o.append(nil, false))
	answer.Header.Set("Location", recordURL(c.version(), c.Object, o.id))
	return answer
}

// update changes one record: 204, no body (crm/salesforce.md §3).
func update(c *call) crmsim.Answer {
	t, r, bad := c.one()
	if bad != nil {
		return bad.answer()
	}
	_, bad, stop := c.writeOne(c.batch(t, updating, -1), &draft{id: r.id})
	switch {
	case stop != nil:
		return *stop
	case bad != nil:
		return bad.answer()
	}
	return noContent()
}

// upsertBy creates or updates one record by an external id: 201 or, from v46
// on, 200 (crm/salesforce.md §3).
func upsertBy(c *call) crmsim.Answer {
	t, key, value, bad := c.byKey()
	if bad != nil {
		return bad.answer()
	}
	found := c.found(t, key, value)
	if len(found) > 1 {
		return c.choices(found)
	}
	if len(found) == 0 && c.request.URL.Query().Get("updateOnly") == "true" {
		return notFound().answer()
	}
	o, bad, stop := c.writeOne(c.batch(t, upserting, key), &draft{key: value, changes: []crmsim.Change{{Field: key, Text: value}}})
	switch {
	case stop != nil:
		return *stop
	case bad != nil:
		return bad.answer()
	case o.created:
		return jsonAnswer(http.StatusCreated, o.append(nil, true))
	}
	return jsonAnswer(http.StatusOK, o.append(nil, true))
}

// writeOne writes the record in the body, together with what the path says of
// it.
func (c *call) writeOne(b *batch, path *draft) (outcome, *failure, *crmsim.Answer) {
	members, bad := readMembers(string(c.body))
	if bad != nil {
		return outcome{}, bad, nil
	}
	if stop := b.read(members); stop != nil {
		return outcome{}, stop, nil
	}
	if path != nil {
		if bad := b.drafts[0].join(path, b); bad != nil {
			return outcome{}, bad, nil
		}
	}
	w := write{batches: []*batch{b}}
	if stop := c.prepare(&w); stop != nil {
		return outcome{}, nil, stop
	}
	w.apply(c.org)
	c.count(&w)
	return b.outcomes[0], b.outcomes[0].bad, nil
}

// join adds what the path says to what the body says; the two may not say the
// same thing.
func (d *draft) join(path *draft, b *batch) *failure {
	if d.id != "" {
		return failedWith(http.StatusBadRequest, codeInvalidField, "The Id field should not be specified in the sobject data.")
	}
	d.id, d.key = path.id, path.key
	for _, c := range path.changes {
		at := 0
		for at < len(d.changes) && d.changes[at].Field < c.Field {
			at++
		}
		name := b.shape().fields[c.Field].name
		if at < len(d.changes) && d.changes[at].Field == c.Field {
			return failedWith(http.StatusBadRequest, codeInvalidField, "The "+name+" field should not be specified in the sobject data.")
		}
		d.changes = append(d.changes[:at], append([]crmsim.Change{c}, d.changes[at:]...)...)
	}
	return nil
}

func readMembers(body string) ([]member, *failure) {
	var members []member
	s := crmsim.NewScanner(body)
	s.Members(func(key string) { members = append(members, member{key: key, value: s.Raw()}) })
	if s.End() != nil {
		return nil, badJSON()
	}
	return members, nil
}

// retrieve reads one record, whole or the fields asked for.
func retrieve(c *call) crmsim.Answer {
	t, r, bad := c.one()
	if bad != nil {
		return bad.answer()
	}
	return c.show(t, r)
}

// retrieveBy reads one record by an external id.
func retrieveBy(c *call) crmsim.Answer {
	t, key, value, bad := c.byKey()
	if bad != nil {
		return bad.answer()
	}
	switch found := c.found(t, key, value); len(found) {
	case 0:
		return notFound().answer()
	case 1:
		return c.show(t, found[0])
	default:
		return c.choices(found)
	}
}

func (c *call) show(t *table, r *record) crmsim.Answer {
	o := t.schema.Load()
	var columns []int
	if names := c.request.URL.Query().Get("fields"); names != "" {
		for name := range strings.SplitSeq(names, ",") {
			i := o.find(strings.TrimSpace(name))
			if i < 0 {
				return noColumn(name, o.name).answer()
			}
			columns = append(columns, i)
		}
	} else {
		for i, f := range o.fields {
			if f.visible() {
				columns = append(columns, i)
			}
		}
	}
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	c.Records++
	return jsonAnswer(http.StatusOK, t.append(nil, r, columns, c.version()))
}

// remove deletes one record.
func remove(c *call) crmsim.Answer {
	t, r, bad := c.one()
	if bad != nil {
		return bad.answer()
	}
	return c.drop(t, r)
}

// removeBy deletes one record by an external id.
func removeBy(c *call) crmsim.Answer {
	t, key, value, bad := c.byKey()
	if bad != nil {
		return bad.answer()
	}
	switch found := c.found(t, key, value); len(found) {
	case 0:
		return notFound().answer()
	case 1:
		return c.drop(t, found[0])
	default:
		return c.choices(found)
	}
}

func (c *call) drop(t *table, r *record) crmsim.Answer {
	if o := t.schema.Load(); o.fixed {
		return failed(codeForOperation, "entity type cannot be deleted: "+o.label).answer()
	}
	c.org.mu.Lock()
	defer c.org.mu.Unlock()
	t.remove(r)
	c.Records++
	c.Updated++
	c.org.grant()
	return noContent()
}

// one returns the live record that the path names.
func (c *call) one() (*table, *record, *failure) {
	t, bad := c.table()
	if bad != nil {
		return nil, nil, bad
	}
	id := c.request.PathValue("id")
	full, ok := longID(id)
	if !ok {
		// restforce-fixtures/sobject/sobject_find_error_response.json
		return nil, nil, noKeyField(id)
	}
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	r, bad := t.locate(full)
	if bad != nil && bad.code != codeDeleted {
		// wire-recordings-grouparoo.json
		bad = notFound()
	}
	return t, r, bad
}

// byKey returns the field and value that the path names.
func (c *call) byKey() (t *table, key int, value string, bad *failure) {
	if t, bad = c.table(); bad != nil {
		return nil, 0, "", bad
	}
	if key, bad = c.keyField(t); bad != nil {
		return nil, 0, "", bad
	}
	return t, key, c.request.PathValue("value"), nil
}

func (c *call) found(t *table, key int, value string) []*record {
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	if t.schema.Load().fields[key].kind == typeID {
		if full, ok := longID(value); ok {
			if r := t.get(full); r != nil && !r.deleted {
				return []*record{r}
			}
		}
		return nil
	}
	return append([]*record(nil), t.find(key, value)...)
}

// choices answers for an external id that is not unique
// (restforce-fixtures/sobject/upsert_multiple_error_response.json).
func (c *call) choices(found []*record) crmsim.Answer {
	urls := make([]string, len(found))
	for i, r := range found {
		urls[i] = recordURL(c.version(), c.Object, r.id)
	}
	return encoded(http.StatusMultipleChoices, urls)
}

// basicInformation answers for an object without describing it.
func basicInformation(c *call) crmsim.Answer {
	t, bad := c.table()
	if bad != nil {
		return bad.answer()
	}
	return encoded(http.StatusOK, map[string]any{
		"objectDescribe": summary(t.schema.Load(), c.version()),
		"recentItems":    []json.RawMessage{},
	})
}

func noContent() crmsim.Answer {
	return crmsim.Answer{Status: http.StatusNoContent}
}
