package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"lockstep/internal/crm"
	"lockstep/internal/store"
)

func request(workspace uuid.UUID, body string) store.Request {
	return store.Request{
		WorkspaceID: workspace, Key: []byte("key"), Asked: []byte("POST"), Body: []byte(body), Token: uuid.New(), MadeID: uuid.New(),
	}
}

func TestRequestIsTakenUpByOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	took := make([]bool, 8)
	var group errgroup.Group
	for i := range took {
		group.Go(func() error {
			r := request(in.WorkspaceID, "a")
			got, err := s.BeginRequest(t.Context(), r, time.Minute, time.Hour)
			took[i] = got.Token == r.Token
			return err
		})
	}
	require.NoError(t, group.Wait())
	var n int
	for _, mine := range took {
		if mine {
			n++
		}
	}
	require.Equal(t, 1, n)
}

func TestRequestIsRememberedWithItsAnswer(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	first := request(in.WorkspaceID, "a")
	got, err := s.BeginRequest(t.Context(), first, time.Minute, time.Hour)
	require.NoError(t, err)
	require.Equal(t, first, got)
	require.NoError(t, s.HoldRequest(t.Context(), first, time.Minute))
	first.Answer = []byte("sealed")
	require.NoError(t, s.EndRequest(t.Context(), first))
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.EndRequest(t.Context(), first)), "it has ended")

	again, err := s.BeginRequest(t.Context(), request(in.WorkspaceID, "b"), time.Minute, time.Hour)
	require.NoError(t, err)
	require.Equal(t, first, again)
}

func TestRequestWithoutAnAnswerIsTakenUpAgainAsItWas(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	first := request(in.WorkspaceID, "a")
	_, err := s.BeginRequest(t.Context(), first, time.Minute, time.Hour)
	require.NoError(t, err)
	require.NoError(t, s.EndRequest(t.Context(), first))

	other, err := s.BeginRequest(t.Context(), request(in.WorkspaceID, "b"), time.Minute, time.Hour)
	require.NoError(t, err)
	require.Equal(t, first.Token, other.Token, "another body is another request")
	second := request(in.WorkspaceID, "a")
	got, err := s.BeginRequest(t.Context(), second, 0, time.Hour)
	require.NoError(t, err)
	require.Equal(t, second.Token, got.Token)
	require.Equal(t, first.MadeID, got.MadeID, "what it makes has the same id")

	third := request(in.WorkspaceID, "a")
	got, err = s.BeginRequest(t.Context(), third, time.Minute, time.Hour)
	require.NoError(t, err)
	require.Equal(t, third.Token, got.Token, "whoever held it is gone")
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.HoldRequest(t.Context(), second, time.Minute)))
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.EndRequest(t.Context(), second)))
}

func TestRequestIsForgotten(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	first := request(in.WorkspaceID, "a")
	_, err := s.BeginRequest(t.Context(), first, time.Minute, 0)
	require.NoError(t, err)

	second := request(in.WorkspaceID, "b")
	got, err := s.BeginRequest(t.Context(), second, time.Minute, time.Hour)
	require.NoError(t, err)
	require.Equal(t, second, got)
}
