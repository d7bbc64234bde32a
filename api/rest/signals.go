package rest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// PauseConnection implements StrictServerInterface.
func (s *Server) PauseConnection(ctx context.Context, req PauseConnectionRequestObject) (PauseConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	out, err := s.tell(ctx, c, flow.SignalPause, lockstep.StatusLive, lockstep.StatusPaused)
	return PauseConnection202JSONResponse(out), err
}

// ResumeConnection implements StrictServerInterface. A connection that is live
// may have a run that waits, such as for a quota that somebody has bought more of.
func (s *Server) ResumeConnection(ctx context.Context, req ResumeConnectionRequestObject) (ResumeConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	open, err := s.Runs.OpenRuns(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return nil, err
	}
	from, to := lockstep.StatusPaused, lockstep.StatusLive
	if slices.ContainsFunc(open, func(r lockstep.Run) bool { return r.State == lockstep.RunParked || r.State == lockstep.RunPaused }) &&
		c.Status == lockstep.StatusLive {
		from = lockstep.StatusLive
	}
	out, err := s.tell(ctx, c, flow.SignalResume, from, to)
	return ResumeConnection202JSONResponse(out), err
}

// tell signals the supervisor of c if that is at status from. One that is at the
// status to already has what it would be told.
func (s *Server) tell(ctx context.Context, c lockstep.Connection, signal string, from, to lockstep.Status) (Connection, error) {
	var err error
	if c.Status == from {
		err = s.told().Signal(ctx, inputOf(c), signal)
	} else if c.Status != to {
		err = notLive(c)
	}
	if err != nil {
		return Connection{}, err
	}
	return s.show(ctx, c)
}

// SyncConnection implements StrictServerInterface.
func (s *Server) SyncConnection(ctx context.Context, req SyncConnectionRequestObject) (SyncConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	if err := sends(c); err != nil {
		return nil, err
	}
	out, err := s.tell(ctx, c, flow.SignalSyncNow, lockstep.StatusLive, lockstep.StatusLive)
	return SyncConnection202JSONResponse(out), err
}

// ResyncConnection implements StrictServerInterface.
func (s *Server) ResyncConnection(ctx context.Context, req ResyncConnectionRequestObject) (ResyncConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	if err := sends(c); err != nil {
		return nil, err
	}
	open, err := s.Runs.OpenRuns(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(open, func(r lockstep.Run) bool { return r.Kind == lockstep.RunImport }) {
		return nil, &Error{Code: "import_open"}
	}
	if err := s.told().Signal(ctx, inputOf(c), flow.SignalResync); err != nil {
		return nil, err
	}
	out, err := s.show(ctx, c)
	return ResyncConnection202JSONResponse(out), err
}

// RetryConnection implements StrictServerInterface.
func (s *Server) RetryConnection(ctx context.Context, req RetryConnectionRequestObject) (RetryConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	var retry flow.Request
	if req.Body != nil {
		retry.Problem = lockstep.Code(deref(req.Body.Problem))
	}
	if err := knownProblem(retry.Problem); err != nil {
		return nil, err
	}
	if err := sends(c); err != nil {
		return nil, err
	}
	changing(ctx).row.Detail = string(retry.Problem)
	if err := s.told().Retry(ctx, inputOf(c), retry); err != nil {
		return nil, err
	}
	out, err := s.show(ctx, c)
	return RetryConnection202JSONResponse(out), err
}

// knownProblem refuses a code that no record can have; none is no fault.
func knownProblem(code lockstep.Code) error {
	if code == "" {
		return nil
	}
	var known []string
	for _, p := range lockstep.Problems() {
		if p.Code == code {
			return nil
		}
		known = append(known, string(p.Code))
	}
	return &Error{Code: "problem_unknown", Detail: fmt.Sprintf("%q is no problem that a record can have.", code), Fix: "Name one of: " + strings.Join(known, ", ") + "."}
}

// sends refuses where c sends nothing: it is not live, or contacts are switched
// off.
func sends(c lockstep.Connection) error {
	switch {
	case c.Status != lockstep.StatusLive:
		return notLive(c)
	case !c.Syncs(lockstep.SyncContacts):
		return switchedOff(c)
	}
	return nil
}

// notLive says that c would have to be live, and what it is.
func notLive(c lockstep.Connection) error {
	r := standing(c, codeNotLive)
	if c.Status == lockstep.StatusReady {
		r.Fix = "Choose the starting point first."
	}
	return r
}

// notReady says that c would have to be set up, and what it is.
func notReady(c lockstep.Connection) error { return standing(c, flow.RefusedNotReady) }

// standing refuses for where c stands: what that is, why, and what to do.
func standing(c lockstep.Connection, code lockstep.Code) *Error {
	detail := fmt.Sprintf("The connection is %s.", strings.ReplaceAll(string(c.Status), "_", " "))
	if c.StatusReason != "" {
		detail += " " + sentence(c.StatusReason)
	}
	r := &Error{Code: code, Detail: detail}
	switch c.Status {
	case lockstep.StatusPaused:
		r.Fix = "Resume it first."
	case lockstep.StatusUnauthorized, lockstep.StatusError, lockstep.StatusConnecting, lockstep.StatusDisconnected:
		r.Fix = "Ask for a connect link and sign in to the CRM."
	case lockstep.StatusSettingUp:
		r.Fix = "Wait until it is set up."
	case lockstep.StatusLive, lockstep.StatusReady:
	}
	return r
}
