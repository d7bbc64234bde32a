package rest

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// Server answers the API's calls. All fields but those of which it is said are
// needed; none may be changed once Handler was called.
type Server struct {
	Keys        Keys
	Workspaces  Workspaces
	Connections Connections
	Links       Links
	SignIns     SignIns
	Supervisors Supervisors
	Runs        Runs
	Events      Events
	Mappings    Mappings
	Records     Records
	Ledger      Ledger
	Standings   Standings
	Requests    Requests
	Audits      Audits
	IssuedKeys  IssuedKeys
	Webhooks    Webhooks
	Guides      Guides
	Sealer      Sealer

	// Vendors are those that can be connected, because there is an app for them.
	Vendors map[crm.Vendor]Vendor

	// Problems are those that the interfaces above may refuse with, besides
	// package lockstep's.
	Problems []lockstep.Problem

	// Probes tell whether what the service depends on answers.
	Probes map[string]func(context.Context) error

	// PublicURL is where browsers reach the API, without a trailing slash.
	PublicURL string

	// Temporal makes links to Temporal's Web UI; its zero value makes none.
	Temporal TemporalUI

	// Rate is how many calls a second one key may make, for long; twice as many
	// for a moment. Zero is DefaultRate.
	Rate float64

	// Done, when it is closed, ends what would go on for long. Nil never does.
	Done <-chan struct{}

	Log *zap.Logger

	lookout lookout
}

// DefaultRate is generous to people and programs, and not to loops gone mad.
const DefaultRate = 100

// Vendor is what people have to know of a CRM before it is connected.
type Vendor struct {
	Label string
	Types map[crm.Object][]string // the CRM's types of each object, the default first

	// ExternalIDField is where Lockstep keeps its ids: no mapping may fill it.
	ExternalIDField string
}

// Handler returns the API. It fails when the document, the routes and the table
// of who may call them do not fit together.
func (s *Server) Handler() (http.Handler, error) {
	doc, err := loadDocument()
	if err != nil {
		return nil, err
	}
	e := s.router(doc)
	RegisterHandlers(e, NewStrictHandler(s, nil))
	if err := serveDocument(e, doc); err != nil {
		return nil, err
	}
	if err := covered(e.Routes(), doc); err != nil {
		return nil, err
	}
	return e, nil
}
