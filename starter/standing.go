package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lockstep/internal/client"
)

// health returns how a connection does: which problems its records have, the
// worst first, and how many are on their way.
func (r *remote) health(ctx context.Context, conn client.Connection) (client.ConnectionHealth, error) {
	health, err := answer[client.ConnectionHealth](r.GetConnectionHealthWithResponse(ctx, conn.ID))
	slices.SortStableFunc(health.Problems, func(a, b client.ProblemCard) int { return gravity(a.Outcome) - gravity(b.Outcome) })
	return health, err
}

// gravity orders what keeps records out of the CRM: what failed, what waits, and
// what was left alone on purpose.
func gravity(o client.FailedOutcome) int {
	return slices.Index([]client.FailedOutcome{client.FailedOutcomeFailed, client.FailedOutcomeWaiting, client.FailedOutcomeSkipped}, o)
}

// affected says how many records a problem keeps out of the CRM, and how.
func affected(card client.ProblemCard) string {
	what := plural(card.Records, "record") + " " + string(card.Outcome)
	if card.Outcome == client.FailedOutcomeWaiting {
		what = are(card.Records, "record") + " waiting"
	}
	return fmt.Sprintf("%s: %s (%s)", what, card.Problem.Title, card.Problem.Code)
}

// onTheWay says of so many records with what they go to the CRM of conn, or what
// they wait for.
func (f *face) onTheWay(conn client.Connection, pending int64) string {
	changed := are(pending, "changed record")
	switch conn.Status {
	case client.StatusConnecting, client.StatusUnauthorized, client.StatusError, client.StatusDisconnected:
		return fmt.Sprintf("%s kept until somebody has signed in: `starter connect %s`.", changed, conn.ID)
	case client.StatusSettingUp, client.StatusReady:
		return are(pending, "record") + " kept until the starting point is chosen."
	case client.StatusPaused:
		return changed + " kept until " + f.step("resume") + "."
	case client.StatusLive:
	}
	if run := conn.CurrentRun; run != nil && run.Kind != client.RunKindTestContact {
		return fmt.Sprintf("%s on the way: the %s is under way.", are(pending, "record"), run.Kind)
	}
	if !conn.Syncs.Contacts {
		return changed + " kept until contacts are on again: " + f.step("settings --on contacts") + "."
	}
	return fmt.Sprintf("%s on the way with the next sync, within %s, or at once with %s.", changed, every(conn), f.step("sync"))
}

// every is how often a connection looks for changes, for people.
func every(conn client.Connection) string {
	return span(time.Duration(conn.SyncEverySeconds) * time.Second)
}
