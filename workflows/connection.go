package workflows

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

const (
	// authorizeWithin is how long an unfinished authorisation is waited for. A
	// new connect link starts the wait again.
	authorizeWithin = time.Hour

	// idleBefore is how long a supervisor has had nothing to do before it rolls
	// over, so that the history an operator opens is short.
	idleBefore = 2 * time.Second
)

// Connection supervises one connection: it sets it up once somebody has
// authorised it, starts what is asked for, ends it, and sleeps. It is no store:
// what it knows it reads from the database, and can at any time.
//
// Signals only wake it, and each does the same when it comes twice. Updates
// are for what wants an answer.
func Connection(ctx workflow.Context, in flow.ConnectionInput) error {
	s := &supervisor{in: in, ref: flow.ConnectionRef{Workspace: in.Workspace, Connection: in.Connection}, asked: listen(ctx)}
	if err := s.handle(ctx); err != nil {
		return err
	}
	if err := s.stand(ctx); err != nil {
		return err
	}
	if s.standing.Status == lockstep.StatusSettingUp { // authorised, and we were not there to be told
		s.authorized = true
	}
	return s.loop(ctx)
}

// supervisor is a connection's workflow under way.
type supervisor struct {
	in       flow.ConnectionInput
	ref      flow.ConnectionRef
	standing *flow.Standing // nil until it has been read
	asked    asked

	authorized bool // somebody has authorised it, and it is not set up yet
	updated    bool // an update has been answered since it last slept
	gone       bool // somebody is disconnecting it, or has
}

// handle takes the updates.
func (s *supervisor) handle(ctx workflow.Context) error {
	return errors.Join(
		workflow.SetUpdateHandler(ctx, flow.UpdateCompleteAuthorization, s.completeAuthorization),
		workflow.SetUpdateHandlerWithOptions(ctx, flow.UpdateChooseStartingPoint, s.chooseStartingPoint,
			workflow.UpdateHandlerOptions{Validator: validChoice}),
		workflow.SetUpdateHandlerWithOptions(ctx, flow.UpdateApproveMapping, s.approveMapping,
			workflow.UpdateHandlerOptions{Validator: validReview}),
		workflow.SetUpdateHandler(ctx, flow.UpdateDiscover, s.discover),
		workflow.SetUpdateHandler(ctx, flow.UpdateDisconnect, s.disconnect),
	)
}

// stand reads where the connection stands.
func (s *supervisor) stand(ctx workflow.Context) error {
	var standing flow.Standing
	if err := workflow.ExecuteActivity(prompt(ctx, s.ref, "where it stands"), connections.Stand, s.ref).Get(ctx, &standing); err != nil {
		return err
	}
	s.standing = &standing
	workflow.SetCurrentDetails(ctx, "The connection is **"+string(standing.Status)+"**.")
	return nil
}

// pending tells whether there is something to do.
func (s *supervisor) pending() bool {
	return s.authorized || s.updated || s.gone || s.asked.waiting() > 0
}

// loop does what is asked for until the connection is gone, the authorisation
// is given up, or it is time to roll over.
func (s *supervisor) loop(ctx workflow.Context) error {
	for worked := false; ; worked = true {
		if s.gone || s.standing.Status == lockstep.StatusDisconnected {
			again, err := s.end(ctx)
			if !again || err != nil {
				return err
			}
			continue
		}
		more, err := s.await(ctx, worked)
		if err != nil {
			return err
		}
		if !more && s.standing.Status == lockstep.StatusConnecting {
			given, err := s.missed(ctx)
			if given && err == nil {
				continue
			}
			if err != nil {
				return err
			}
			return s.setStatus(ctx, lockstep.StatusConnecting, lockstep.CodeNotAuthorized)
		}
		if !more || workflow.GetInfo(ctx).GetContinueAsNewSuggested() && !s.pending() {
			if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
				return err
			}
			if s.pending() {
				continue
			}
			return workflow.NewContinueAsNewError(ctx, flow.ConnectionName, s.in)
		}
		if err := s.work(ctx); err != nil {
			return err
		}
	}
}

// end waits for the answers that are under way, the one that ends the
// connection among them, and says whether to go on after all: it could not be
// ended, or somebody has authorised it anew meanwhile.
func (s *supervisor) end(ctx workflow.Context) (bool, error) {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return false, err
	}
	s.gone, s.authorized = false, false // what is to be done is read now
	if err := s.stand(ctx); err != nil {
		return false, err
	}
	s.authorized = s.authorized || s.standing.Status == lockstep.StatusSettingUp
	return s.authorized || s.standing.Status != lockstep.StatusDisconnected, nil
}

// missed tells whether somebody has authorised the connection and we were not
// told, before it is given up.
func (s *supervisor) missed(ctx workflow.Context) (bool, error) {
	if err := s.stand(ctx); err != nil {
		return false, err
	}
	s.authorized = s.standing.Status == lockstep.StatusSettingUp
	return s.standing.Status != lockstep.StatusConnecting, nil
}

// await sleeps until there is something to do. It returns false when there has
// been nothing for long enough: to give an authorisation up, or after some work
// to roll over.
func (s *supervisor) await(ctx workflow.Context, worked bool) (bool, error) {
	switch {
	case s.standing.Status == lockstep.StatusConnecting:
		return workflow.AwaitWithTimeout(ctx, authorizeWithin, s.pending)
	case worked:
		return workflow.AwaitWithTimeout(ctx, idleBefore, s.pending)
	default:
		return true, workflow.Await(ctx, s.pending)
	}
}

// work does all that is asked for at the moment.
func (s *supervisor) work(ctx workflow.Context) error {
	s.updated = false
	if s.authorized {
		s.authorized = false
		if err := s.setUp(ctx); err != nil {
			return err
		}
	}
	if err := s.answer(ctx); err != nil {
		return err
	}
	if err := s.stand(ctx); err != nil {
		return err
	}
	s.authorized = s.authorized || s.standing.Status == lockstep.StatusSettingUp // we were not told
	return nil
}

// troubled shows a failure that a person has to mend on the connection, rather
// than failing its supervisor.
func (s *supervisor) troubled(ctx workflow.Context, err error) error {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return err
	}
	status, problem := lockstep.StatusError, lockstep.Code(app.Type())
	if problem == lockstep.CodeUnauthorized {
		status = lockstep.StatusUnauthorized
	}
	if problem == lockstep.CodeNotPermitted || problem == lockstep.Code(crm.ReasonAccess) {
		problem = lockstep.CodeProvisionDenied
	}
	if err := s.setStatus(ctx, status, problem); err != nil {
		return err
	}
	return s.stand(ctx)
}

func (s *supervisor) setStatus(ctx workflow.Context, status lockstep.Status, problem lockstep.Code) error {
	change := flow.StatusChange{ConnectionRef: s.ref, Status: status, Problem: problem}
	return workflow.ExecuteActivity(prompt(ctx, s.ref, "status: "+string(status)), connections.SetStatus, change).Get(ctx, nil)
}

// startImport starts an import that writes everything, under the given id or
// one of its own. It is fixed in the history, so that the activity starts one
// however often it is tried.
func (s *supervisor) startImport(ctx workflow.Context, id *uuid.UUID) (flow.Started, error) {
	var started flow.Started
	in := flow.StartRun{ConnectionRef: s.ref, Vendor: s.in.Vendor}
	if id != nil {
		in.Run = *id
	} else {
		var err error
		if in, err = s.newRun(ctx); err != nil {
			return started, err
		}
	}
	in.Force = true
	ctx = workflow.WithStartToCloseTimeout(ctx, 30*time.Minute) // it marks every record there is
	err := workflow.ExecuteActivity(ctx, runs.StartImport, in).Get(ctx, &started)
	return started, err
}

// newRun returns a request for a run with an id of its own.
func (s *supervisor) newRun(ctx workflow.Context) (flow.StartRun, error) {
	var id uuid.UUID
	err := workflow.SideEffect(ctx, func(workflow.Context) any { return uuid.Must(uuid.NewV7()) }).Get(&id)
	return flow.StartRun{ConnectionRef: s.ref, Vendor: s.in.Vendor, Run: id}, err
}
