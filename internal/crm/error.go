package crm

import (
	"errors"
	"time"
)

// Kind says what a caller can do about an Error. The set is closed: adapters
// map every vendor failure to one of these, so that retrying is decided in one
// place (activities) and HTTP status in one other (api/rest).
type Kind string

// The kinds of failure.
const (
	KindInternal     Kind = "internal"     // a bug, ours or the adapter's
	KindInvalid      Kind = "invalid"      // the vendor refused the record
	KindUnauthorized Kind = "unauthorized" // the grant is dead; reconnect
	KindForbidden    Kind = "forbidden"    // this record or field may not be written; the grant is fine
	KindNotFound     Kind = "not_found"    // no such record, field or object
	KindConflict     Kind = "conflict"     // someone wrote first, or holds a lock; send again
	KindRateLimited  Kind = "rate_limited" // wait RetryAfter, then send again
	KindQuota        Kind = "quota"        // the day's calls are spent; wait for the reset
	KindUnavailable  Kind = "unavailable"  // the vendor's trouble, nothing applied; send again
	KindUnknown      Kind = "unknown"      // no proof either way: it may have been applied
	KindUnsupported  Kind = "unsupported"  // the vendor has no such feature
)

// Kinds returns every kind, for tables that must answer for each.
func Kinds() []Kind {
	return []Kind{
		KindInternal, KindInvalid, KindUnauthorized, KindForbidden, KindNotFound, KindConflict,
		KindRateLimited, KindQuota, KindUnavailable, KindUnknown, KindUnsupported,
	}
}

// Reason says, in words all vendors share, why a record was refused. Each has
// a plain-language meaning and a fix in package lockstep. The zero Reason
// leaves the explanation to the Kind.
type Reason string

// The reasons.
const (
	ReasonRequiredMissing Reason = "required_field_missing"
	ReasonValueInvalid    Reason = "value_invalid"
	ReasonValueTooLong    Reason = "value_too_long"
	ReasonOptionUnknown   Reason = "option_unknown"
	ReasonValidationRule  Reason = "validation_rule"
	ReasonFieldUnknown    Reason = "field_unknown"
	ReasonFieldReadOnly   Reason = "field_read_only"
	ReasonDuplicate       Reason = "duplicate_in_crm"
	ReasonAmbiguous       Reason = "several_matches"
	ReasonDeleted         Reason = "deleted_in_crm"
	ReasonConverted       Reason = "lead_converted"
	ReasonLocked          Reason = "record_locked"
	ReasonBatch           Reason = "batch_refused" // about the call, not one record: split it
	ReasonExternalID      Reason = "external_id_field_missing"
	ReasonAccess          Reason = "insufficient_access"
	ReasonAutomation      Reason = "crm_automation"     // a trigger or flow of the customer's refused it
	ReasonGrant           Reason = "authorization_lost" // the token endpoint says so; a 401 alone may be a race
)

// Error is the one error type that crosses the port.
//
// Error strings end up in workflow histories and logs, so no field but Message
// and Err may hold a body, a token or a record's values, and neither of those
// two is printed.
type Error struct {
	Kind       Kind
	Reason     Reason
	Op         string        // what was being done, such as "salesforce.write"
	Code       string        // the vendor's own code, when it is safe to show
	Fields     []string      // the CRM fields at fault, by name
	RetryAfter time.Duration // the vendor's hint, or zero
	Message    string        // the vendor's words; may quote the record, so for the ledger alone
	Err        error         // the cause, for debugging
}

// Error returns the operation, the kind and the vendor's code.
func (e *Error) Error() string {
	s := e.Op + ": " + string(e.Kind)
	if e.Reason != "" {
		s += " (" + string(e.Reason) + ")"
	}
	if e.Code != "" {
		s += " " + e.Code
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the Error in err's chain, or KindInternal when
// there is none. It returns the empty Kind for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// AsError returns the Error in err's chain, one of KindInternal when there is
// none, and nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: KindInternal, Op: "crm", Err: err}
}
