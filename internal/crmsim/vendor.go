package crmsim

import (
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"time"
)

// ErrNoRecord is a Book's answer to an id it does not have.
var ErrNoRecord = errors.New("no such record")

// Vendor is one emulated CRM: its wire, its rig, its grants, and its records
// as the administration sees them.
type Vendor struct {
	Name   string
	Wire   http.Handler
	Rig    *Rig
	Grants *Grants
	Book   Book
	// Actions are administration endpoints of this vendor alone, by pattern
	// below /_sim/<vendor>, such as "POST /convert".
	Actions map[string]http.HandlerFunc
}

// Record is one record as anybody can judge it.
type Record struct {
	Account    string          `json:"account"`
	Object     string          `json:"object"`
	ID         string          `json:"id"`
	ExternalID *string         `json:"external_id"` // value of the unique custom field, if it has one
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
	Writes     int             `json:"writes"` // creation included
	Deleted    bool            `json:"deleted"`
	Fields     json.RawMessage `json:"fields"` // an object of all that hold a value

	// Email is the record's e-mail address in lower case, for the count of
	// duplicates.
	Email string `json:"-"`
}

// Seed is a record to be put into a CRM behind the API's back.
type Seed struct {
	Account string                     `json:"account,omitempty"` // the default account when empty
	Object  string                     `json:"object"`
	Fields  map[string]json.RawMessage `json:"fields"`
}

// Book is a vendor's records behind the API's back. It must be safe for
// concurrent use with the wire.
type Book interface {
	// Records yields every record of the object, or of all when it is empty,
	// deleted ones included. Fields are spelled out only if whole.
	Records(object string, whole bool) iter.Seq[Record]
	// Seed creates the records and returns their ids.
	Seed(seeds []Seed) ([]string, error)
	// Empty removes every record without trace.
	Empty()
	// Delete deletes a record as a user of the CRM would.
	Delete(id string) error
	// Merge makes loser part of winner as a user of the CRM would.
	Merge(winner, loser string) error
	// DropField removes a custom field, values included.
	DropField(object, field string) error
}
