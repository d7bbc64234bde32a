package lockstep

import (
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
)

// Outcome is what became of one record in one attempt.
type Outcome string

// The outcomes.
const (
	OutcomeCreated   Outcome = "created"
	OutcomeUpdated   Outcome = "updated"
	OutcomeUnchanged Outcome = "unchanged" // the CRM has it already; no call was made
	OutcomeWaiting   Outcome = "waiting"   // for a dependency, a quota, a person
	OutcomeSkipped   Outcome = "skipped"   // on purpose, with the reason
	OutcomeFailed    Outcome = "failed"
)

// State is where a ledger row stands.
type State string

// The states. A claimed row is a pending one that somebody holds.
const (
	StatePending State = "pending"
	StateClaimed State = "claimed"
	StateSynced  State = "synced"
	StateFailed  State = "failed"
	StateWaiting State = "waiting"
	StateSkipped State = "skipped"
)

// State returns the state that a row with this outcome is left in.
func (o Outcome) State() State {
	switch o {
	case OutcomeCreated, OutcomeUpdated, OutcomeUnchanged:
		return StateSynced
	case OutcomeWaiting:
		return StateWaiting
	case OutcomeSkipped:
		return StateSkipped
	case OutcomeFailed:
		return StateFailed
	}
	return StateFailed
}

// Record is what a workspace owns.
type Record struct {
	ID         uuid.UUID
	Object     crm.Object
	ExternalID string // the application's own id, unique among the workspace's records of the object
	Revision   int64
	Fields     map[string]any
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Row is where a record stands with one connection.
type Row struct {
	ConnectionID uuid.UUID
	RecordID     uuid.UUID
	Object       crm.Object
	ExternalID   string // the application's own, of the record
	State        State
	RunID        *uuid.UUID // that marked it; nil when a change did
	CRMType      string
	CRMID        string
	Problem      Code
	Detail       string
	SettledAt    *time.Time
}

// Claimed is a ledger row that the caller holds, with the record as it was
// when it was claimed.
type Claimed struct {
	RecordID   uuid.UUID
	Object     crm.Object
	ExternalID string // the application's own
	Revision   int64
	Fields     map[string]any
	CRMType    string // of the link; empty when there is none
	CRMID      string
	Hash       []byte // of what the CRM is known to hold
	InDoubt    bool   // an earlier write may have been applied
	Absent     bool   // a consistent read has proven that the CRM had no such record before our first write
	Force      bool   // write even when the hash says that nothing changed
	Attempts   int    // earlier ones since the row was last marked, but for those that said nothing about it
	Elder      *Elder // set when it waits for another record of the same person, or is one too many
}

// Settlement is the end of one claim: an outcome, or a deferral.
type Settlement struct {
	RecordID uuid.UUID
	Revision int64   // the one that was written
	Outcome  Outcome // empty when the row goes back to pending
	CRMType  string
	CRMID    string // what the vendor answered; empty keeps the link as it is
	Unlink   bool   // the CRM's record is gone, and with it the link
	Hash     []byte // of what the CRM now holds; empty keeps the old
	Problem  Code
	Detail   string // the vendor's words or ours; stays in the ledger

	Defer   time.Duration // put back for this long, when Outcome is empty
	Free    bool          // the attempt said nothing about the record, and does not count
	InDoubt bool          // the write may have been applied
	Absent  bool          // see Claimed
}

// Link ties a record to one in the CRM.
type Link struct {
	RecordID uuid.UUID
	CRMType  string
	CRMID    string
}

// Elder is another record with the e-mail address of a claimed one: what it is
// linked to is what the claimed one would resolve to as well.
type Elder struct {
	ID         uuid.UUID
	ExternalID string
	Held       bool // it is linked; otherwise the same run is still to come to it
}

// Lease names the claims of one drain: which run they are for, and the token
// that only their holder knows. Epoch is the connection's when the drain
// began; one that has moved on gives nothing out.
type Lease struct {
	WorkspaceID  uuid.UUID
	ConnectionID uuid.UUID
	RunID        uuid.UUID
	Epoch        int64
	Token        uuid.UUID
}

// Backlog is what is left of a run.
type Backlog struct {
	Open   int64     // rows without an outcome
	Due    int64     // of those, what could be claimed now
	Held   int64     // of those, what is claimed
	NextAt time.Time // when the next one falls due, if none is
}
