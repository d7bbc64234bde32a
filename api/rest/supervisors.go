package rest

import (
	"context"

	"lockstep/internal/flow"
)

// Supervisors starts connections' supervisors, tells them something and asks
// them something. Each call names the whole connection, because a supervisor
// that is missing is started by it. What a supervisor refuses is returned as a
// *Error, and so is that it does not answer.
type Supervisors interface {
	// Start makes sure that there is one.
	Start(ctx context.Context, in flow.ConnectionInput) error

	// Signal wakes it. It returns once the signal is kept; what it leads to is
	// seen later.
	Signal(ctx context.Context, in flow.ConnectionInput, signal string) error

	// CompleteAuthorization tells it that the connection's grant is there.
	CompleteAuthorization(ctx context.Context, in flow.ConnectionInput) error

	// ChooseStartingPoint hands the choice over. Calls with the same key are one.
	ChooseStartingPoint(ctx context.Context, in flow.ConnectionInput, choice flow.Choice, key string) (flow.Started, error)

	// Look wakes a run's workflow. It returns an Error of KindNotFound when there
	// is none.
	Look(ctx context.Context, workflowID string) error
}
