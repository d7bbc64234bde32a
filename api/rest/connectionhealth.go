package rest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
)

// Standing is how the records of a connection stand: what has got its outcome
// lately, and what is on its way.
type Standing struct {
	Synced       int64
	Held         int64 // waits, or was skipped
	Failed       int64
	Pending      int64      // at whatever time it was marked
	PendingSince *time.Time // when the one that has waited longest was; nil when none is
}

// Affliction is a problem that records have now.
type Affliction struct {
	Outcome  lockstep.Outcome // failed, waiting or skipped
	Problem  lockstep.Code
	Records  int64
	Examples []string // external ids of the first few
}

// Standings says how the workspaces' connections are doing.
type Standings interface {
	// Standing counts what has got its outcome since a moment, and what has none.
	Standing(ctx context.Context, workspace, connection uuid.UUID, since time.Time) (Standing, error)

	// Afflictions returns the problems that records have now.
	Afflictions(ctx context.Context, workspace, connection uuid.UUID) ([]Affliction, error)
}

// healthSpan is how far back the summary of a connection's health looks.
const healthSpan = 24 * time.Hour

// GetConnectionHealth implements StrictServerInterface.
func (s *Server) GetConnectionHealth(ctx context.Context, req GetConnectionHealthRequestObject) (GetConnectionHealthResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	standing, err := s.Standings.Standing(ctx, c.WorkspaceID, c.ID, now.Add(-healthSpan))
	if err != nil {
		return nil, err
	}
	afflictions, err := s.Standings.Afflictions(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return nil, err
	}
	out := GetConnectionHealth200JSONResponse{
		Summary:     summary(standing),
		Last24Hours: DayCounts{Synced: standing.Synced, WaitingOrSkipped: standing.Held, Failed: standing.Failed},
		Problems:    make([]ProblemCard, len(afflictions)),
		Freshness:   Freshness{SyncedAt: c.SyncedAt, Pending: standing.Pending, PendingSince: standing.PendingSince},
	}
	out.State, out.Headline = state(c, standing, afflictions)
	for i, a := range afflictions {
		out.Problems[i] = card(c, a)
	}
	if standing.PendingSince != nil {
		out.Freshness.PendingSeconds = max(0, int64(now.Sub(*standing.PendingSince).Seconds()))
	}
	return out, nil
}

// state says in a word and in a sentence how c is doing.
func state(c lockstep.Connection, standing Standing, afflictions []Affliction) (ConnectionHealthState, string) {
	switch c.Status {
	case lockstep.StatusConnecting, lockstep.StatusSettingUp, lockstep.StatusReady:
		return ConnectionHealthStateSettingUp, "Nothing is sent yet: " + untilLive(c) + "."
	case lockstep.StatusPaused:
		return ConnectionHealthStatePaused, "Paused. Nothing is sent until it is resumed, and nothing is lost."
	case lockstep.StatusUnauthorized, lockstep.StatusError, lockstep.StatusDisconnected:
		return ConnectionHealthStateStopped, strings.TrimSpace("Nothing is sent until somebody connects the CRM again. " + sentence(c.StatusReason))
	case lockstep.StatusLive:
	}
	var stuck int64
	for _, a := range afflictions {
		if needsPerson(a) {
			stuck += a.Records
		}
	}
	if stuck > 0 {
		return ConnectionHealthStateNeedsAttention, counted(stuck, "record needs", "records need") + " somebody's attention."
	}
	if !c.Syncs(lockstep.SyncContacts) {
		return ConnectionHealthStatePaused, "Contacts are switched off. What changes is kept, and sent once they are on again."
	}
	if standing.Pending > 0 {
		return ConnectionHealthStateSyncing, counted(standing.Pending, "record is", "records are") + " on the way."
	}
	return ConnectionHealthStateInStep, "Everything is in step."
}

// untilLive says what has to happen before c sends anything.
func untilLive(c lockstep.Connection) string {
	switch c.Status {
	case lockstep.StatusConnecting:
		return "somebody has to sign in to the CRM"
	case lockstep.StatusReady:
		return "the starting point has to be chosen"
	case lockstep.StatusSettingUp, lockstep.StatusLive, lockstep.StatusPaused, lockstep.StatusUnauthorized, lockstep.StatusError, lockstep.StatusDisconnected:
	}
	return "it is being set up"
}

// needsPerson tells whether records stay out of the CRM until somebody does
// something. What was skipped was skipped on purpose.
func needsPerson(a Affliction) bool {
	return a.Outcome != lockstep.OutcomeSkipped && lockstep.Explain(a.Problem).Retry == lockstep.RetryFixed
}

// summary tells the last day in a sentence.
func summary(s Standing) string {
	if s.Synced+s.Held+s.Failed == 0 {
		return "Nothing had to be sent in the last 24 hours."
	}
	text := "In the last 24 hours " + counted(s.Synced, "record was", "records were") + " synced"
	if s.Held+s.Failed == 0 {
		return text + ", and nothing failed."
	}
	return text + ", " + counted(s.Held, "is waiting or was skipped", "are waiting or were skipped") + ", and " + counted(s.Failed, "failed", "failed") + "."
}

// counted returns n with thousands apart, and what there is one or many of.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	digits := []byte(strconv.FormatInt(n, 10))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = slices.Insert(digits, i, ',')
	}
	return string(digits) + " " + many
}

// card explains a problem to a person, and says where to go from there.
func card(c lockstep.Connection, a Affliction) ProblemCard {
	base := "/v1/connections/" + c.ID.String()
	query := url.Values{"outcome": {string(a.Outcome)}, "problem": {string(a.Problem)}}
	out := ProblemCard{
		Outcome: FailedOutcome(a.Outcome), Problem: explanation(lockstep.Explain(a.Problem)), Records: a.Records, Examples: a.Examples,
		List: fmt.Sprintf("%s/failed?%s", base, query.Encode()),
	}
	if c.Status == lockstep.StatusLive && lockstep.Explain(a.Problem).Retry != lockstep.RetrySettled {
		problem := string(a.Problem)
		out.Retry = &Action{Method: ActionMethodPOST, Href: base + "/retry", Body: RetryConnection{Problem: &problem}}
	}
	return out
}
