package crm

import "context"

// Connector is one authorised connection to one vendor account.
//
// A Connector is safe for concurrent use and keeps no state that a restarted
// worker would miss. Every error it returns is, or wraps, an *Error or the
// context's; anything else is treated as a bug of the adapter. It never
// retries, sleeps or logs per record.
//
// What a vendor can do beyond this is said by the optional interfaces below;
// ask for one with As.
type Connector interface {
	// Vendor names the product behind the connection.
	Vendor() Vendor

	// Check makes the cheapest authenticated call there is. It returns an
	// Error of KindUnauthorized when a person has to reconnect.
	Check(ctx context.Context) error

	// Identify returns the account that the connection is authorised for.
	Identify(ctx context.Context) (Account, error)

	// RecordURL returns the page that shows a record to a person.
	RecordURL(typ, id string) string
}

// Writer is a Connector that can be written to.
type Writer interface {
	Connector

	// Write makes one call with all of batch and returns one Outcome for each
	// Write, matched by Ref, in any order.
	//
	// Writing the same batch again, or overlapping it with itself, MUST leave
	// one record for each external id. An error is about the call as a whole
	// and comes without outcomes; KindUnknown says that some or all of it may
	// have been applied, ReasonBatch that the vendor named no culprit and the
	// caller should split. A batch larger than Limits.WriteBatch is a bug.
	Write(ctx context.Context, batch Batch) ([]Outcome, error)
}

// Finder is a Connector whose records can be looked up by consistent reads: a
// record that was written before the call is found by it.
type Finder interface {
	Connector

	// Find returns every record of typ whose key is one of values, at most
	// Limits.FindBatch of them. Values that nobody has are not mentioned; a
	// value that several have is answered several times. E-mail addresses are
	// compared without regard to case. By KeyID, deleted and merged records
	// are reported as such.
	Find(ctx context.Context, typ string, key Key, values []string) ([]Found, error)

	// Count returns how many records of typ there are, or at least limit when
	// there are more.
	Count(ctx context.Context, typ string, limit int) (int, error)

	// List returns a page of all records of typ and the cursor of the next
	// page, empty after the last. The first page's cursor is empty.
	List(ctx context.Context, typ, cursor string) (page []Found, next string, err error)
}

// Schema is a Connector that can be asked, and told, what fields there are.
type Schema interface {
	Connector

	// Fields returns the fields of typ that the connected user can see.
	Fields(ctx context.Context, typ string) ([]Field, error)

	// Provision makes sure that typ has the unique field that holds Lockstep's
	// external ids and that the connected user can write it. Calling it again
	// changes nothing. It returns an Error of KindForbidden when the user may
	// not change the schema.
	Provision(ctx context.Context, typ string) error
}

// Owner is a person records can be assigned to.
type Owner struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Email  string `json:"email,omitempty"`
	Active bool   `json:"active"`
}

// Directory is a Connector that can list its users.
type Directory interface {
	Connector

	// Owners returns everyone a record can be assigned to.
	Owners(ctx context.Context) ([]Owner, error)
}

// Revoker is a Connector that can withdraw its own grant.
type Revoker interface {
	Connector

	// Revoke withdraws the refresh token and with it what was issued on it. A
	// token that is dead already is no error.
	Revoke(ctx context.Context, refreshToken string) error
}

// As returns c as the wanted capability, or an Error of KindUnsupported.
func As[T Connector](c Connector) (T, error) {
	if t, ok := c.(T); ok {
		return t, nil
	}
	var none T
	return none, &Error{Kind: KindUnsupported, Op: string(c.Vendor()) + ".as"}
}
