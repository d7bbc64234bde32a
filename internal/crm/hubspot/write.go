package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"lockstep/internal/crm"
)

const writeOp = "hubspot.write"

var (
	errBatchSize  = errors.New("batch is larger than a call takes")
	errBatchType  = errors.New("batch has no type")
	errBatchMatch = errors.New("batch has a write without the key that it matches by")
	errAnswered   = errors.New("not one answer for each record")
)

// Write implements crm.Writer with one call of a batch resource: an upsert by
// the property that Lockstep provisions, or an update by the vendor's id.
//
// Every input has a trace id, which makes its records stand for themselves: the
// answer is 207, and each error names the trace ids that it is about. The order
// of the answer is not that of the request (crm/hubspot.md §3;
// wire-recordings-grouparoo.json has two companies the other way round), so
// what names no record proves nothing about any.
func (c *Connector) Write(ctx context.Context, batch crm.Batch) ([]crm.Outcome, error) {
	if err := check(batch); err != nil {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: writeOp, Err: err}
	}
	body, sent, outcomes, err := encode(batch)
	if err != nil {
		return nil, err
	}
	if len(sent) == 0 {
		return outcomes, nil
	}
	answer, err := c.client.do(ctx, call{
		op:     writeOp,
		method: http.MethodPost,
		url:    c.client.base + writePath(batch),
		body:   body,
	})
	if err != nil {
		refused, err := refuse(err, sent)
		if err != nil {
			return nil, err
		}
		return append(outcomes, refused...), nil
	}
	var a batchAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, unreadable(writeOp, crm.KindUnknown, err)
	}
	answered, err := a.outcomes(batch.Match, sent)
	if err != nil {
		return nil, err
	}
	return append(outcomes, answered...), nil
}

func writePath(batch crm.Batch) string {
	if batch.Match == crm.ByExternalID {
		return objectsPath + batch.Type + "/batch/upsert"
	}
	return objectsPath + batch.Type + "/batch/update"
}

// check returns what a caller may not do.
func check(batch crm.Batch) error {
	if len(batch.Writes) > writeBatch {
		return errBatchSize
	}
	if !named(batch.Type) {
		return errBatchType
	}
	for _, w := range batch.Writes {
		if keyOf(batch.Match, w) == "" {
			return errBatchMatch
		}
	}
	return nil
}

// keyOf returns what w is matched by.
func keyOf(match crm.Match, w crm.Write) string {
	switch match {
	case crm.ByID:
		return w.ID
	case crm.ByExternalID:
		return w.ExternalID
	}
	return ""
}

// encode returns the request's body, the writes it holds, and the outcomes of
// those it cannot hold. The trace id of a write is its place among those sent.
func encode(batch crm.Batch) (body []byte, sent []crm.Write, outcomes []crm.Outcome, err error) {
	request := batchWrite{Inputs: make([]input, 0, len(batch.Writes))}
	sent = make([]crm.Write, 0, len(batch.Writes))
	outcomes = make([]crm.Outcome, 0, len(batch.Writes))
	for _, w := range batch.Writes {
		in, bad := newInput(batch.Match, strconv.Itoa(len(sent)), w)
		if bad != "" {
			outcomes = append(outcomes, crm.Outcome{Ref: w.Ref, Err: unsendable(bad)})
			continue
		}
		request.Inputs = append(request.Inputs, in)
		sent = append(sent, w)
	}
	if body, err = json.Marshal(request); err != nil {
		err = &crm.Error{Kind: crm.KindInternal, Op: writeOp, Err: err}
	}
	return body, sent, outcomes, err
}

// unsendable is the error of a record with a field that no request can hold.
func unsendable(field string) *crm.Error {
	e := &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonValueInvalid, Op: writeOp}
	if reserved(field) {
		e.Kind, e.Reason = crm.KindForbidden, crm.ReasonFieldReadOnly
	}
	if named(field) {
		e.Fields = []string{field}
	}
	return e
}

// outcomes returns what became of each of sent. Records that nothing in the
// answer is about are KindUnknown by themselves; an answer that contradicts
// itself, or says nothing, is so as a whole.
func (a batchAnswer) outcomes(match crm.Match, sent []crm.Write) ([]crm.Outcome, error) {
	s := newSheet(match, sent)
	var strays []crm.Outcome // said of no record by name
	for _, r := range a.Results {
		i, ok := s.whose(r.TraceID, r.key(match))
		if !r.answers(match, sent, i, ok) || ok && !s.settle(i, r.outcome(match)) {
			return nil, unreadable(writeOp, crm.KindUnknown, errAnswered)
		}
		if !ok {
			strays = append(strays, r.outcome(match))
		}
	}
	for _, f := range a.Errors {
		refused := crm.Outcome{Err: classifyRecord(writeOp, match, f)}
		if refused.Err.Reason == crm.ReasonExternalID && len(a.Results) == 0 {
			return nil, refused.Err // the field is missing for all of them
		}
		culprits := s.culprits(f)
		for _, i := range culprits {
			if !s.settle(i, refused) {
				return nil, unreadable(writeOp, crm.KindUnknown, errAnswered)
			}
		}
		if len(culprits) == 0 {
			strays = append(strays, refused)
		}
	}
	if len(a.Results)+len(a.Errors) == 0 || !s.settleRest(strays) {
		return nil, unreadable(writeOp, crm.KindUnknown, errAnswered)
	}
	return s.outcomes, nil
}

// answers tells whether r can be what became of the i-th of sent, or of one that
// is not named. An upsert is answered with the external id that it was sent,
// where it is answered with any; an update with another id when the record was
// merged.
func (r record) answers(match crm.Match, sent []crm.Write, i int, known bool) bool {
	if r.ID == "" {
		return false
	}
	id := r.Properties.ExternalID
	return match != crm.ByExternalID || id == "" || known && sent[i].ExternalID == id
}

// key returns what an answered record was matched by.
func (r record) key(match crm.Match) string {
	if match == crm.ByExternalID {
		return r.Properties.ExternalID
	}
	return r.ID
}

func (r record) outcome(match crm.Match) crm.Outcome {
	o := crm.Outcome{ID: r.ID, Effect: crm.Updated}
	if match == crm.ByExternalID && r.New {
		o.Effect = crm.Created
	}
	return o
}

// refuse says what an error of the whole call means for the records sent. One
// that is about some record, without saying which, is ReasonBatch; when there
// was only one, or every one of them has the field that the error names, it is
// the outcome of each.
func refuse(err error, sent []crm.Write) ([]crm.Outcome, error) {
	e, ok := errors.AsType[*crm.Error](err)
	if !ok || !aboutRecord(e) {
		return nil, err
	}
	if len(sent) > 1 && !aboutAll(e, sent) {
		return nil, &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonBatch, Op: e.Op, Code: e.Code, Message: e.Message}
	}
	outcomes := make([]crm.Outcome, len(sent))
	for i, w := range sent {
		outcomes[i] = crm.Outcome{Ref: w.Ref, Err: e}
	}
	return outcomes, nil
}

func aboutRecord(e *crm.Error) bool {
	return e.Kind == crm.KindInvalid || aboutField(e) || e.Code == notFound
}

// aboutField tells whether a field is at fault, whatever its value.
func aboutField(e *crm.Error) bool {
	return e.Reason == crm.ReasonFieldUnknown || e.Reason == crm.ReasonFieldReadOnly
}

// aboutAll tells whether each of sent has a field that is at fault.
func aboutAll(e *crm.Error, sent []crm.Write) bool {
	return aboutField(e) && !slices.ContainsFunc(sent, func(w crm.Write) bool {
		return !slices.ContainsFunc(e.Fields, func(name string) bool { _, has := w.Fields[name]; return has })
	})
}
