package lockstep

import (
	"slices"
	"time"
)

// Syncable is a type of what is kept in step, which can be switched off.
type Syncable string

// What can be switched off.
const (
	SyncContacts Syncable = "contacts"
	SyncEmails   Syncable = "emails"
	SyncCalls    Syncable = "calls"
	SyncMeetings Syncable = "meetings"
)

// Syncables returns all of them, in the order in which people read them.
func Syncables() []Syncable { return []Syncable{SyncContacts, SyncEmails, SyncCalls, SyncMeetings} }

// Settings is what an admin may change of a connection. What is nil, zero or
// not named stays as it is.
type Settings struct {
	OwnerID   *string // whom new records are given to; empty leaves it to the CRM
	SyncEvery time.Duration
	Switches  map[Syncable]bool
}

// Syncs tells whether what is sent by the connection. What was switched off is
// marked as it changes all the same, and sent once it is switched on again.
func (c Connection) Syncs(what Syncable) bool { return !slices.Contains(c.SwitchedOff, what) }
