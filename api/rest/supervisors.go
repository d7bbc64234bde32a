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

	// Retry wakes it with what is to be retried, as Signal does.
	Retry(ctx context.Context, in flow.ConnectionInput, retry flow.Request) error

	// CompleteAuthorization tells it that the connection's grant is there.
	CompleteAuthorization(ctx context.Context, in flow.ConnectionInput) error

	// ChooseStartingPoint hands the choice over. Calls with the same key are one,
	// here and below, as long as the supervisor remembers; an empty key is none.
	ChooseStartingPoint(ctx context.Context, in flow.ConnectionInput, choice flow.Choice, key string) (flow.Started, error)

	// ApproveMapping says that a person has looked at a version of the mapping.
	ApproveMapping(ctx context.Context, in flow.ConnectionInput, review flow.MappingReview, key string) error

	// Discover looks again at what the CRM has, and returns when it has.
	Discover(ctx context.Context, in flow.ConnectionInput, key string) error

	// Disconnect ends the connection, and returns when it has.
	Disconnect(ctx context.Context, in flow.ConnectionInput, how flow.Disconnection, key string) error

	// TestContact sends the test contact and returns what became of it. One that
	// is under way with the same key is waited for instead. The key is part of a
	// workflow's id, which everybody reads who can see the Web UI.
	TestContact(ctx context.Context, in flow.ConnectionInput, key string) (flow.TestContactResult, error)

	// Look wakes a run's workflow. It returns an Error of KindNotFound when there
	// is none.
	Look(ctx context.Context, workflowID string) error
}
