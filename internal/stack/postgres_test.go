package stack

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func startPostgres(t *testing.T, cfg PostgresConfig) *Postgres {
	t.Helper()

	pg, err := StartPostgres(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pg.Kill() })
	return pg
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func exec1(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()

	_, err := conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()

	var got T
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&got))
	return got
}

func TestPostgresKeepsWhatIsCommitted(t *testing.T) {
	t.Parallel()

	for name, end := range map[string]func(t *testing.T, pg *Postgres){
		"stopped": func(t *testing.T, pg *Postgres) { require.NoError(t, pg.Stop(t.Context())) },
		"killed":  func(t *testing.T, pg *Postgres) { require.NoError(t, pg.Kill()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cfg := PostgresConfig{Dir: filepath.Join(t.TempDir(), "pg"), Durable: true, Listen: true}
			pg := startPostgres(t, cfg)
			url := pg.URL()
			exec1(t, connect(t, url), "CREATE TABLE kept AS SELECT 1 AS n")

			// A client in the middle of something must not hold the end up.
			busy := connect(t, url)
			exec1(t, busy, "BEGIN")
			exec1(t, busy, "INSERT INTO kept VALUES (2)")
			end(t, pg)

			require.NoError(t, pg.Restart(t.Context()))
			require.Equal(t, int64(1), one[int64](t, connect(t, url), "SELECT count(*) FROM kept"))

			// The same from another process: nothing but the directory is left.
			end(t, pg)
			cfg.Port = pg.Port()
			again := startPostgres(t, cfg)
			require.Equal(t, url, again.URL())
			require.Equal(t, int64(1), one[int64](t, connect(t, url), "SELECT count(*) FROM kept"))
		})
	}
}

func TestServicesAreNoSuperuserAndNeedThePassword(t *testing.T) {
	t.Parallel()

	pg := startPostgres(t, PostgresConfig{Dir: filepath.Join(t.TempDir(), "pg"), Listen: true})
	conn := connect(t, pg.URL())
	require.Equal(t, "off", one[string](t, conn, "SHOW is_superuser"))
	exec1(t, conn, "CREATE TABLE own (n int)")
	require.Equal(t, "on", one[string](t, connect(t, pg.AdminURL("lockstep")), "SHOW is_superuser"))

	for _, url := range []string{
		strings.Replace(pg.URL(), pg.password, "guess", 1),
		strings.Replace(pg.URL(), "lockstep:"+pg.password, "postgres", 1),
	} {
		_, err := pgx.Connect(t.Context(), url)
		require.Error(t, err)
	}
}

func TestPostgresListensOnItsSocketAloneUnlessTold(t *testing.T) {
	t.Parallel()

	pg := startPostgres(t, PostgresConfig{Dir: filepath.Join(t.TempDir(), "pg")})
	conn := connect(t, pg.AdminURL("postgres"))
	require.Empty(t, one[string](t, conn, "SHOW listen_addresses"))
	require.Equal(t, "off", one[string](t, conn, "SHOW fsync"))
	require.Empty(t, pg.URL())
}

func TestPostgresRunsWhereSocketsDoNotFit(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 20), "with a comma, and a space")
	pg := startPostgres(t, PostgresConfig{Dir: dir})
	t.Cleanup(func() { _ = os.RemoveAll(pg.socket) })
	require.NotEqual(t, dir, pg.socket)
	connect(t, pg.AdminURL("postgres"))
}

func TestPostgresMakesAnewWhatWasHalfMade(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), "pg")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.next", "base"), 0o700))
	connect(t, startPostgres(t, PostgresConfig{Dir: dir}).AdminURL("postgres"))
}

func TestPostgresSeesThroughAStalePid(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), "pg")
	pg := startPostgres(t, PostgresConfig{Dir: dir})
	require.NoError(t, pg.Kill())
	path := filepath.Join(dir, "data", "postmaster.pid")
	note, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(note), strconv.Itoa(pg.Pid())+"\n"))

	// As after a reboot: the id belongs to a program of the same account.
	other, err := Start(t.Context(), Command{
		Name: "other", Path: "/bin/sleep", Args: []string{"1000"}, Log: filepath.Join(t.TempDir(), "log"),
		as: accountOf(t, path),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Kill() })
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(note), strconv.Itoa(pg.Pid()), strconv.Itoa(other.Pid()), 1)), 0o600))
	connect(t, startPostgres(t, PostgresConfig{Dir: dir}).AdminURL("postgres"))
}

// As root the server runs under another account, and the system forgets whom to
// tell of a parent's death when a process changes its own.
func TestPostgresDiesWithItsParent(t *testing.T) {
	t.Parallel()

	var url string
	c := command(t, "keeper", filepath.Join(t.TempDir(), "pg"))
	c.Announces = &url
	keeper := start(t, c)
	conn := connect(t, url)
	require.NoError(t, keeper.Kill())
	require.Eventually(t, func() bool { return conn.Ping(t.Context()) != nil }, 10*time.Second, tick)
}

// accountOf returns whom a file belongs to, for root to run something as.
func accountOf(t *testing.T, path string) *account {
	t.Helper()

	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	return &account{uid: owner.Uid, gid: owner.Gid}
}

func TestPostgresSaysWhatIsMissing(t *testing.T) {
	t.Parallel()

	_, err := StartPostgres(t.Context(), PostgresConfig{Dir: t.TempDir(), Bin: t.TempDir()})
	require.ErrorContains(t, err, "has no PostgreSQL server")

	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
	_, err = StartPostgres(t.Context(), PostgresConfig{Dir: dir})
	require.ErrorContains(t, err, "install postgresql-9, or remove the directory")
}
