package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// completeAuthorization is told by the API that somebody has authorised the
// connection and that the grant is kept.
func (s *supervisor) completeAuthorization(workflow.Context) error {
	s.authorized = true
	return nil
}

// setUp makes an authorised connection ready, or live again when it was
// before.
func (s *supervisor) setUp(ctx workflow.Context) error {
	err := workflow.ExecuteActivity(prompt(ctx, s.ref, "provision, discover, map"), connections.SetUp, s.ref).Get(ctx, nil)
	if err != nil {
		return s.troubled(ctx, err)
	}
	if err := s.stand(ctx); err != nil {
		return err
	}
	if s.standing.StartingPoint != lockstep.StartUndecided {
		return refusable(workflow.ExecuteActivity(prompt(ctx, s.ref, "go on"), runs.GoOn, s.ref).Get(ctx, nil))
	}
	return s.setStatus(ctx, lockstep.StatusReady, "")
}

// validChoice refuses a choice that is none.
func validChoice(_ workflow.Context, choice flow.Choice) error {
	if choice.StartingPoint != lockstep.StartImport && choice.StartingPoint != lockstep.StartSkip {
		return temporal.NewNonRetryableApplicationError("the starting point is import or skip", flow.RefusedChoice, nil)
	}
	return nil
}

// chooseStartingPoint takes the one-time choice and starts the import it asks
// for.
func (s *supervisor) chooseStartingPoint(ctx workflow.Context, choice flow.Choice) (flow.Started, error) {
	defer func() { s.updated = true }()
	if err := workflow.Await(ctx, func() bool { return s.standing != nil }); err != nil {
		return flow.Started{}, err
	}
	if err := s.stand(ctx); err != nil {
		return flow.Started{}, err
	}
	if !choice.Made(*s.standing) { // else whoever chose it had no answer, and asks again
		if err := s.choose(ctx, choice); err != nil {
			return flow.Started{}, err
		}
	}
	if choice.StartingPoint == lockstep.StartSkip {
		return flow.Started{}, nil
	}
	// The choice is made: it is tried until it is done. What an earlier time of
	// the connection left in the CRM may have changed since, so it is written anew.
	return s.startImport(prompt(ctx, s.ref, "start the import"), choice.Import)
}

// choose makes the choice, if it can be made.
func (s *supervisor) choose(ctx workflow.Context, choice flow.Choice) error {
	if s.standing.StartingPoint != lockstep.StartUndecided {
		return temporal.NewNonRetryableApplicationError("the starting point has been chosen; resync to send everything again", flow.RefusedChosen, nil)
	}
	if s.standing.Status != lockstep.StatusReady {
		return temporal.NewNonRetryableApplicationError("the connection is not set up yet", flow.RefusedNotReady, nil)
	}
	err := workflow.ExecuteActivity(once(ctx, s.ref, "starting point"), connections.Choose, s.ref, choice).Get(ctx, nil)
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok && app.Type() == string(lockstep.CodeNotFound) { // it was disconnected meanwhile
		return temporal.NewNonRetryableApplicationError("the connection is no longer set up", flow.RefusedNotReady, nil)
	}
	return err
}

// validReview refuses a review of nothing.
func validReview(_ workflow.Context, review flow.MappingReview) error {
	if review.Version <= 0 {
		return temporal.NewNonRetryableApplicationError("the version that was looked at is missing", flow.RefusedMapping, nil)
	}
	return nil
}

// approveMapping notes that a person has looked at the mapping as it is.
func (s *supervisor) approveMapping(ctx workflow.Context, review flow.MappingReview) error {
	defer func() { s.updated = true }()
	err := workflow.ExecuteActivity(once(ctx, s.ref, "approve the mapping"), connections.Approve, s.ref, review).Get(ctx, nil)
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok && app.Type() == string(lockstep.CodeConflict) {
		return temporal.NewNonRetryableApplicationError("the mapping has changed since", flow.RefusedMapping, nil)
	}
	return err
}

// discover looks again at what fields and owners the CRM has, and at whether
// the external-id field is there.
func (s *supervisor) discover(ctx workflow.Context) error {
	defer func() { s.updated = true }()
	err := workflow.ExecuteActivity(once(ctx, s.ref, "discover again"), connections.SetUp, s.ref).Get(ctx, nil)
	if err == nil && s.standing != nil && s.standing.Status == lockstep.StatusError { // what was wrong is mended
		s.authorized = true
	}
	return err
}

// disconnect ends the connection: nothing older is written from now on, its
// runs end, its login is given back and deleted. What is in the CRM stays.
func (s *supervisor) disconnect(ctx workflow.Context, how flow.Disconnection) error {
	s.gone = true // nothing else is begun meanwhile
	if err := workflow.ExecuteActivity(prompt(ctx, s.ref, "close"), connections.Close, s.ref).Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(prompt(ctx, s.ref, "end its runs"), runs.Stop, s.ref).Get(ctx, nil); err != nil {
		return err
	}
	return workflow.ExecuteActivity(prompt(ctx, s.ref, "forget the login"), connections.Forget, s.ref, how).Get(ctx, nil)
}
