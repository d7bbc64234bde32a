package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// beginsWithin is how long a run that was asked for may take to be there.
const beginsWithin = 30 * time.Second

func (f *face) resyncCommand() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use:   "resync [CONNECTION]",
		Short: "Send every record again, and follow that to its end",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			id, err := r.resync(ctx, conn.ID)
			if err != nil {
				return err
			}
			return f.finish(ctx, r, id, "resync", noWait)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not follow it")
	return f.remotely(cmd)
}

// resync asks for a resync and returns its run once that is there.
func (r *remote) resync(ctx context.Context, connection uuid.UUID) (uuid.UUID, error) {
	before, err := r.latest(ctx, connection, client.RunKindImport)
	if err != nil {
		return uuid.Nil, err
	}
	_, err = answer[client.Connection](r.ResyncConnectionWithResponse(ctx, connection, &client.ResyncConnectionParams{IdempotencyKey: requestKey()}))
	if err != nil {
		return uuid.Nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, beginsWithin, errors.New("the resync was asked for and has not begun: `starter status` may tell why"))
	defer cancel()
	var id uuid.UUID
	err = poll(ctx, lookEvery, func() (bool, error) {
		run, err := r.latest(ctx, connection, client.RunKindImport)
		if err != nil || run == nil || before != nil && run.ID == before.ID {
			return false, err
		}
		id = run.ID
		return true, nil
	})
	return id, err
}
