package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The files that a stack of `starter up` leaves in its directory for the other
// commands.
const (
	noticeFile = "up.json" // while it is up
	keyFile    = "api-key" // of its workspace, for as long as the directory is there
)

// notice says where the stack of a directory is, so that commands that are
// given nothing else find it.
type notice struct {
	API    string `json:"api"`
	Vendor string `json:"vendor"` // of the connection that is meant when none is named

	// Settings are those of its worker and API.
	Settings map[string]string `json:"settings"`

	key string // of its workspace
}

// stateDir returns the directory of the stack that is meant when none is named.
func (f *face) stateDir() string { return cmp.Or(f.getenv("LOCKSTEP_DIR"), ".lockstep") }

// setting returns a setting of the service: the environment's, or else that of
// the stack which `starter up` keeps up in this directory. The two are not
// mixed: one service's database is not looked at with another's keys. A notice
// that cannot be read has no settings; commands that need one say so.
func (f *face) setting(name string) string {
	for _, telling := range serviceSettings() {
		if f.getenv(telling) != "" {
			return f.getenv(name)
		}
	}
	up, err := readNotice(f.stateDir())
	if err != nil || up == nil {
		return f.getenv(name)
	}
	return cmp.Or(up.Settings[name], f.getenv(name))
}

// serviceSettings are the settings that tell whether those of a service are here.
func serviceSettings() []string {
	return []string{"DATABASE_URL", "LOCKSTEP_KEYSET", "LOCKSTEP_KEYSET_FILE", "TEMPORAL_ADDRESS"}
}

// post writes the notice of the stack in dir.
func (n notice) post(dir string) error {
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("writing where the stack is: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, noticeFile), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing where the stack is: %w", err)
	}
	return nil
}

// readNotice returns the notice of the stack in dir, with its key, or nil when
// there is none.
func readNotice(dir string) (*notice, error) {
	data, err := os.ReadFile(filepath.Join(dir, noticeFile)) //nolint:gosec // of a directory that a person at this machine names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading where the stack is: %w", err)
	}
	var n notice
	if json.Unmarshal(data, &n) != nil {
		return nil, fmt.Errorf("%s is not what `starter up` writes: remove it", filepath.Join(dir, noticeFile))
	}
	key, err := os.ReadFile(filepath.Join(dir, keyFile)) //nolint:gosec // as above
	if err != nil {
		return nil, fmt.Errorf("reading the API key: %w", err)
	}
	n.key = strings.TrimSpace(string(key))
	return &n, nil
}

// takeDown removes the notice of the stack in dir, if there is one.
func takeDown(dir string) error {
	if err := os.Remove(filepath.Join(dir, noticeFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing where the stack was: %w", err)
	}
	return nil
}
