// Package flow is the contract with running workflows: queue, workflow, signal
// and update names, workflow ids, and the payloads that histories keep. A
// history outlives the program that wrote it, so everything here is only ever
// added to; a golden test holds each payload's JSON.
//
// Payloads carry ids, counts and verdicts. No token, e-mail address, name,
// record field or CRM answer is ever one, nor part of one.
package flow

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// Queues are the two task queues: what a person waits for never stands behind
// an import.
type Queues struct {
	Interactive string
	Bulk        string
}

// QueuesFor returns the queues with a prefix, which is empty but in tests.
func QueuesFor(prefix string) Queues {
	return Queues{Interactive: prefix + "lockstep-interactive", Bulk: prefix + "lockstep-bulk"}
}

// The workflows.
const (
	ConnectionName  = "Connection"
	ImportName      = "Import"
	SyncName        = "Sync"
	RetryFailedName = "RetryFailed"
	TestContactName = "TestContact"
	ReconcileName   = "Reconcile"
)

// The signals of Connection. Each only wakes it; none has to be answered.
const (
	SignalRetryFailed = "retry-failed" // its argument is a RetryRequest, or nothing
	SignalSyncNow     = "sync-now"
	SignalResync      = "resync"
	SignalPause       = "pause"
	SignalResume      = "resume"
	SignalSettings    = "settings" // somebody has changed them
)

// The updates of Connection: what wants an answer or can be wrong.
const (
	UpdateCompleteAuthorization = "complete-authorization"
	UpdateChooseStartingPoint   = "choose-starting-point"
	UpdateApproveMapping        = "approve-mapping"
	UpdateDiscover              = "discover"
	UpdateDisconnect            = "disconnect"
)

// UpdateAnswer asks a TestContact what became of it, and waits until it is
// known.
const UpdateAnswer = "answer"

// SignalLook tells a run to look at its row again: somebody has resumed or
// cancelled it, or the connection is back.
const SignalLook = "look"

// The search attributes.
const (
	AttrWorkspace  = "LockstepWorkspace"
	AttrConnection = "LockstepConnection"
	AttrVendor     = "LockstepVendor"
	AttrRun        = "LockstepRun"
	AttrOutcome    = "LockstepOutcome"
)

// ConnectionID returns the id of a connection's supervisor.
func ConnectionID(connection uuid.UUID) string { return "connection/" + connection.String() }

// ImportID returns the id of a connection's import: one at a time.
func ImportID(connection uuid.UUID) string { return "import/" + connection.String() }

// RetryID returns the id of a connection's retry: one at a time, which later
// requests join.
func RetryID(connection uuid.UUID) string { return "retry/" + connection.String() }

// SyncID returns the id of a connection's Schedule.
func SyncID(connection uuid.UUID) string { return "sync/" + connection.String() }

// TestContactID returns the id of a test contact: one for each key.
func TestContactID(connection uuid.UUID, key string) string {
	return "test-contact/" + connection.String() + "/" + key
}

// ConnectionOf returns the connection whose id, as idOf makes it, is id.
func ConnectionOf(idOf func(uuid.UUID) string, id string) (uuid.UUID, bool) {
	connection, err := uuid.Parse(id[strings.LastIndexByte(id, '/')+1:])
	return connection, err == nil && idOf(connection) == id
}

// ReconcileID returns the id of the reconciler's Schedule, which serves one
// database and its queues.
func ReconcileID(queues Queues) string { return "reconcile/" + queues.Interactive }

// SupervisorDetails is what an operator reads of a supervisor in the Web UI.
func SupervisorDetails(connection uuid.UUID) string {
	return "Sets the connection up, then waits for what is asked for. Signal it from here: `" + SignalRetryFailed + "` sends again what has failed " +
		"(all of it, or with the input `{\"problem\": \"required_field_missing\"}` one problem), `" + SignalSyncNow + "`, `" + SignalResync +
		"`, `" + SignalPause + "`, `" + SignalResume + "`. Its import is `" + ImportID(connection) + "`, its retry `" + RetryID(connection) +
		"`, its Schedule `" + SyncID(connection) + "`."
}

// ConnectionInput starts a supervisor. What it knows beyond this it reads from
// the database.
type ConnectionInput struct {
	Workspace  uuid.UUID  `json:"workspace"`
	Connection uuid.UUID  `json:"connection"`
	Vendor     crm.Vendor `json:"vendor"`
}

// ConnectionRef names a connection to an activity.
type ConnectionRef struct {
	Workspace  uuid.UUID `json:"workspace"`
	Connection uuid.UUID `json:"connection"`
}

// Standing is what a supervisor has to know of its connection.
type Standing struct {
	Status        lockstep.Status        `json:"status"`
	StartingPoint lockstep.StartingPoint `json:"starting_point"`
	FirstImport   *uuid.UUID             `json:"first_import,omitempty"`
}

// StatusChange sets a connection's status. Problem explains it when it is not
// good news.
type StatusChange struct {
	ConnectionRef
	Status  lockstep.Status `json:"status"`
	Problem lockstep.Code   `json:"problem,omitempty"`
	Epoch   int64           `json:"epoch,omitempty"` // that it is true of; 0 for whichever it is
}

// Choice is the argument of choose-starting-point.
type Choice struct {
	StartingPoint lockstep.StartingPoint `json:"starting_point"`
	Import        *uuid.UUID             `json:"import,omitempty"` // the run that the import is to be; one of its own if not set
}

// Made tells whether the choice has been made where s is how things stand:
// making it again changes nothing.
func (c Choice) Made(s Standing) bool {
	if c.StartingPoint != s.StartingPoint || c.StartingPoint == lockstep.StartSkip {
		return c.StartingPoint == s.StartingPoint
	}
	return c.Import != nil && s.FirstImport != nil && *c.Import == *s.FirstImport
}

// MappingReview is the argument of approve-mapping.
type MappingReview struct {
	Version int64 `json:"version"` // that was looked at
}

// Disconnection is the argument of disconnect.
type Disconnection struct {
	KeepMapping bool `json:"keep_mapping"`
}

// Asker is who sends a signal.
type Asker string

// Those who say who they are. Whoever does not has typed it into the Web UI or
// the command line of Temporal.
const (
	AskerAPI  Asker = "api"      // which keeps an audit log of its own
	AskerSelf Asker = "lockstep" // a workflow or an activity
)

// Request is the argument of every signal of a supervisor.
type Request struct {
	Problem lockstep.Code `json:"problem,omitempty"` // of retry-failed: which to retry; all of them when it is empty
	By      Asker         `json:"by,omitempty"`
}

// ReadRequest takes what a person may have typed into the Web UI: an object, a
// problem's code alone, or anything else, which says nothing. A signal that
// cannot be read would be lost.
func ReadRequest(data []byte) Request {
	var r Request
	if json.Unmarshal(data, &r) != nil { // what could be read is kept
		var code lockstep.Code
		if json.Unmarshal(data, &code) == nil {
			r = Request{Problem: code}
		}
	}
	r.Problem = lockstep.Code(strings.ToLower(strings.TrimSpace(string(r.Problem))))
	return r
}

// Heard is what has been signalled to a supervisor by whoever can reach
// Temporal.
type Heard struct {
	ConnectionRef
	Signals []HeardSignal `json:"signals"`
}

// HeardSignal is a signal that came once or several times.
type HeardSignal struct {
	Name    string        `json:"name"`
	Problem lockstep.Code `json:"problem,omitempty"`
	Times   int           `json:"times"`
}

// StartRun asks for a run of a connection.
type StartRun struct {
	ConnectionRef
	Vendor  crm.Vendor    `json:"vendor"`
	Run     uuid.UUID     `json:"run"`               // the id it is to have, so that asking twice starts one
	Force   bool          `json:"force"`             // of an import: write what seems to be there already
	Problem lockstep.Code `json:"problem,omitempty"` // of a retry: only this one
}

// Started answers a request for a run: the one that was started, or nil when
// there is none to start or one was open already.
type Started struct {
	Run *uuid.UUID `json:"run,omitempty"`
}

// RunInput starts an import or a retry.
type RunInput struct {
	ConnectionRef
	Vendor crm.Vendor `json:"vendor"`
	Run    uuid.UUID  `json:"run"`
	Stamp  bool       `json:"stamp,omitempty"` // the external-id field was created anew: what was linked before has lost its stamp
}

// Ended is a run at its end, or one that turned out to have more to do.
type Ended struct {
	lockstep.Counts
	Open bool `json:"open,omitempty"` // more was marked for it meanwhile
}

// SyncInput is a connection's Schedule: what a cycle knows beyond this it reads
// from the database.
type SyncInput struct {
	ConnectionRef
	Vendor crm.Vendor `json:"vendor"`
}

// CycleInput asks for one chunk of a sync, which is a run of its own.
type CycleInput struct {
	ConnectionRef
	Run uuid.UUID `json:"run"`
}

// SyncResult is how a cycle ended.
type SyncResult struct {
	Verdict Verdict         `json:"verdict"`
	Counts  lockstep.Counts `json:"counts"`
	Epoch   int64           `json:"epoch,omitempty"` // of the connection when the cycle began
}

// TestContactInput asks for a test contact.
type TestContactInput struct {
	ConnectionRef
	Vendor crm.Vendor `json:"vendor"`
}

// TestContactRun asks for the test contact of a run.
type TestContactRun struct {
	ConnectionRef
	Run uuid.UUID `json:"run"`
}

// TestContactResult is what became of a test contact.
type TestContactResult struct {
	Run     uuid.UUID        `json:"run"`
	Outcome lockstep.Outcome `json:"outcome"` // waiting when the CRM does not take it now
	Problem lockstep.Code    `json:"problem,omitempty"`
	CRMType string           `json:"crm_type,omitempty"`
	CRMID   string           `json:"crm_id,omitempty"`
	URL     string           `json:"url,omitempty"`     // of the page in the CRM
	Elapsed time.Duration    `json:"elapsed,omitempty"` // from the start of the push until it was settled
	Epoch   int64            `json:"epoch,omitempty"`   // of the connection when it began
}

// Verdict is how a chunk ended.
type Verdict string

// The verdicts.
const (
	VerdictEmpty        Verdict = "empty"        // the run has no open row left
	VerdictMore         Verdict = "more"         // there is more to do now
	VerdictWait         Verdict = "wait"         // what is left is due at Until
	VerdictStopped      Verdict = "stopped"      // somebody paused the run; its row says so
	VerdictCancelled    Verdict = "cancelled"    // somebody cancelled it
	VerdictUnauthorized Verdict = "unauthorized" // the grant is dead; a person must reconnect
	VerdictQuota        Verdict = "quota"        // the day's calls are spent, until Until
	VerdictProvision    Verdict = "provision"    // the external-id field is gone
	VerdictSuperseded   Verdict = "superseded"   // the connection was disconnected
)

// ChunkInput asks for one chunk of a run.
type ChunkInput struct {
	ConnectionRef
	Run uuid.UUID `json:"run"`
}

// ChunkResult is how a chunk ended, with the run's totals as the database has
// them.
type ChunkResult struct {
	Verdict Verdict         `json:"verdict"`
	Until   time.Time       `json:"until,omitzero"`
	Counts  lockstep.Counts `json:"counts"`
	Rate    float64         `json:"rate,omitempty"` // records a second since the run's first claim
	ETA     time.Duration   `json:"eta,omitempty"`
	Epoch   int64           `json:"epoch,omitempty"` // of the connection when the chunk began
}

// Reconciled counts what the reconciler has put in order.
type Reconciled struct {
	Supervisors int `json:"supervisors"`
	Schedules   int `json:"schedules"`
	Runs        int `json:"runs"`
}

// RunChange moves a run to another state.
type RunChange struct {
	ConnectionRef
	Run     uuid.UUID         `json:"run"`
	State   lockstep.RunState `json:"state"`
	Problem lockstep.Code     `json:"problem,omitempty"`
	Until   time.Time         `json:"until,omitzero"`
}

// The types of errors that refuse an update.
const (
	RefusedChoice   = "starting_point_invalid"
	RefusedChosen   = "starting_point_chosen"
	RefusedNotReady = "connection_not_ready"
	RefusedMapping  = "mapping_changed"
)
