// Package store keeps everything that must survive: PostgreSQL, and the only
// SQL of the program. Statements are in queries/, the schema in migrations/,
// and what sqlc makes of both in db/, which nobody else imports.
//
// It decides nothing that a record or a vendor depends on: it claims, settles
// and counts what it is told. Each query names the workspace, but for those of
// an account's pace, which its workspaces share. What callers are
// given are the nouns of packages lockstep and crm; what goes wrong in a way
// that they can act on is a crm.Error.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"lockstep/internal/crm"
	"lockstep/internal/store/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the database. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
	q    *db.Queries
}

// New returns the store in pool, which stays the caller's to close.
func New(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, q: db.New(pool)}
}

// Migrate brings the schema up to date. Several processes may do so at once.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	handle := stdlib.OpenDBFromPool(pool)
	err := migrate(ctx, handle)
	return errors.Join(err, handle.Close())
}

func migrate(ctx context.Context, handle *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("preparing the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, handle, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("preparing migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return nil
}

// inTx runs do in one transaction, which is rolled back when it fails, and from
// the start again when it was in a deadlock.
func (s *Store) inTx(ctx context.Context, do func(*db.Queries) error) error {
	return again(func() error { return s.once(ctx, do) })
}

// once runs do in one transaction, which is rolled back when it fails.
func (s *Store) once(ctx context.Context, do func(*db.Queries) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(s.q.WithTx(tx)) })
}

// PostgreSQL's names of what can be acted on.
const (
	uniqueViolation = "23505"
	undefinedTable  = "42P01"
	deadlock        = "40P01"
)

// again does what locks many rows, and once more when it was the one that
// PostgreSQL chose to end a deadlock with: whoever it met has passed by then.
func again(do func() error) error {
	const most = 5
	for tries := 1; ; tries++ {
		err := do()
		pg, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || pg.Code != deadlock || tries == most {
			return err
		}
	}
}

// interpret translates what pgx says into what the rest of the program knows.
// The text of a database error may quote a row, so it is kept as a cause and
// not printed.
func interpret(op string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &crm.Error{Kind: crm.KindUnavailable, Op: "store." + op, Err: err}
	if errors.Is(err, pgx.ErrNoRows) {
		e.Kind = crm.KindNotFound
		return e
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.Kind, e.Code = crm.KindInternal, pg.Code
		if pg.Code == uniqueViolation {
			e.Kind = crm.KindConflict
		}
		switch pg.Code[:2] {
		case "08", "40", "53", "57": // connection lost, serialisation, resources, shutting down
			e.Kind = crm.KindUnavailable
		}
	}
	return e
}
