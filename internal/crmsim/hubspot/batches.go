package hubspot

import (
	"net/http"
	"slices"
	"strconv"

	"lockstep/internal/crmsim"
)

// maxBatch is how many inputs one call takes (crm/hubspot.md §3).
const maxBatch = 100

func createAll(c *call) crmsim.Answer { return c.writeAll(creating, http.StatusCreated) }
func updateAll(c *call) crmsim.Answer { return c.writeAll(updating, http.StatusOK) }
func upsertAll(c *call) crmsim.Answer { return c.writeAll(upserting, http.StatusOK) }

// writeAll creates, updates or upserts a batch.
func (c *call) writeAll(v verb, status int) crmsim.Answer {
	b := &batch{table: c.table, verb: v, by: -1}
	if bad := b.read(string(c.Body)); bad != nil {
		return bad.answer()
	}
	began := c.sim.rig.Clock.Now()
	if stop := c.carryOut(b); stop != nil {
		return *stop
	}
	results, errs := b.results()
	if len(errs) > 0 {
		status = http.StatusMultiStatus
	}
	return jsonAnswer(status, envelope(began, c.sim.rig.Clock.Now(), results, errs))
}

// read reads the inputs, or returns why the whole call fails.
func (b *batch) read(body string) *failure {
	rd := reader{portal: b.table.portal, object: b.shape()}
	ok, given := true, false
	s := crmsim.NewScanner(body)
	s.Members(func(key string) {
		if key != "inputs" {
			s.Raw()
			return
		}
		given = true
		s.Items(func() {
			d, good := rd.input(s)
			ok = ok && good
			b.drafts = append(b.drafts, d)
		})
	})
	switch {
	case s.End() != nil || !ok:
		return badJSON()
	case !given:
		return missingField("inputs")
	}
	return b.admit()
}

// admit checks the inputs as far as they are wrong together.
func (b *batch) admit() *failure {
	if bad := tooMany(len(b.drafts)); bad != nil {
		return bad
	}
	for i := range b.drafts {
		d := &b.drafts[i]
		switch {
		case b.verb != creating && d.id == "":
			return missingField("id")
		case !d.given:
			return missingField("properties")
		case d.by != b.drafts[0].by:
			// Unverified: no recording mixes them.
			return refused("All inputs must have the same idProperty")
		}
	}
	if bad := b.strangers(); bad != nil {
		return bad
	}
	by, bad := b.table.lookUpBy(b.drafts[0].by, b.verb == upserting)
	if bad != nil {
		return bad
	}
	if b.verb != creating {
		b.by = by
	}
	if b.verb == upserting {
		b.checkKeys()
	}
	b.settle()
	return b.twice()
}

// checkKeys checks the values that records are looked up by, which new ones
// will have.
func (b *batch) checkKeys() {
	p := b.shape().properties[b.by]
	for i := range b.drafts {
		d := &b.drafts[i]
		text, bad := b.table.portal.check(p, d.id)
		if bad != nil {
			d.invalid = append(d.invalid, *bad)
		}
		d.key = text
	}
}

// tooMany refuses a batch that is empty or too large; the messages are
// unverified.
func tooMany(n int) *failure {
	switch {
	case n == 0:
		return refused("At least one input is required")
	case n > maxBatch:
		return refused("The maximum number of inputs in a batch request is " + strconv.Itoa(maxBatch) + ", but " + strconv.Itoa(n) + " were given")
	}
	return nil
}

// lookUpBy returns the property that records are to be found by: -1 for their
// id, when no property is named.
func (t *table) lookUpBy(name string, needed bool) (int, *failure) {
	o := t.schema.Load()
	switch i := o.find(name); {
	case name == "" && needed:
		return -1, missingField("idProperty")
	case name == "" || name == propID && !needed:
		return -1, nil
	case i < 0:
		return -1, notValid([]invalid{unknownProperty(name)})
	case !o.properties[i].keyed():
		return -1, notUnique(t, name)
	default:
		return i, nil
	}
}

// carryOut has the script look at the batch and applies it.
func (c *call) carryOut(b *batch) *crmsim.Answer {
	p := c.portal
	p.mu.RLock()
	b.identify()
	p.mu.RUnlock()
	c.Records = len(b.drafts)
	plan, stop := c.Disturb(b.keys)
	if stop != nil {
		return stop
	}
	b.plan = plan
	if bad := b.apply(); bad != nil {
		c.Failed = len(b.drafts)
		answer := bad.answer()
		return &answer
	}
	for _, out := range b.outcomes {
		switch {
		case out.bad != nil || out.missing:
			c.Failed++
		case out.created:
			c.Created++
		default:
			c.Updated++
		}
	}
	return nil
}

// results spells out what became of the inputs that landed, and returns the
// errors of the others. Those without a record are one error.
func (b *batch) results() ([]byte, []*failure) {
	var landed []int
	var errs []*failure
	var missing, traces []string
	for i, out := range b.outcomes {
		d := &b.drafts[i]
		switch {
		case out.missing:
			missing = append(missing, d.id)
			if d.trace != "" {
				traces = append(traces, d.trace)
			}
		case out.bad != nil:
			errs = append(errs, out.bad.about("objectWriteTraceId", d.trace))
		default:
			landed = append(landed, i)
		}
	}
	if len(missing) > 0 {
		bad := b.shape().couldNotGet(missing)
		if len(traces) == len(missing) {
			// Recorded without, for inputs that had none; seen with.
			bad.about("objectWriteTraceId", traces...)
		}
		errs = append(errs, bad)
	}
	slices.SortStableFunc(landed, func(x, y int) int { return shuffled(b.outcomes[x].record.id, b.outcomes[y].record.id) })
	return b.spell(landed), errs
}

func (b *batch) spell(landed []int) []byte {
	w := newRenderer(b.table)
	out := make([]byte, 0, 1536*len(landed))
	for n, i := range landed {
		if n > 0 {
			out = append(out, ',')
		}
		out = w.written(out, b.outcomes[i])
		if b.verb == upserting {
			out = strconv.AppendBool(append(out, `,"new":`...), b.outcomes[i].created)
		}
		// An upsert echoes it, as public logs of 2026 tell; creations were
		// recorded without (batch/create/contacts/err-partial-success.json).
		if trace := b.drafts[i].trace; trace != "" && b.verb != creating {
			out = crmsim.AppendString(append(out, `,"objectWriteTraceId":`...), trace)
		}
		out = append(out, '}')
	}
	return out
}

// readAll reads a batch of records, by id or by a unique property. A contact is
// found by any of its addresses.
func readAll(c *call) crmsim.Answer {
	in, bad := readRequest(string(c.Body))
	if bad == nil {
		bad = tooMany(len(in.ids))
	}
	by, wrong := c.table.lookUpBy(in.by, false)
	switch {
	case bad != nil:
		return bad.answer()
	case wrong != nil:
		return wrong.answer()
	}
	archived := c.request.URL.Query().Get("archived") == "true"
	began := c.sim.rig.Clock.Now()
	w := newRenderer(c.table)
	columns := w.shape.columns(in.properties, w.shape.defaults)
	found, missing := c.lookUp(in.ids, by, archived)
	c.Records = len(found)
	out := make([]byte, 0, 512*len(found))
	for i := range found {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(w.read(out, &found[i], columns), '}')
	}
	if len(missing) > 0 {
		return jsonAnswer(http.StatusMultiStatus, envelope(began, c.sim.rig.Clock.Now(), out, []*failure{w.shape.couldNotGet(missing)}))
	}
	return jsonAnswer(http.StatusOK, envelope(began, c.sim.rig.Clock.Now(), out, nil))
}

// lookUp finds records, each once, in the order of an answer.
func (c *call) lookUp(ids []string, by int, archived bool) (found []record, missing []string) {
	c.portal.mu.RLock()
	defer c.portal.mu.RUnlock()
	seen := make(map[int64]struct{}, len(ids))
	for _, id := range ids {
		var r *record
		if by >= 0 {
			r = c.table.find(by, id)
		} else {
			r = c.table.get(id)
		}
		if r == nil || r.archived != archived {
			missing = append(missing, id)
			continue
		}
		if _, again := seen[r.id]; !again {
			seen[r.id] = struct{}{}
			found = append(found, *r)
		}
	}
	slices.SortFunc(found, func(a, b record) int { return shuffled(a.id, b.id) })
	return found, missing
}

// readInput is the body of a batch read.
type readInput struct {
	ids, properties []string
	by              string
}

func readRequest(body string) (readInput, *failure) {
	var in readInput
	ok := true
	s := crmsim.NewScanner(body)
	s.Members(func(key string) {
		switch key {
		case "inputs":
			s.Items(func() {
				id := ""
				s.Members(func(key string) {
					if raw := s.Raw(); key == "id" {
						ok = scalar(raw, &id) && ok
					}
				})
				in.ids = append(in.ids, id)
			})
		case "properties":
			s.Items(func() { in.properties = append(in.properties, s.Quoted()) })
		case "idProperty":
			ok = scalar(s.Raw(), &in.by) && ok
		default:
			s.Raw()
		}
	})
	if s.End() != nil || !ok {
		return in, badJSON()
	}
	return in, nil
}

// archiveAll archives a batch; who is not there is nobody's concern
// (wire-recordings-grouparoo.json).
func archiveAll(c *call) crmsim.Answer {
	in, bad := readRequest(string(c.Body))
	if bad == nil {
		bad = tooMany(len(in.ids))
	}
	if bad != nil {
		return bad.answer()
	}
	c.Records = len(in.ids)
	c.portal.mu.Lock()
	defer c.portal.mu.Unlock()
	for _, id := range in.ids {
		if r := c.table.get(id); r != nil && !r.archived {
			c.table.archive(r)
			c.Updated++
		}
	}
	return noContent()
}
