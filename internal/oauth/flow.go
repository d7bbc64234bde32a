package oauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/secret"
)

// patience is how long a person may take to sign in.
const patience = 10 * time.Minute

// Pending is a sign-in that was begun and not finished.
type Pending struct {
	WorkspaceID    uuid.UUID
	ConnectionID   uuid.UUID
	Epoch          int64 // of the connection when the sign-in was begun
	Vendor         crm.Vendor
	SealedVerifier []byte
	ExpiresAt      time.Time
}

// States remembers sign-ins, by hashes: a copy of what it keeps opens nothing.
type States interface {
	// Put remembers p under the hash of its state, for the browser that has the
	// cookie of the other hash.
	Put(ctx context.Context, state, browser []byte, p Pending) error

	// Consume returns what was put, and makes sure that nobody gets it again:
	// of two calls one succeeds. It returns an *Error of CodeStateUnknown,
	// CodeStateExpired, CodeStateReplayed or CodeWrongBrowser; the last consumes
	// nothing, so that a stranger cannot spoil a sign-in.
	Consume(ctx context.Context, state, browser []byte) (Pending, error)
}

// Flow is the authorisation code flow, from Connect to a grant. It is safe for
// concurrent use; nothing of a sign-in stays in memory between its two halves,
// so any process may finish what another began.
type Flow struct {
	Vendors *Vendors
	States  States
	Keyring *secret.Keyring
}

// Request is what a person asks to connect.
type Request struct {
	WorkspaceID  uuid.UUID
	ConnectionID uuid.UUID
	Epoch        int64
	Vendor       crm.Vendor
}

// Started is a sign-in that was begun. Send the browser to URL with the cookie
// that is named Cookie and holds Browser: HttpOnly, SameSite=Lax, for the
// redirect's path, until ExpiresAt.
type Started struct {
	URL       string
	Cookie    string
	Browser   secret.Text
	ExpiresAt time.Time
}

// Callback is what a vendor's redirect brought.
type Callback struct {
	State   string
	Code    secret.Text
	Error   string      // the vendor's code of what went wrong
	Browser secret.Text // the value of the cookie that CookieName(State) names
}

// Start begins a sign-in. It returns an *Error of CodeNotConfigured when there
// is no app for the vendor.
func (f *Flow) Start(ctx context.Context, r Request) (Started, error) {
	e, err := f.Vendors.endpoint(r.Vendor)
	if err != nil {
		return Started{}, err
	}
	state, browser, verifier := random(), random(), oauth2.GenerateVerifier()
	sealed, err := f.Keyring.Seal([]byte(verifier), belongsTo(r.WorkspaceID, r.ConnectionID, "verifier"))
	if err != nil {
		return Started{}, err
	}
	expires := time.Now().Add(patience)
	if err := f.States.Put(ctx, hash(state), hash(browser), Pending{
		WorkspaceID: r.WorkspaceID, ConnectionID: r.ConnectionID, Epoch: r.Epoch, Vendor: r.Vendor,
		SealedVerifier: sealed, ExpiresAt: expires,
	}); err != nil {
		return Started{}, fmt.Errorf("remembering the sign-in: %w", err)
	}
	var options []oauth2.AuthCodeOption
	if e.factory.OAuth.PKCE {
		options = append(options, oauth2.S256ChallengeOption(verifier))
	}
	return Started{
		URL:       e.config.AuthCodeURL(state, options...),
		Cookie:    CookieName(state),
		Browser:   secret.NewText(browser),
		ExpiresAt: expires,
	}, nil
}

// Finish ends a sign-in, with a grant or an *Error that says what to do. The
// state is consumed before the code is sent anywhere, so a sign-in is finished
// once at most. The Pending is returned as soon as it is known, with an error
// too, so that the browser can be sent back to its connection.
//
// The grant is not kept anywhere yet. Whoever keeps it makes sure that the
// connection is still at the Pending's epoch.
func (f *Flow) Finish(ctx context.Context, cb Callback) (Pending, Grant, error) {
	if cb.State == "" {
		return Pending{}, Grant{}, &Error{Code: cmp.Or(refusals[cb.Error], CodeStateUnknown), VendorCode: plain(cb.Error)}
	}
	p, err := f.States.Consume(ctx, hash(cb.State), hash(cb.Browser.Reveal()))
	if err != nil {
		return Pending{}, Grant{}, fmt.Errorf("consuming the sign-in: %w", err)
	}
	e, err := f.Vendors.endpoint(p.Vendor)
	if err != nil {
		return p, Grant{}, err
	}
	if cb.Error != "" || cb.Code.Empty() {
		return p, Grant{}, e.refused(cb.Error)
	}
	verifier, err := f.Keyring.Open(p.SealedVerifier, belongsTo(p.WorkspaceID, p.ConnectionID, "verifier"))
	if err != nil {
		return p, Grant{}, fmt.Errorf("opening the verifier: %w", err)
	}
	var options []oauth2.AuthCodeOption
	if e.factory.OAuth.PKCE {
		options = append(options, oauth2.VerifierOption(string(verifier)))
	}
	grant, err := e.exchange(ctx, cb.Code.Reveal(), options...)
	return p, grant, err
}

// CookieName returns the name of the cookie that a sign-in is bound to: one for
// each, so that two at a time in one browser do not spoil each other.
func CookieName(state string) string {
	return "lockstep_oauth_" + hex.EncodeToString(hash(state)[:6])
}

// random returns 256 random bits for a URL. Reading them cannot fail.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
