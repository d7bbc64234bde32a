package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/secret"
)

// sealedBy returns the ids of the keys that have sealed the clinic's logins, in
// the order of the connections.
func (c *clinic) sealedBy(t *testing.T) []uint32 {
	t.Helper()
	connections, err := c.store.AllConnections(t.Context())
	require.NoError(t, err)
	var ids []uint32
	for _, conn := range connections {
		sealed, err := c.store.Grant(t.Context(), conn.WorkspaceID, conn.ID)
		require.NoError(t, err)
		ids = append(ids, binary.BigEndian.Uint32(sealed[1:5])) // Tink's prefix: 1, and the key's id
	}
	return ids
}

// newestKey returns the id of the key that seals.
func (c *clinic) newestKey(t *testing.T) uint32 {
	t.Helper()
	data, err := secret.ReadKeyset(c.env["LOCKSTEP_KEYSET_FILE"])
	require.NoError(t, err)
	var keyset struct{ PrimaryKeyID uint32 }
	require.NoError(t, json.Unmarshal(data, &keyset))
	return keyset.PrimaryKeyID
}

func TestLoginsAreSealedWithTheNewestKeyAlsoWhenThatWasInterrupted(t *testing.T) {
	t.Parallel()

	c := opened(t)
	ids := []uuid.UUID{c.connection}
	for range 3 {
		ids = append(ids, c.login(t, c.workspace))
	}
	old := c.newestKey(t)
	require.Equal(t, []uint32{old, old, old, old}, c.sealedBy(t))
	code, _, stderr := cli(t, c.env, "keys", "rotate")
	require.Equal(t, exitOK, code, stderr)
	fresh := c.newestKey(t)
	require.NotEqual(t, old, fresh)

	// Somebody renews the third login meanwhile, and the command is stopped while
	// it waits for that.
	tx, err := c.pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	_, err = tx.Exec(t.Context(), "SELECT FROM grants WHERE connection_id = $1 FOR UPDATE", ids[2])
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"grants", "rotate-key"}, func(name string) string { return c.env[name] }, strings.NewReader(""), &out, &errs)
	}()
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, c.pool.QueryRow(t.Context(),
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting))
		return waiting == 1
	}, time.Minute, 5*time.Millisecond)
	stop()
	require.Equal(t, exitFailed, <-ended)
	require.NoError(t, tx.Rollback(t.Context()))
	require.Contains(t, out.String(), "2 logins sealed with the newest key.")
	require.Contains(t, out.String(), "run it again")
	require.Contains(t, errs.String(), "stopped")
	require.Equal(t, []uint32{fresh, fresh, old, old}, c.sealedBy(t))
	require.True(t, c.examine(t, 0).OK, "both keys open what they sealed")

	code, stdout, stderr := cli(t, c.env, "grants", "rotate-key", "--json")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, resealed{Resealed: 4}, decoded[resealed](t, stdout))
	require.Equal(t, []uint32{fresh, fresh, fresh, fresh}, c.sealedBy(t))
	for _, id := range ids {
		grant, err := c.vault(t).Read(t.Context(), c.workspace, id)
		require.NoError(t, err)
		require.Equal(t, "planted-refresh", grant.RefreshToken.Reveal())
	}
	require.NotContains(t, out.String()+errs.String()+stdout+stderr, "planted")
}

func TestLoginThatDoesNotOpenIsToldAndStopsNothing(t *testing.T) {
	t.Parallel()

	c := opened(t)
	foreign := c.login(t, c.workspace)
	require.NoError(t, c.store.UpdateGrant(t.Context(), c.workspace, c.connection, func([]byte) ([]byte, error) {
		return []byte("\x01\x00\x00\x00\x07 sealed by a key that is lost"), nil
	}))
	code, stdout, stderr := cli(t, c.env, "grants", "rotate-key", "--json")
	require.Equal(t, exitFailed, code)
	require.Equal(t, resealed{Resealed: 1, Failed: 1}, decoded[resealed](t, stdout))
	require.Contains(t, stderr, "sealing the login of connection "+c.connection.String())
	require.NotContains(t, stderr, foreign.String())
}
