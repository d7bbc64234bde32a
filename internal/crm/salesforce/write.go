package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"lockstep/internal/crm"
)

const writeOp = "salesforce.write"

var (
	errBatchSize  = errors.New("batch is larger than a call takes")
	errBatchType  = errors.New("batch has no type")
	errBatchMatch = errors.New("batch has a write without the key that it matches by")
	errAnswered   = errors.New("not one answer for each record")
)

// Write implements crm.Writer with one call of the collections resource, all of
// whose records stand for themselves.
//
// The vendor answers in the order of the request and repeats no correlation id
// (crm/salesforce.md §3), so an answer of another length, or one that names
// another record than was sent, proves nothing about any of them.
func (c *Connector) Write(ctx context.Context, batch crm.Batch) ([]crm.Outcome, error) {
	if err := check(batch); err != nil {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: writeOp, Err: err}
	}
	body, sent, outcomes := encode(batch)
	if len(sent) == 0 {
		return outcomes, nil
	}
	answer, err := c.client.do(ctx, call{
		op:     writeOp,
		method: http.MethodPatch,
		url:    c.client.base + writePath(batch),
		body:   body,
		header: writeHeader(batch),
	})
	if err != nil {
		refused, err := refuse(err, sent)
		if err != nil {
			return nil, err
		}
		return append(outcomes, refused), nil
	}
	var results []result
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, unreadable(writeOp, crm.KindUnknown, err)
	}
	if !answers(results, batch.Match, sent) {
		return nil, unreadable(writeOp, crm.KindUnknown, errAnswered)
	}
	for i, r := range results {
		outcomes = append(outcomes, r.outcome(batch.Match, sent[i].Ref))
	}
	return outcomes, nil
}

// writeHeader keeps the customer's assignment rules out of our updates: without
// it they run on every write of a lead, case or account, and hand the record to
// somebody else (developer.salesforce.com, api_rest headers_autoassign: "the
// default value is TRUE"). An upsert does not know whether it will update, so
// only what is known to be new is left to the rules.
func writeHeader(batch crm.Batch) http.Header {
	if batch.Fresh {
		return nil
	}
	return http.Header{"Sforce-Auto-Assign": {"FALSE"}}
}

func writePath(batch crm.Batch) string {
	const path = dataPath + "/composite/sobjects"
	if batch.Match == crm.ByExternalID {
		return path + "/" + batch.Type + "/" + externalIDField
	}
	return path
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
		key := ""
		switch batch.Match {
		case crm.ByID:
			key = w.ID
		case crm.ByExternalID:
			key = w.ExternalID
		}
		if key == "" {
			return errBatchMatch
		}
	}
	return nil
}

// encode returns the request's body, the writes it holds, and the outcomes of
// those it cannot hold.
func encode(batch crm.Batch) (body []byte, sent []crm.Write, outcomes []crm.Outcome) {
	const usual = 512 // bytes of a record
	body = make([]byte, 0, usual*(1+len(batch.Writes)))
	sent = make([]crm.Write, 0, len(batch.Writes))
	outcomes = make([]crm.Outcome, 0, len(batch.Writes))

	body = append(body, `{"allOrNone":false,"records":[`...)
	for _, w := range batch.Writes {
		start := len(body)
		if len(sent) > 0 {
			body = append(body, ',')
		}
		var bad string
		if body, bad = appendRecord(body, batch.Type, batch.Match, w); bad != "" {
			body = body[:start]
			outcomes = append(outcomes, crm.Outcome{Ref: w.Ref, Err: unsendable(bad)})
			continue
		}
		sent = append(sent, w)
	}
	return append(body, "]}"...), sent, outcomes
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

// answers tells whether results are those of sent. An update is answered with
// the record's own id; the short and the long form agree in 15 characters.
func answers(results []result, match crm.Match, sent []crm.Write) bool {
	if len(results) != len(sent) {
		return false
	}
	for i, r := range results {
		if !r.Success {
			continue
		}
		if r.ID == "" || match == crm.ByID && !sameID(r.ID, sent[i].ID) {
			return false
		}
	}
	return true
}

func sameID(a, b string) bool {
	const short = 15
	return len(a) >= short && len(b) >= short && a[:short] == b[:short]
}

func (r result) outcome(match crm.Match, ref string) crm.Outcome {
	if !r.Success {
		return crm.Outcome{Ref: ref, Err: classifyRecord(writeOp, match, r.Errors)}
	}
	effect := crm.Updated
	if r.Created {
		effect = crm.Created
	}
	return crm.Outcome{Ref: ref, ID: r.ID, Effect: effect}
}

// refuse says what an error of the whole call means for the records sent. One
// that is about some record, without saying which, is ReasonBatch; when there
// was only one, it is that one's outcome.
func refuse(err error, sent []crm.Write) (crm.Outcome, error) {
	e, ok := errors.AsType[*crm.Error](err)
	if !ok || !aboutRecord(e) {
		return crm.Outcome{}, err
	}
	if len(sent) == 1 {
		return crm.Outcome{Ref: sent[0].Ref, Err: e}, nil
	}
	return crm.Outcome{}, &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonBatch, Op: e.Op, Code: e.Code, Message: e.Message}
}

func aboutRecord(e *crm.Error) bool {
	return e.Kind == crm.KindInvalid || e.Reason == crm.ReasonFieldUnknown || e.Reason == crm.ReasonFieldReadOnly
}
