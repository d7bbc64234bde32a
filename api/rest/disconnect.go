package rest

import (
	"cmp"
	"context"
	"fmt"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// DisconnectConnection implements StrictServerInterface.
func (s *Server) DisconnectConnection(ctx context.Context, req DisconnectConnectionRequestObject) (DisconnectConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	var confirmed bool
	var how flow.Disconnection
	if req.Body != nil {
		confirmed, how.KeepMapping = given(req.Body.Confirm), given(req.Body.KeepMapping)
	}
	if !confirmed {
		return nil, s.unconfirmed(c, how)
	}
	if c.Status != lockstep.StatusDisconnected {
		if err := s.told().Disconnect(ctx, inputOf(c), how, deref(req.Params.IdempotencyKey)); err != nil {
			return nil, err
		}
		if c, err = s.connection(ctx, c.ID); err != nil {
			return nil, err
		}
	}
	out, err := s.show(ctx, c)
	return DisconnectConnection200JSONResponse(out), err
}

// unconfirmed says what disconnecting c would do.
func (s *Server) unconfirmed(c lockstep.Connection, how flow.Disconnection) error {
	mapping := "clears its field mapping"
	if how.KeepMapping {
		mapping = "keeps its field mapping"
	}
	account := cmp.Or(c.Account.Name, "an account that nobody has signed in to yet")
	return &Error{Code: "confirmation_missing", Detail: fmt.Sprintf(
		"Disconnecting %s (%s) stops everything that is sent, cancels the runs that are open, deletes the stored login and %s. "+
			"Records that are in the CRM stay there, and those that are here stay here.", s.label(c.Vendor), account, mapping,
	)}
}

// given tells whether a flag is there and set.
func given(flag *bool) bool { return flag != nil && *flag }
