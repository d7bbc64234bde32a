package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// SendTestContact implements StrictServerInterface.
func (s *Server) SendTestContact(ctx context.Context, req SendTestContactRequestObject) (SendTestContactResponseObject, error) {
	began := time.Now()
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	if c.Status != lockstep.StatusReady && c.Status != lockstep.StatusLive {
		return nil, notReady(c)
	}
	key, err := testContactKey(deref(req.Params.IdempotencyKey))
	if err != nil {
		return nil, err
	}
	got, err := s.told().TestContact(ctx, inputOf(c), key)
	if err != nil {
		return nil, err
	}
	out := SendTestContact200JSONResponse{
		RunID: got.Run, Outcome: TestContactOutcome(got.Outcome), CRMType: got.CRMType, CRMID: got.CRMID,
		PushMs: got.Elapsed.Milliseconds(), TemporalURL: s.Temporal.workflow(flow.TestContactID(c.ID, key)),
	}
	if got.URL != "" {
		out.URL = &got.URL
	}
	if got.Problem != "" {
		problem := explanation(lockstep.Explain(got.Problem))
		out.Problem = &problem
	}
	out.ElapsedMs = time.Since(began).Milliseconds()
	return out, nil
}

// plainKey is a key that can stand in a workflow's id as it is: it is no e-mail
// address, and no path.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// testContactKey returns what a caller's key is in a workflow's id: a fresh one
// when there is none, and the hash of one that cannot stand there.
func testContactKey(given string) (string, error) {
	if plainKey.MatchString(given) {
		return given, nil
	}
	if given != "" {
		sum := sha256.Sum256([]byte(given))
		return "~" + hex.EncodeToString(sum[:]), nil
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	return fresh.String(), nil
}
