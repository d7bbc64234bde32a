// Package adapter is what a vendor package is given and what it gives back: a
// Factory that describes the vendor before anyone has connected, the Deps it
// may touch of the world, and the chain of HTTP transports between an adapter
// and its vendor.
//
// Nothing here knows a tenant, a workflow or a row, and nothing here repeats a
// call, but for the one that a refreshed token makes good.
package adapter

import (
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/oauth2"

	"lockstep/internal/crm"
)

// Factory describes a vendor before anyone has connected to it, and opens
// connections once someone has.
type Factory struct {
	Vendor crm.Vendor
	Label  string // as people read it

	// Types are the vendor's types for each of our objects, the default first.
	Types map[crm.Object][]string

	// ExternalIDField is the field that Lockstep provisions on every type it
	// writes, and stamps.
	ExternalIDField string

	// OwnerField is the field that says whom a record is assigned to, on every
	// type; empty when the vendor has none.
	OwnerField string

	OAuth  OAuth
	Limits crm.Limits

	// Usage reads what an answer's headers say of the account's limits; nil when
	// the vendor says nothing.
	Usage func(http.Header) []Usage

	// Windows are the limits that every account has, at their lowest: what is
	// kept to until an answer has said more. Those of a day are not among them.
	Windows []Usage

	// Renewal is how often it is worth asking whether a day's quota that was
	// spent is given anew, at its multiples on the clock.
	Renewal time.Duration

	// Hosts are the hosts that a secret may be sent to, besides the one a
	// person configured: exact names, or ".example.com" for all below it.
	Hosts []string

	Open func(Deps) (crm.Connector, error)
}

// OAuth is how a person authorises Lockstep with a vendor.
type OAuth struct {
	Endpoint  oauth2.Endpoint
	RevokeURL string
	APIURL    string // where every account's API is; empty when the token's answer says
	Scopes    []string
	PKCE      bool // S256, where the vendor documents it
}

// Deps is all that an adapter may touch of the world.
type Deps struct {
	BaseURL   string       // of the account, or of a sandbox; no trailing slash
	LoginURL  string       // where tokens are revoked; no trailing slash
	AccountID string       // the account that the connection is linked to, once known
	UserID    string       // who authorised the connection, once known
	Client    Registration // Lockstep's registration, for the calls that show it
	HTTP      *http.Client // authorises, paces, measures and redacts; never retries
	Log       *zap.Logger
}

// Registration is what Lockstep is registered as with a vendor. Some withdraw a grant
// only for the client that it was given to.
type Registration struct {
	ID     string
	Secret string
}

// String implements fmt.Stringer, and hides the secret.
func (r Registration) String() string { return r.ID }
