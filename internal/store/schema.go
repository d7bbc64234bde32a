package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// SchemaVersions returns the version of the schema that a database has, which is
// 0 without one, and the version that this program needs. It changes nothing.
func SchemaVersions(ctx context.Context, pool *pgxpool.Pool) (there, needed int64, err error) {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return 0, 0, fmt.Errorf("reading migrations: %w", err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return 0, 0, fmt.Errorf("reading migrations: %w", err)
		}
		needed = max(needed, version)
	}
	// The table is goose's own, which sqlc knows nothing of.
	err = pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&there)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == undefinedTable {
		return 0, needed, nil
	}
	return there, needed, interpret("schema_versions", err)
}
