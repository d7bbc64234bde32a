package store

import (
	"context"
	"time"

	"lockstep/internal/lockstep"
)

// Depth is what is still to be done, of all workspaces together: for whoever
// watches over the service, and for no workspace to see.
type Depth struct {
	Ledger      []LedgerDepth
	Oldest      []OldestPending
	Runs        []OpenRuns
	Connections []ConnectionStates
	Parked      []ParkedAccounts
}

// LedgerDepth is how many rows of a vendor's connections have not arrived, by the
// state they are in: every state but synced.
type LedgerDepth struct {
	Vendor string
	State  string
	Rows   int64
}

// OldestPending is how long the oldest pending row of a vendor's live connections
// has been waiting. MarkedBy is "change", or the kind of the run that it is of.
type OldestPending struct {
	Vendor   string
	MarkedBy string
	Age      time.Duration
}

// OpenRuns is how many runs have not ended.
type OpenRuns struct {
	Vendor string
	Kind   string
	State  string
	Runs   int64
}

// ConnectionStates is how many connections have a status. Unsynced is how long ago
// the one of them was looked at that has been waiting longest, beyond what its
// interval explains; zero for those that are not live.
type ConnectionStates struct {
	Vendor      string
	Status      lockstep.Status
	Connections int64
	Unsynced    time.Duration
}

// ParkedAccounts is how many CRM accounts are left alone, and for how long yet at
// most. Spent tells those whose quota of the day is used up from those that were
// called too often at once.
type ParkedAccounts struct {
	Vendor   string
	Spent    bool
	Accounts int64
	Rest     time.Duration
}

// Depth returns what is still to be done. It reads indexes of what is open, so
// that it costs little however much has been synced; it is meant for every few
// seconds, not for every request.
func (s *Store) Depth(ctx context.Context) (Depth, error) {
	const op = "depth"
	var d Depth
	ledger, err := s.q.LedgerDepth(ctx)
	if err != nil {
		return d, interpret(op, err)
	}
	for _, r := range ledger {
		d.Ledger = append(d.Ledger, LedgerDepth(r))
	}
	oldest, err := s.q.OldestPending(ctx)
	if err != nil {
		return d, interpret(op, err)
	}
	for _, r := range oldest {
		d.Oldest = append(d.Oldest, OldestPending{Vendor: r.Vendor, MarkedBy: r.MarkedBy, Age: span(r.Seconds)})
	}
	runs, err := s.q.OpenRunCounts(ctx)
	if err != nil {
		return d, interpret(op, err)
	}
	for _, r := range runs {
		d.Runs = append(d.Runs, OpenRuns(r))
	}
	connections, err := s.q.ConnectionStates(ctx)
	if err != nil {
		return d, interpret(op, err)
	}
	for _, r := range connections {
		d.Connections = append(d.Connections, ConnectionStates{
			Vendor: r.Vendor, Status: lockstep.Status(r.Status), Connections: r.Connections, Unsynced: span(r.Seconds),
		})
	}
	parked, err := s.q.ParkedAccounts(ctx)
	if err != nil {
		return d, interpret(op, err)
	}
	for _, r := range parked {
		d.Parked = append(d.Parked, ParkedAccounts{Vendor: r.Vendor, Spent: r.Spent, Accounts: r.Accounts, Rest: span(r.Seconds)})
	}
	return d, nil
}

func span(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
