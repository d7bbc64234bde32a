package activities_test

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"lockstep/internal/crm"
)

const activitiesTTL = 5 * time.Minute

// opensNot is an Opener that fails.
type opensNot struct{ err error }

func (o opensNot) Open(context.Context, uuid.UUID, uuid.UUID) (crm.Connector, error) {
	return nil, o.err
}

func converterOf() converter.FailureConverter { return temporal.GetDefaultFailureConverter() }
