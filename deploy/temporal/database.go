package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	sqliteschema "go.temporal.io/server/schema/sqlite"
)

// unfinished stands in the version file while the schema is being made.
const unfinished = "unfinished"

// database is where the server keeps everything: one SQLite file, or memory.
//
// Two files stand beside the SQLite file. FILE.lock is held while a process
// uses it, since SQLite would let two servers corrupt each other's shard.
// FILE.version names the server that made it, since the server applies its
// schema only to a new file and would misread an older or a newer one.
//
// Both the file and its lock are in use until the process ends.
type database struct {
	sql  *config.SQL
	path string
	lock *os.File
}

// open locks the database at path and makes it if it is not there yet. An empty
// path is a database in memory.
func open(path string) (*database, error) {
	if path == "" {
		return &database{sql: &config.SQL{
			PluginName:        sqlite.PluginName,
			DatabaseName:      "memory",
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}}, nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the database: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making room for the database: %w", err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	db := &database{path: path, lock: lock, sql: &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: (&url.URL{Path: path}).EscapedPath(), // it becomes part of a file: URL
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal", // with synchronous=1 as fast as memory, and safe against a killed process
			"synchronous":  "1",
		},
	}}
	return db, db.prepare(headers.ServerVersion)
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, fmt.Errorf("%s is in use by another temporal process: stop that one, or choose another --db", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

// prepare makes the schema in a new file, and refuses a file of another server
// version.
func (db *database) prepare(version string) error {
	stamp, err := os.ReadFile(db.path + ".version")
	made := strings.TrimSpace(string(stamp))
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading the version: %w", err)
	case err != nil:
		if _, err := os.Lstat(db.path); err == nil {
			return fmt.Errorf("%s was not made by this program (%s.version is missing): choose another --db, or delete the file", db.path, db.path)
		}
	case made == version:
		return nil
	case made == unfinished: // killed during its first start; nobody has used it
		if err := db.remove(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s belongs to Temporal server %s and this is %s: run the program that made it, or start afresh by deleting %s* (open runs and histories are lost)",
			db.path, made, version, db.path)
	}

	if err := db.stamp(unfinished); err != nil {
		return err
	}
	if err := sqliteschema.SetupSchema(db.sql); err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	return db.stamp(version)
}

// stamp replaces the version file in one step, so that a killed process leaves
// the old one or the new one.
func (db *database) stamp(version string) error {
	next := db.path + ".version.next"
	if err := os.WriteFile(next, []byte(version+"\n"), 0o600); err != nil {
		return fmt.Errorf("keeping the version: %w", err)
	}
	if err := os.Rename(next, db.path+".version"); err != nil {
		return fmt.Errorf("keeping the version: %w", err)
	}
	return nil
}

// remove deletes the database and what SQLite keeps beside it.
func (db *database) remove() error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(db.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing an unfinished database: %w", err)
		}
	}
	return nil
}
