package conformance

import (
	"net/http"
	"time"

	"lockstep/internal/crm"
)

// expectation is one answer of a real CRM, the call of ours that it answers,
// and what our port has to make of it.
type expectation struct {
	// recording names an answer in the recordings; document names the page that
	// tells of one, whose body stands here. One of them is set.
	recording string
	document  string
	body      string

	call    string // which of our calls is answered, as the documents spell it
	about   string // only those calls whose query holds this
	applied bool   // the sandbox carries the call out before it is answered
	status  int    // where the recording has not kept it
	headers http.Header

	// changed says what had to be changed for the answer to fit our call, which
	// is not the recorded one; change does it.
	changed string
	change  func(exchange) []byte

	ask  question
	want answer

	// idle says why the call is never made, when it is not; such a row waits for
	// the day it is.
	idle string
}

// name returns where the answer is from.
func (e expectation) name() string {
	if e.recording != "" {
		return e.recording
	}
	return e.document
}

// unsaid is the reason of a ruling whose documents name none.
const unsaid crm.Reason = "unsaid"

// ruling is what the documents say that a refusal means.
type ruling struct {
	kinds  []crm.Kind // one of them; several where the documents leave it open
	reason crm.Reason
	code   string        // the vendor's own, empty where nobody needs it
	fields []string      // nil where the vendor names none
	wait   time.Duration // at least
}

// is begins a ruling: the error is of one of kinds.
func is(kinds ...crm.Kind) ruling { return ruling{kinds: kinds, reason: unsaid} }

// because adds the reason, "" being that there is none.
func (r ruling) because(reason crm.Reason) ruling {
	r.reason = reason
	return r
}

// says adds the vendor's own code.
func (r ruling) says(code string) ruling {
	r.code = code
	return r
}

// at adds the fields at fault.
func (r ruling) at(fields ...string) ruling {
	r.fields = fields
	return r
}

// after adds how long to wait at least.
func (r ruling) after(wait time.Duration) ruling {
	r.wait = wait
	return r
}

// fate is what became of one write: an effect on a record, or a refusal.
type fate struct {
	effect  crm.Effect
	id      string
	refused *ruling
}

// created, updated and refused are the fates there are. An empty id is the one
// that the answer has at the write's place.
func created(id string) fate { return fate{effect: crm.Created, id: id} }
func updated(id string) fate { return fate{effect: crm.Updated, id: id} }
func refused(r ruling) fate  { return fate{refused: &r} }

// times is the fate of each of n writes.
func times(n int, f fate) []fate {
	all := make([]fate, n)
	for i := range all {
		all[i] = f
	}
	return all
}
