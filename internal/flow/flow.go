// Package flow is the contract with running workflows: queue, workflow, signal
// and update names, workflow ids, and the payloads that histories keep. A
// history outlives the program that wrote it, so everything here is only ever
// added to; a golden test holds each payload's JSON.
//
// Payloads carry ids, counts and verdicts. No token, e-mail address, name,
// record field or CRM answer is ever one, nor part of one.
package flow

import (
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
	ConnectionName = "Connection"
	ImportName     = "Import"
)

// The signals of Connection. Each only wakes it; none has to be answered.
const (
	SignalPause  = "pause"
	SignalResume = "resume"
	SignalResync = "resync"
)

// The updates of Connection: what wants an answer or can be wrong.
const (
	UpdateCompleteAuthorization = "complete-authorization"
	UpdateChooseStartingPoint   = "choose-starting-point"
)

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
}

// StatusChange sets a connection's status. Problem explains it when it is not
// good news.
type StatusChange struct {
	ConnectionRef
	Status  lockstep.Status `json:"status"`
	Problem lockstep.Code   `json:"problem,omitempty"`
}

// Choice is the argument of choose-starting-point.
type Choice struct {
	StartingPoint lockstep.StartingPoint `json:"starting_point"`
}

// StartRun asks for a run of a connection.
type StartRun struct {
	ConnectionRef
	Vendor crm.Vendor `json:"vendor"`
	Run    uuid.UUID  `json:"run"` // the id it is to have, so that asking twice starts one
	Force  bool       `json:"force"`
}

// Started answers a request for a run: the one that was started, or nil when
// there is none to start or one was open already.
type Started struct {
	Run *uuid.UUID `json:"run,omitempty"`
}

// ImportInput starts an import.
type ImportInput struct {
	ConnectionRef
	Vendor crm.Vendor `json:"vendor"`
	Run    uuid.UUID  `json:"run"`
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
)
