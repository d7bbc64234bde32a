// Package crm is the port to every CRM: the vocabulary that vendors share, a
// small Connector, the capabilities a vendor may have beyond it, and the one
// error type that crosses it.
//
// It is batch-shaped, because CRMs are: a call takes many records and answers
// each with its own outcome. It does no I/O and knows no tenant, no ledger and
// no workflow; vendors live below it, one package each.
package crm

import "time"

// Vendor names a CRM product.
type Vendor string

// The vendors there are words for. Package all lists those there are adapters
// for.
const (
	Salesforce Vendor = "salesforce"
	HubSpot    Vendor = "hubspot"
)

// Object is what a workspace owns records of. A vendor keeps it under a type
// of its own: a contact is a Contact or a Lead in Salesforce.
type Object string

// The objects.
const (
	Contact Object = "contact"
	Company Object = "company"
	Deal    Object = "deal"
)

// Environment says whether an account holds real customers.
type Environment string

// The environments.
const (
	Production Environment = "production"
	Sandbox    Environment = "sandbox"
)

// Account is one customer's account with a vendor, and who authorised us.
type Account struct {
	ID          string // stable: the organisation, portal or company id
	Name        string
	Environment Environment
	Edition     string // as the vendor names it; empty when it does not say
	UserID      string // who authorised the connection, in the vendor's terms
}

// FieldType is what kind of value a field holds, in the words all vendors share.
type FieldType string

// The field types.
const (
	TypeText        FieldType = "text"
	TypeEmail       FieldType = "email"
	TypePhone       FieldType = "phone"
	TypeURL         FieldType = "url"
	TypeNumber      FieldType = "number"
	TypeBoolean     FieldType = "boolean"
	TypeDate        FieldType = "date"
	TypeDateTime    FieldType = "datetime"
	TypePicklist    FieldType = "picklist"
	TypeMultiselect FieldType = "multiselect"
	TypeReference   FieldType = "reference"
	TypeOther       FieldType = "other" // an address, a location: not written as one value
)

// Option is one value of a picklist. Value goes on the wire, Label on screens.
type Option struct {
	Value  string `json:"value"`
	Label  string `json:"label"`
	Active bool   `json:"active"`
}

// Field describes one field of a CRM type as the connected user may use it.
type Field struct {
	Name        string    `json:"name"` // as the wire names it
	Label       string    `json:"label"`
	Description string    `json:"description,omitempty"`
	Type        FieldType `json:"type"`
	Length      int       `json:"length,omitempty"` // characters; 0 when unlimited or not text
	Options     []Option  `json:"options,omitempty"`
	Restricted  bool      `json:"restricted,omitempty"` // values other than Options are refused
	Required    bool      `json:"required,omitempty"`   // a create without it is refused
	Creatable   bool      `json:"creatable,omitempty"`  // may be sent with a create
	Updatable   bool      `json:"updatable,omitempty"`  // may be sent with an update
	Unique      bool      `json:"unique,omitempty"`
	Custom      bool      `json:"custom,omitempty"`
}

// Match says how a batch of writes finds the records it is about.
type Match string

// The ways of matching.
const (
	// ByExternalID creates the record, or updates the one that carries the
	// external id.
	ByExternalID Match = "external_id"
	// ByID updates the record with the CRM's own id, and never creates.
	ByID Match = "id"
)

// Write is one record as it should be in the CRM.
type Write struct {
	Ref        string         // the caller's correlation id; unique within a batch
	ID         string         // the CRM's id; set when the batch matches ByID
	ExternalID string         // set when it matches ByExternalID; else stamped when not empty
	Fields     map[string]any // CRM field → value; nil clears
}

// Batch is one call's worth of writes: one type, one way of matching, at most
// Limits.WriteBatch of them, no ID or ExternalID twice.
type Batch struct {
	Type   string // the vendor's name of the object, such as "Contact"
	Match  Match
	Fresh  bool // none of the records is in the CRM: its own rules for new ones, such as whom they are assigned to, apply
	Writes []Write
}

// Effect is what a write did.
type Effect string

// The effects.
const (
	Created Effect = "created"
	Updated Effect = "updated"
)

// Outcome is what became of one Write: an Effect and the id that the vendor
// answered, or an Err.
type Outcome struct {
	Ref    string
	ID     string
	Effect Effect
	Err    *Error
}

// Key is a property that records are looked up by.
type Key string

// The keys.
const (
	KeyExternalID Key = "external_id"
	KeyEmail      Key = "email"
	KeyID         Key = "id"
)

// Found is a record that a look-up met.
type Found struct {
	ID         string
	ExternalID string // what Lockstep stamped, or empty
	Email      string // as the CRM has it
	MovedTo    *Moved // set when the record lives on under another id
	Deleted    bool   // in the bin, or gone
}

// Moved says where a merged or converted record lives on.
type Moved struct {
	Type string
	ID   string
}

// Limits is what a vendor takes and allows, known before anyone has connected.
type Limits struct {
	WriteBatch  int           // records a Write call takes
	FindBatch   int           // values a Find call takes
	ListPage    int           // records a listing call answers
	Concurrency int           // calls in flight for one account
	QuietPeriod time.Duration // after an unknown write, how long until a look-up can be trusted
}
