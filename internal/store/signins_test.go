package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// signingIn returns a store with a connection that somebody is to sign in for.
func signingIn(t *testing.T) (*store.Store, store.SignIn) {
	t.Helper()
	s := store.New(storetest.New(t))
	w, err := lockstep.NewWorkspace("Test")
	require.NoError(t, err)
	key, secret, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, s.CreateWorkspace(t.Context(), w, key, secret))
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, s.CreateConnection(t.Context(), lockstep.Connection{ID: id, WorkspaceID: w.ID, Vendor: crm.Salesforce}))
	return s, store.SignIn{
		WorkspaceID: w.ID, ConnectionID: id, Epoch: 7, Vendor: crm.Salesforce, SealedVerifier: []byte("sealed"),
		ExpiresAt: time.Now().Add(time.Minute).UTC().Truncate(time.Microsecond),
	}
}

func TestConnectLinkOpensOnce(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	require.NoError(t, s.PutConnectLink(t.Context(), in.WorkspaceID, in.ConnectionID, "secret", time.Now().Add(time.Minute)))
	require.NoError(t, s.PutConnectLink(t.Context(), in.WorkspaceID, in.ConnectionID, "late", time.Now().Add(-time.Second)))

	workspace, connection, err := s.OpenConnectLink(t.Context(), "secret")
	require.NoError(t, err)
	require.Equal(t, in.WorkspaceID, workspace)
	require.Equal(t, in.ConnectionID, connection)
	for _, secret := range []string{"secret", "late", "never made"} {
		_, _, err = s.OpenConnectLink(t.Context(), secret)
		require.Equal(t, crm.KindNotFound, crm.KindOf(err), secret)
	}
}

func TestSignInIsConsumedByOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	state, browser := []byte("state"), []byte("browser")
	require.NoError(t, s.PutSignIn(t.Context(), state, browser, in))

	flaws := make([]store.SignInFlaw, 8)
	var group errgroup.Group
	for i := range flaws {
		group.Go(func() error {
			got, flaw, err := s.ConsumeSignIn(t.Context(), state, browser)
			flaws[i] = flaw
			got.ExpiresAt = got.ExpiresAt.UTC()
			if err == nil && flaw == "" && !got.ExpiresAt.Equal(in.ExpiresAt) {
				t.Errorf("expires at %s, not %s", got.ExpiresAt, in.ExpiresAt)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	var good int
	for _, flaw := range flaws {
		if flaw == "" {
			good++
		} else {
			require.Equal(t, store.SignInConsumed, flaw)
		}
	}
	require.Equal(t, 1, good)
}

func TestSignInOfAnotherBrowserIsNotSpoiled(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	state := []byte("state")
	require.NoError(t, s.PutSignIn(t.Context(), state, []byte("browser"), in))

	_, flaw, err := s.ConsumeSignIn(t.Context(), state, []byte("stranger"))
	require.NoError(t, err)
	require.Equal(t, store.SignInOtherBrowser, flaw)
	got, flaw, err := s.ConsumeSignIn(t.Context(), state, []byte("browser"))
	require.NoError(t, err)
	require.Empty(t, flaw)
	got.ExpiresAt = got.ExpiresAt.UTC()
	require.Equal(t, in, got)
}

func TestSignInEnds(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	in.ExpiresAt = time.Now().Add(-time.Second)
	require.NoError(t, s.PutSignIn(t.Context(), []byte("late"), []byte("browser"), in))

	_, flaw, err := s.ConsumeSignIn(t.Context(), []byte("late"), []byte("browser"))
	require.NoError(t, err)
	require.Equal(t, store.SignInExpired, flaw)
	_, _, err = s.ConsumeSignIn(t.Context(), []byte("never begun"), []byte("browser"))
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
}

func TestAuthorizeRefusesAnotherEpochAndAnotherAccount(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	authorize := func(epoch int64, account string) crm.Kind {
		return crm.KindOf(s.Authorize(t.Context(), in.WorkspaceID, in.ConnectionID, epoch, crm.Account{ID: account}, "https://x.my.salesforce.com", []byte("sealed")))
	}

	require.Equal(t, crm.KindNotFound, authorize(2, "00D"), "it is at epoch 1")
	require.Empty(t, authorize(1, "00D"))
	require.Equal(t, crm.KindNotFound, authorize(1, "00D"), "it has moved on")
	require.Equal(t, crm.KindNotFound, authorize(2, "00E"), "it is linked to another account")
	require.Empty(t, authorize(2, "00D"))
}
