package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"lockstep/internal/store/db"
)

// Request is something that was asked with a key, so that it can be asked again
// and is done once.
type Request struct {
	WorkspaceID uuid.UUID
	Key         []byte    // hash of the caller's key
	Asked       []byte    // hash of what was asked, but for the body
	Body        []byte    // hash of the body; nil while that is not known
	Token       uuid.UUID // of who is at it
	MadeID      uuid.UUID // for what the request makes, whichever attempt makes it
	Answer      []byte    // sealed; nil while there is none
}

// BeginRequest takes r up for as long as hold, and remembers it for as long as
// keep. It returns the request as it is remembered: with r's token when it was
// taken up, else as whoever came before with the same key has left it.
func (s *Store) BeginRequest(ctx context.Context, r Request, hold, keep time.Duration) (Request, error) {
	row, err := s.q.BeginRequest(ctx, db.BeginRequestParams{
		WorkspaceID: r.WorkspaceID, KeyHash: r.Key, Asked: r.Asked, Body: r.Body, MadeID: r.MadeID, Token: r.Token,
		HoldSeconds: hold.Seconds(), KeepSeconds: keep.Seconds(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		row, err = s.q.Request(ctx, db.RequestParams{WorkspaceID: r.WorkspaceID, KeyHash: r.Key})
	}
	if err == nil && row.Token == r.Token { // once for each that is new, not for each look of who waits
		err = s.q.DeleteOldRequests(ctx)
	}
	if err != nil {
		return Request{}, interpret("begin_request", err)
	}
	return Request{
		WorkspaceID: row.WorkspaceID, Key: row.KeyHash, Asked: row.Asked, Body: row.Body, Token: row.Token, MadeID: row.MadeID, Answer: row.Answer,
	}, nil
}

// HoldRequest goes on holding what r's token took up. It returns an Error of
// KindNotFound when somebody else has taken it up meanwhile.
func (s *Store) HoldRequest(ctx context.Context, r Request, hold time.Duration) error {
	n, err := s.q.HoldRequest(ctx, db.HoldRequestParams{HoldSeconds: hold.Seconds(), WorkspaceID: r.WorkspaceID, KeyHash: r.Key, Token: r.Token})
	return found("hold_request", n, err)
}

// EndRequest lets go of what r's token took up, and keeps r's body and answer.
// Without an answer, whoever comes next takes it up again. It returns an Error
// of KindNotFound when somebody else has taken it up meanwhile.
func (s *Store) EndRequest(ctx context.Context, r Request) error {
	n, err := s.q.EndRequest(ctx, db.EndRequestParams{Body: r.Body, Answer: r.Answer, WorkspaceID: r.WorkspaceID, KeyHash: r.Key, Token: r.Token})
	return found("end_request", n, err)
}
