package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/store"
)

// resealed is what sealing all logins again came to.
type resealed struct {
	Resealed int `json:"resealed"`
	Failed   int `json:"failed"` // that do not open, and stay as they are
}

func (f *face) grantsRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-key",
		Short: "Seal every login of a CRM again, with the newest key",
		Long: "For after `starter keys rotate` and a restart of workers and API. It may run while they do, be interrupted, and be\n" +
			"repeated: each login is sealed by itself, and the older keys open those that are not yet. It takes DATABASE_URL and the\n" +
			"keyset, as they do.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := f.database()
			if err != nil {
				return err
			}
			cfg, err := config.LoadWorker(f.setting)
			if err != nil {
				return fmt.Errorf("reading settings:\n%w", err)
			}
			done, err := f.reseal(cmd.Context(), url, cfg.Keyring)
			if done.Resealed+done.Failed == 0 && err != nil {
				return err
			}
			f.say("%s sealed with the newest key.", plural(done.Resealed, "login"))
			if errors.Is(err, context.Canceled) { // of which the document tells nothing
				f.say("The others are as they were. Next: run it again.")
				return errors.Join(err, f.onlyJSON(done))
			}
			return f.withDocument(done, err)
		},
	}
}

// reseal seals every grant with the keyring's newest key, one after the other. A
// grant that does not open stops nothing, and is told.
func (f *face) reseal(ctx context.Context, url string, keyring *secret.Keyring) (resealed, error) {
	var done resealed
	pool, err := openPool(ctx, url)
	if err != nil {
		return done, err
	}
	defer pool.Close()
	rows := store.New(pool)
	connections, err := rows.AllConnections(ctx)
	if err != nil {
		return done, fmt.Errorf("listing connections: %w", err)
	}
	vault := &oauth.Vault{Rows: rows, Keyring: keyring}
	shown := f.progress(int64(len(connections)), "sealing")
	defer shown.end()
	var failed []error
	for i, c := range connections {
		err := vault.Reseal(ctx, c.WorkspaceID, c.ID)
		switch {
		case ctx.Err() != nil:
			return done, errors.Join(append(failed, context.Cause(ctx))...)
		case crm.KindOf(err) == crm.KindNotFound: // nobody has signed in, or it was disconnected
		case err != nil:
			done.Failed++
			failed = append(failed, fmt.Errorf("sealing the login of connection %s again: %w", c.ID, err))
		default:
			done.Resealed++
		}
		shown.show(int64(i+1), fmt.Sprintf("%d of %s looked at", i+1, plural(len(connections), "connection")))
	}
	return done, errors.Join(failed...)
}
