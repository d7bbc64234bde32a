package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// UpdateConnection implements StrictServerInterface. The row comes first: a
// supervisor that is not told reads it when it next starts.
func (s *Server) UpdateConnection(ctx context.Context, req UpdateConnectionRequestObject) (UpdateConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	var change lockstep.Settings
	if req.Body.OwnerID != nil {
		chosen, err := s.ownerOf(ctx, c, req.Body.OwnerID)
		if err != nil {
			return nil, err
		}
		change.OwnerID = &chosen
	}
	if req.Body.SyncEverySeconds != nil {
		change.SyncEvery = time.Duration(*req.Body.SyncEverySeconds) * time.Second
	}
	if req.Body.Syncs != nil {
		change.Switches = switched(*req.Body.Syncs)
	}
	if err := s.Connections.SetSettings(ctx, c.WorkspaceID, c.ID, change); err != nil {
		return nil, err
	}
	changing(ctx).made = true
	if c, err = s.connection(ctx, c.ID); err != nil {
		return nil, err
	}
	if c.Status != lockstep.StatusDisconnected { // which has no supervisor
		if err := s.told().Signal(ctx, inputOf(c), flow.SignalSettings); err != nil {
			return nil, err
		}
	}
	out, err := s.show(ctx, c)
	return UpdateConnection200JSONResponse(out), err
}

// switches shows what c sends.
func switches(c lockstep.Connection) Switches {
	return Switches{
		Contacts: c.Syncs(lockstep.SyncContacts), Emails: c.Syncs(lockstep.SyncEmails),
		Calls: c.Syncs(lockstep.SyncCalls), Meetings: c.Syncs(lockstep.SyncMeetings),
	}
}

// switched reads what is to be switched on and off.
func switched(change SwitchChange) map[lockstep.Syncable]bool {
	out := make(map[lockstep.Syncable]bool)
	for what, on := range map[lockstep.Syncable]*bool{
		lockstep.SyncContacts: change.Contacts, lockstep.SyncEmails: change.Emails,
		lockstep.SyncCalls: change.Calls, lockstep.SyncMeetings: change.Meetings,
	} {
		if on != nil {
			out[what] = *on
		}
	}
	return out
}

// switchedOff says that c sends no contacts.
func switchedOff(c lockstep.Connection) error {
	return &Error{
		Code: lockstep.CodeSwitchedOff,
		Fix:  fmt.Sprintf("Switch them on with PATCH /v1/connections/%s and {\"syncs\": {\"contacts\": true}}, then try again.", c.ID),
	}
}

// ownerOf returns the owner that a caller chose, if new records can be given to
// them; null, which is nobody, as "".
func (s *Server) ownerOf(ctx context.Context, c lockstep.Connection, chosen json.RawMessage) (string, error) {
	var id string
	if err := json.Unmarshal(chosen, &id); err != nil {
		return "", fmt.Errorf("reading the owner: %w", err)
	}
	if id == "" {
		return "", nil
	}
	owners, err := s.Connections.Owners(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(owners, func(o crm.Owner) bool { return o.ID == id && o.Active }) {
		return "", &Error{
			Code: "owner_unknown", Detail: fmt.Sprintf("%q is none of the active users that were discovered in %s.", id, s.label(c.Vendor)),
			Fix: fmt.Sprintf("Choose one that GET /v1/connections/%s/owners lists as active, or null. If they are new, discover the connection again.", c.ID),
		}
	}
	return id, nil
}

// ListOwners implements StrictServerInterface. An account has one user at least,
// so that none means that they cannot be listed.
func (s *Server) ListOwners(ctx context.Context, req ListOwnersRequestObject) (ListOwnersResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	owners, err := s.Connections.Owners(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return nil, err
	}
	out := ListOwners200JSONResponse{CanList: len(owners) > 0, Items: make([]Owner, len(owners))}
	for i, o := range owners {
		out.Items[i] = Owner{ID: o.ID, Name: o.Name, Email: o.Email, Active: o.Active}
	}
	return out, nil
}
