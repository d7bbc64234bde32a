package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// admin is PostgreSQL's superuser, reached by the socket alone; owner is the
	// role that services use, and the name of their database.
	admin = "postgres"
	owner = "lockstep"

	// socketPath is the longest path of a socket that every system takes.
	socketPath = 103

	// socketPort is part of the socket's name when nothing listens on TCP.
	socketPort = 5432
)

// PostgresConfig says what cluster to run.
type PostgresConfig struct {
	// Dir holds the cluster, its socket and its password. It is made when it is
	// missing, and belongs to one process at a time.
	Dir string

	// Bin is the directory of the server's programs. If empty they are looked
	// for in PATH and where Debian puts them.
	Bin string

	// Durable keeps what is committed when the machine fails. Without it a
	// cluster survives crashes of its processes only, which is enough for tests
	// and several times faster.
	Durable bool

	// Listen adds TCP on 127.0.0.1, at Port or the next free one, with a
	// password. Port 0 takes any free one.
	Listen bool
	Port   int

	Log    string           // Dir/server.log if empty
	Exited func(*ExitError) // see Command
}

// Postgres is a private PostgreSQL cluster: data that is found in its directory
// is used again, and a missing one is made.
//
// Its superuser needs no password but the socket, which only the account of this
// process can reach. Where the cluster listens on TCP, a role that is no
// superuser owns a database of its own there.
type Postgres struct {
	*Process

	dir      string
	socket   string // directory of the socket
	port     int
	password string // of owner; empty when it does not listen
}

// StartPostgres makes the cluster if there is none and starts it. As root it
// runs as the user postgres, since PostgreSQL refuses to be root.
func StartPostgres(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the directory of PostgreSQL: %w", err)
	}
	cluster := cluster{dir: dir, durable: cfg.Durable}
	if err := cluster.prepare(ctx, cfg.Bin); err != nil {
		return nil, err
	}

	pg := &Postgres{dir: dir, port: socketPort}
	if cfg.Listen {
		if pg.port, err = freePort(cfg.Port); err != nil {
			return nil, err
		}
		if pg.password, err = keptSecret(filepath.Join(dir, "password")); err != nil {
			return nil, err
		}
	}
	if pg.socket, err = cluster.socketDir(pg.port); err != nil {
		return nil, err
	}
	log := cfg.Log
	if log == "" {
		log = filepath.Join(dir, "server.log")
	}
	pg.Process, err = Start(ctx, Command{
		Name:       "postgres",
		Path:       filepath.Join(cluster.bin, "postgres"),
		Args:       pg.args(cfg),
		Env:        clusterEnv(),
		Log:        log,
		Ready:      pg.ready,
		Retry:      stillDying,
		Exited:     cfg.Exited,
		StopSignal: syscall.SIGINT, // PostgreSQL's fast shutdown; it waits for clients on SIGTERM
		Grace:      30 * time.Second,
		Patience:   time.Minute, // it may have to recover
		as:         cluster.as,
	})
	if err != nil {
		return nil, err
	}
	return pg, nil
}

// Port returns the TCP port that the cluster listens on, or the number in its
// socket's name.
func (pg *Postgres) Port() int { return pg.port }

// URL returns the address of the services' database, usable by any PostgreSQL
// client on this machine. It holds a password. It is empty unless the cluster
// listens on TCP.
func (pg *Postgres) URL() string {
	if pg.password == "" {
		return ""
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(owner, pg.password),
		Host:     loopback(pg.port),
		Path:     "/" + owner,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// AdminURL returns the address of a database for the superuser, by the socket.
func (pg *Postgres) AdminURL(database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.User(admin),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host": {pg.socket},
			"port": {strconv.Itoa(pg.port)},
		}.Encode(),
	}
	return u.String()
}

func (pg *Postgres) args(cfg PostgresConfig) []string {
	settings := map[string]string{
		"port":                    strconv.Itoa(pg.port),
		"listen_addresses":        "",
		"unix_socket_directories": pg.socket,
		"unix_socket_permissions": "0700",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"jit":                     "off", // costs more than it gives on short queries
		"wal_level":               "minimal",
		"max_wal_senders":         "0",

		// In the cluster's own directory: what is elsewhere outlives a kill.
		"dynamic_shared_memory_type": "mmap",

		// Errors go to the client, who knows what to do with them; here they
		// would bring rows and parameters into the log.
		"log_min_messages":        "log",
		"log_min_error_statement": "panic",
	}
	if cfg.Listen {
		settings["listen_addresses"] = "127.0.0.1"
	}
	if cfg.Durable {
		settings["max_connections"] = "100"
		settings["shared_buffers"] = "256MB"
		settings["max_wal_size"] = "4GB" // an import must not wait for checkpoints
		settings["checkpoint_timeout"] = "15min"
	} else {
		settings["max_connections"] = "300" // every test has a pool of its own
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
	}

	args := []string{"-D", filepath.Join(pg.dir, "data")}
	for name, value := range settings {
		args = append(args, "--"+name+"="+value)
	}
	slices.Sort(args[2:])
	return args
}

// ready connects, and makes the services' role and database if they are missing.
func (pg *Postgres) ready(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, pg.AdminURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only asked whether it is there
	if pg.password == "" {
		return nil
	}

	var role, database bool
	const look = `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	if err := conn.QueryRow(ctx, look, owner).Scan(&role, &database); err != nil {
		return err
	}
	var missing []string
	if !role {
		missing = append(missing, "CREATE ROLE "+owner+" LOGIN")
	}
	// Neither name nor password needs quoting: both are ours.
	missing = append(missing, "ALTER ROLE "+owner+" PASSWORD '"+pg.password+"'")
	if !database {
		missing = append(missing, "CREATE DATABASE "+owner+" OWNER "+owner)
	}
	for _, statement := range missing {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("making the database: %w", err)
		}
	}
	return nil
}

// stillDying reports that a killed server's children have not all noticed yet;
// until they have, PostgreSQL refuses to start.
func stillDying(said string) bool {
	return strings.Contains(said, "is still in use") || strings.Contains(said, `lock file "postmaster.pid" already exists`)
}

// keptSecret returns the secret in the file at path, which it makes if it is
// missing.
func keptSecret(path string) (string, error) {
	kept, err := os.ReadFile(path) //nolint:gosec // below the state directory
	if secret := strings.TrimSpace(string(kept)); err == nil && secret != "" {
		return secret, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	secret := rand.Text()
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping the password: %w", err)
	}
	return secret, nil
}
