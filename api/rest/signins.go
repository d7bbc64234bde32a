package rest

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// patience is how long a connect link works, and how long telling a supervisor
// that it may go on is tried.
const (
	patience     = 10 * time.Minute
	tellPatience = 15 * time.Second
)

// Links has the links by which sign-ins begin. What is secret in one is given
// to it, and only kept as a hash.
type Links interface {
	PutConnectLink(ctx context.Context, workspace, connection uuid.UUID, secret string, expires time.Time) error

	// OpenConnectLink returns what a link is for, once; then, when it is too old
	// and when it never was, an Error of KindNotFound.
	OpenConnectLink(ctx context.Context, secret string) (workspace, connection uuid.UUID, err error)
}

// SignIn is a sign-in that was begun: where the browser goes, and the cookie by
// which it is known when it comes back.
type SignIn struct {
	URL         string
	Cookie      string
	CookieValue string
	ExpiresAt   time.Time
}

// Callback is what a browser came back with.
type Callback struct {
	State  string
	Code   string
	Error  string                   // the vendor's code of what went wrong
	Cookie func(name string) string // the browser's cookie of that name, or ""
}

// SignIns begins and finishes sign-ins with vendors. What goes wrong in a way
// that a person can mend is an *Error.
type SignIns interface {
	Start(ctx context.Context, c lockstep.Connection) (SignIn, error)

	// Finish keeps the grant that cb brings and returns the connection it is
	// for, as it is now.
	Finish(ctx context.Context, cb Callback) (lockstep.Connection, error)

	// MissingScopes returns the scopes that Lockstep needs and the login of c was
	// not granted, and whether that is known.
	MissingScopes(c lockstep.Connection) (missing []string, known bool)
}

// AuthorizeConnection implements StrictServerInterface.
func (s *Server) AuthorizeConnection(ctx context.Context, req AuthorizeConnectionRequestObject) (AuthorizeConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	link, err := s.beginSignIn(ctx, c)
	return AuthorizeConnection200JSONResponse(link), err
}

// beginSignIn returns a link to sign in for c, and makes sure that somebody
// waits for the end of it. Of what was disconnected nobody does: the end of the
// sign-in starts its supervisor.
func (s *Server) beginSignIn(ctx context.Context, c lockstep.Connection) (Authorization, error) {
	if c.Status != lockstep.StatusDisconnected {
		if err := s.Supervisors.Start(ctx, inputOf(c)); err != nil {
			return Authorization{}, err
		}
	}
	secret, expires := rand.Text(), time.Now().Add(patience)
	if err := s.Links.PutConnectLink(ctx, c.WorkspaceID, c.ID, secret, expires); err != nil {
		return Authorization{}, err
	}
	return Authorization{AuthorizeURL: s.PublicURL + "/v1/connect/" + secret, ExpiresAt: expires}, nil
}

// OpenConnectLink implements StrictServerInterface. The browser that opens the
// link is the one that has to come back.
func (s *Server) OpenConnectLink(ctx context.Context, req OpenConnectLinkRequestObject) (OpenConnectLinkResponseObject, error) {
	workspace, connection, err := s.Links.OpenConnectLink(ctx, req.Ticket)
	if crm.KindOf(err) == crm.KindNotFound {
		return nil, &Error{Code: "connect_link_used"}
	}
	if err != nil {
		return nil, err
	}
	c, err := s.Connections.Connection(ctx, workspace, connection)
	if err != nil {
		return nil, err
	}
	in, err := s.SignIns.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	cookie := &http.Cookie{ //nolint:gosec // it is Secure wherever the API is public over TLS
		Name: in.Cookie, Value: in.CookieValue, Path: "/v1/oauth/callback", Expires: in.ExpiresAt,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.PublicURL, "https://"),
	}
	return OpenConnectLink302Response{Headers: OpenConnectLink302ResponseHeaders{
		Location: in.URL, SetCookie: cookie.String(), CacheControl: "no-store",
	}}, nil
}

// CompleteAuthorization implements StrictServerInterface.
func (s *Server) CompleteAuthorization(ctx context.Context, req CompleteAuthorizationRequestObject) (CompleteAuthorizationResponseObject, error) {
	b := browserOf(ctx)
	c, err := s.SignIns.Finish(ctx, Callback{
		State: deref(req.Params.State), Code: deref(req.Params.Code), Error: deref(req.Params.Error), Cookie: b.cookie,
	})
	if err != nil {
		return nil, err
	}
	s.recordAudit(ctx, c.WorkspaceID, AuditRow{
		Actor: "browser", Action: "completeAuthorization", Target: "connection/" + c.ID.String(), RequestID: requestID(ctx),
	})
	goesOn := s.goOn(ctx, c)
	if b.wantsJSON {
		out, err := s.show(ctx, c)
		return CompleteAuthorization200JSONResponse(out), err
	}
	page := connectedPage(s.label(c.Vendor), c.Account, goesOn)
	return CompleteAuthorization200TextHTMLResponse{Body: strings.NewReader(page), ContentLength: int64(len(page))}, nil
}

// goOn tells a connection's supervisor that it is authorised, and says whether
// it heard. The grant is kept by then, so that it did not is no failure of the
// sign-in: it finds out when it next starts.
func (s *Server) goOn(ctx context.Context, c lockstep.Connection) bool {
	ctx, cancel := context.WithTimeout(ctx, tellPatience)
	defer cancel()
	err := s.Supervisors.CompleteAuthorization(ctx, inputOf(c))
	if err != nil {
		s.Log.Error("telling the supervisor", zap.String("request", requestID(ctx)), zap.Stringer("connection", c.ID), zap.Error(err))
	}
	return err == nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
