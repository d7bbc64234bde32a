package lockstep

import (
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
)

// RunKind says what a run is for.
type RunKind string

// The kinds of run.
const (
	RunImport      RunKind = "import"
	RunSync        RunKind = "sync"
	RunRetry       RunKind = "retry"
	RunTestContact RunKind = "test_contact"
)

// RunState is where a run stands.
type RunState string

// The run states. Parked is waiting by itself (a quota, a reconnect), paused
// is waiting for the person who asked for it.
const (
	RunRunning   RunState = "running"
	RunPaused    RunState = "paused"
	RunParked    RunState = "parked"
	RunCompleted RunState = "completed"
	RunCancelled RunState = "cancelled"
)

// LinkUp says how a run finds the records that the CRM has already.
type LinkUp string

// The ways of linking up.
const (
	LinkUpList   LinkUp = "list"   // the CRM is to be listed, unless that costs more than asking
	LinkUpListed LinkUp = "listed" // it was
	LinkUpNone   LinkUp = "none"   // it was, and it was empty: nothing to find
	LinkUpKeys   LinkUp = "keys"   // each batch asks for its own keys
	LinkUpLate   LinkUp = "late"   // only what the CRM refuses is looked for: for our own test contact
)

// Counts are a run's records by outcome. Total is how many there are to do.
type Counts struct {
	Total     int64 `json:"total"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Waiting   int64 `json:"waiting"`
	Skipped   int64 `json:"skipped"`
	Failed    int64 `json:"failed"`
}

// Done returns how many records have their outcome.
func (c Counts) Done() int64 {
	return c.Created + c.Updated + c.Unchanged + c.Waiting + c.Skipped + c.Failed
}

// Plus returns the counts of c and d together.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Total: c.Total + d.Total, Created: c.Created + d.Created, Updated: c.Updated + d.Updated, Unchanged: c.Unchanged + d.Unchanged,
		Waiting: c.Waiting + d.Waiting, Skipped: c.Skipped + d.Skipped, Failed: c.Failed + d.Failed,
	}
}

// Landed returns how many records are in the CRM as they should be.
func (c Counts) Landed() int64 { return c.Created + c.Updated + c.Unchanged }

// Event is one line of the activity log.
type Event struct {
	ID         int64
	At         time.Time
	RunID      *uuid.UUID
	RecordID   *uuid.UUID
	ExternalID string // the application's own, of the record
	Object     crm.Object
	Outcome    string // of a record, or what happened to the run or the connection
	CRMType    string
	CRMID      string
	Problem    Code
	Detail     string // the CRM's words or ours; may quote the record
}

// EventFilter narrows the activity log; zero fields do not.
type EventFilter struct {
	RunID   *uuid.UUID
	Outcome string
	Problem Code
}

// RowFilter narrows the rows that have not arrived; zero fields do not.
type RowFilter struct {
	State   State // failed, waiting or skipped
	Problem Code
}

// Run is one execution of an import, a sync, a retry or a test contact.
type Run struct {
	ID           uuid.UUID
	WorkspaceID  uuid.UUID
	ConnectionID uuid.UUID
	Kind         RunKind
	State        RunState
	Reason       string // why it is paused or parked, in plain language
	LinkUp       LinkUp
	ListCursor   string // of the next page of its listing, in the CRM's terms
	ListPages    int    // listed so far
	Counts       Counts
	StartedAt    time.Time
	FirstClaimAt *time.Time
	LastSettleAt *time.Time
	FinishedAt   *time.Time
	ParkedUntil  *time.Time
}

// OpenRun names a run that has not ended, and what it takes to go on with it.
type OpenRun struct {
	ID           uuid.UUID
	WorkspaceID  uuid.UUID
	ConnectionID uuid.UUID
	Vendor       crm.Vendor
	Kind         RunKind
	StartedAt    time.Time
}

// Progress is how far a run is and how long it has to go.
type Progress struct {
	Percent float64       // of the records, 0 to 100
	Rate    float64       // records a second since the first claim
	ETA     time.Duration // zero when it cannot be told
}

// Progress returns how far r is at now.
func (r Run) Progress(now time.Time) Progress {
	done := r.Counts.Done()
	if r.State == RunCompleted || r.State == RunCancelled {
		if r.LastSettleAt != nil {
			now = *r.LastSettleAt
		}
	}
	p := Progress{Percent: 100}
	if r.Counts.Total > 0 {
		p.Percent = min(100, 100*float64(done)/float64(r.Counts.Total))
	}
	if r.FirstClaimAt == nil || done == 0 {
		return p
	}
	if elapsed := now.Sub(*r.FirstClaimAt).Seconds(); elapsed > 0 {
		p.Rate = float64(done) / elapsed
		if left := r.Counts.Total - done; left > 0 {
			p.ETA = time.Duration(float64(left) / p.Rate * float64(time.Second)).Round(time.Second)
		}
	}
	return p
}
