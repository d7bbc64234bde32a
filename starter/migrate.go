package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"lockstep/internal/store"
)

func (f *face) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database at DATABASE_URL up to date",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := f.database()
			if err != nil {
				return err
			}
			if err := migrate(cmd.Context(), url); err != nil {
				return err
			}
			if f.json {
				return f.document(map[string]bool{"migrated": true})
			}
			f.say("The database is up to date. Next: `starter workspace create NAME`.")
			return nil
		},
	}
}

// migrate brings the database at url up to date. Doing it again changes nothing.
func migrate(ctx context.Context, url string) error {
	pool, err := openPool(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return store.Migrate(ctx, pool)
}

// database returns the address of the database that the environment names, or
// else of the one that `starter up` keeps up in this directory.
func (f *face) database() (string, error) {
	url := f.setting("DATABASE_URL")
	if url == "" {
		return "", &usageError{
			problem: "DATABASE_URL is not set: set it to PostgreSQL's connection string",
			usage:   "DATABASE_URL=postgres://lockstep@127.0.0.1:5432/lockstep starter COMMAND",
		}
	}
	return url, nil
}

// openPool opens a database. The address holds a password, which pgx quotes in
// none of its errors.
func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return pool, nil
}
