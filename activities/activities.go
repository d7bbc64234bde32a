// Package activities is what workflows get done: one small struct per concern,
// with the interfaces it needs beside it. An exported method is the Temporal
// face of it: payload in, payload out, error converted by forTemporal. What it
// does is plain Go below.
//
// It decides nothing that a person or a clock decides; that is for package
// workflows. It imports no vendor, no database and no HTTP, so that workflows,
// which import it for the names of its methods, do not either. No payload,
// error or heartbeat of it carries a token, a record's value or a CRM's answer.
package activities

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/crm"
)

// Opener opens a workspace's connection to its CRM. What it returns may be
// shared and is safe for concurrent use.
type Opener interface {
	Open(ctx context.Context, workspace, connection uuid.UUID) (crm.Connector, error)
}

// Facts is what is known of a vendor before anyone has connected.
type Facts struct {
	Label  string
	Types  map[crm.Object][]string // the vendor's types of each object, the default first
	Owner  string                  // the field that says whom a record is assigned to; empty when there is none
	Limits crm.Limits
}
