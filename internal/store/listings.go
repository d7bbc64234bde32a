package store

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// AppendListing adds a page of what the CRM has to a run's listing and moves its
// cursor, together. It returns an Error of KindConflict when the run is listed
// no more.
func (s *Store) AppendListing(ctx context.Context, workspace, run uuid.UUID, page []crm.Found, cursor string) error {
	p := db.AppendListingParams{
		WorkspaceID: workspace, RunID: run, Cursor: cursor,
		CRMIds: make([]string, len(page)), ExternalIds: make([]string, len(page)), Emails: make([][]byte, len(page)),
	}
	for i, f := range page {
		p.CRMIds[i], p.ExternalIds[i], p.Emails[i] = f.ID, f.ExternalID, digest(f.Email)
	}
	n, err := s.q.AppendListing(ctx, p)
	if err == nil && n == 0 {
		return &crm.Error{Kind: crm.KindConflict, Op: "store.append_listing"}
	}
	return interpret("append_listing", err)
}

// SetLinkUp says how a run finds what the CRM has already, once its listing has
// shown it.
func (s *Store) SetLinkUp(ctx context.Context, workspace, run uuid.UUID, linkUp lockstep.LinkUp) error {
	return interpret("set_link_up", s.q.SetLinkUp(ctx, db.SetLinkUpParams{LinkUp: string(linkUp), WorkspaceID: workspace, ID: run}))
}

// Listed returns what a run's listing has under external ids or e-mail
// addresses, as crm.Finder's Find does. An address is answered as it was asked
// for.
func (s *Store) Listed(ctx context.Context, workspace, run uuid.UUID, key crm.Key, values []string) ([]crm.Found, error) {
	if key == crm.KeyExternalID {
		rows, err := s.q.ListedByExternalID(ctx, db.ListedByExternalIDParams{WorkspaceID: workspace, RunID: run, ExternalIds: values})
		found := make([]crm.Found, len(rows))
		for i, r := range rows {
			found[i] = crm.Found{ID: r.CRMID, ExternalID: r.ExternalID}
		}
		return found, interpret("listed", err)
	}
	asked := make(map[string]string, len(values))
	digests := make([][]byte, len(values))
	for i, v := range values {
		digests[i] = digest(v)
		asked[string(digests[i])] = v
	}
	rows, err := s.q.ListedByEmail(ctx, db.ListedByEmailParams{WorkspaceID: workspace, RunID: run, Emails: digests})
	found := make([]crm.Found, len(rows))
	for i, r := range rows {
		found[i] = crm.Found{ID: r.CRMID, ExternalID: r.ExternalID, Email: asked[string(r.Email)]}
	}
	return found, interpret("listed", err)
}

// digest is what an e-mail address is compared by.
func digest(email string) []byte {
	email = strings.ToLower(strings.TrimSpace(email))
	if email == "" {
		return []byte{}
	}
	sum := sha256.Sum256([]byte(email))
	return sum[:16]
}
