package lockstep

import (
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
)

// Status is what a person reads on a connection's card.
type Status string

// The statuses.
const (
	StatusConnecting   Status = "connecting"   // waiting for somebody to authorise it
	StatusSettingUp    Status = "setting_up"   // authorised; finding out what is there
	StatusReady        Status = "ready"        // waiting for the starting point
	StatusLive         Status = "live"         // in step, or on its way there
	StatusPaused       Status = "paused"       // by a person
	StatusUnauthorized Status = "unauthorized" // the grant is dead; reconnect
	StatusError        Status = "error"        // setting up met something a person must fix
	StatusDisconnected Status = "disconnected"
)

// StartingPoint is the one-time choice of what happens to what is there
// already.
type StartingPoint string

// The starting points.
const (
	StartUndecided StartingPoint = ""
	StartImport    StartingPoint = "import" // everything, now
	StartSkip      StartingPoint = "skip"   // only what changes from now on
)

// Connection links one account of one vendor to a workspace.
type Connection struct {
	ID            uuid.UUID
	WorkspaceID   uuid.UUID
	WorkspaceKey  string // prefixes the workspace's external ids
	Vendor        crm.Vendor
	Status        Status
	StatusReason  string // why, in plain language, when Status is not good news
	Account       crm.Account
	BaseURL       string                // of the account's API; from the token answer, checked
	Scopes        []string              // that its login was granted; nil when that is not known
	Epoch         int64                 // raised by disconnect and reconnect; older writes refuse
	Targets       map[crm.Object]string // the CRM type each object is kept under
	StartingPoint StartingPoint
	FirstImport   *uuid.UUID    // that the starting point import began, or will
	Paused        bool          // by a person; a lost authorisation does not end it
	OwnerID       string        // in the CRM's terms: whom new records are given to; empty leaves it to the CRM
	SyncEvery     time.Duration // how often changes are looked for
	SwitchedOff   []Syncable    // by an admin
	Approved      int64         // the version of the mapping that a person has looked at
	CreatedAt     time.Time
	ConnectedAt   *time.Time
	ProvenAt      *time.Time // when a test contact last arrived
	SyncedAt      *time.Time // when a cycle last looked for changes
}

// The bounds of SyncEvery, and what it is when nobody says.
const (
	SyncEveryLeast   = time.Minute
	SyncEveryMost    = 24 * time.Hour
	SyncEveryDefault = 5 * time.Minute
)

// Target returns the CRM type that object is kept under, or the vendor's
// default when nobody chose.
func (c Connection) Target(object crm.Object, vendorTypes []string) string {
	if t := c.Targets[object]; t != "" {
		return t
	}
	if len(vendorTypes) > 0 {
		return vendorTypes[0]
	}
	return ""
}

// Step is one of the four of setting a connection up.
type Step struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Done    bool   `json:"done"`
	Current bool   `json:"current"`
}

// Checklist returns the four steps of setting up and how far c is.
func (c Connection) Checklist() []Step {
	steps := []Step{
		{ID: "connect", Title: "Connect your CRM", Done: c.ConnectedAt != nil && c.Status != StatusDisconnected},
		{ID: "starting_point", Title: "Choose your starting point", Done: c.StartingPoint != StartUndecided},
		{ID: "mapping", Title: "Review your field mapping", Done: c.Approved > 0},
		{ID: "test_contact", Title: "Prove it with a test contact", Done: c.ProvenAt != nil},
	}
	for i := range steps {
		if !steps[i].Done {
			steps[i].Current = true
			break
		}
	}
	return steps
}
