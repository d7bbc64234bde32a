// Package hubspot emulates HubSpot: OAuth, account information, properties,
// owners, pipelines, and the records of contacts, companies and deals, one by
// one, in batches and through search.
//
// It is written from crm/hubspot.md and specs/hubspot; where recordings,
// specification and notes differ, they count in that order. What none of them
// tells is from the place that is named where it is decided, or marked
// unverified there. It may not import an adapter.
//
// One process has two accounts, a production one and a sandbox; both answer on
// the same address, and the token says which is meant. Paths are taken in both
// spellings, /crm/v3/objects/… and /crm/objects/2026-03/…
package hubspot

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"lockstep/internal/crmsim"
)

// Options are what an emulator starts with.
type Options struct {
	crmsim.Settings
	Client        crmsim.Client
	TokenLifetime time.Duration // 30 min when zero
	// SearchLag is how long the search index takes to hear of a write; 2 s when
	// zero, no time at all when negative.
	SearchLag time.Duration
	// LockFor is how long a record stays locked; 2 s when zero.
	LockFor time.Duration
}

// Sim is one emulated HubSpot. It is safe for concurrent use.
type Sim struct {
	rig     *crmsim.Rig
	grants  *crmsim.Grants
	client  crmsim.Client
	portals []*portal // the default one first
	data    *http.ServeMux
	open    *http.ServeMux
	pages   *http.ServeMux
	lockFor time.Duration
	lag     atomic.Int64 // of the search index, in nanoseconds
	strict  atomic.Bool  // see setConflicts
}

// New returns an emulator of two empty accounts.
func New(opts Options) *Sim {
	if opts.TokenLifetime == 0 {
		opts.TokenLifetime = 30 * time.Minute // crm/hubspot.md §1
	}
	if opts.SearchLag == 0 {
		opts.SearchLag = 2 * time.Second
	}
	if opts.LockFor == 0 {
		opts.LockFor = 2 * time.Second
	}
	rig := crmsim.NewRig(opts.Settings)
	s := &Sim{rig: rig, client: opts.Client, lockFor: opts.LockFor}
	s.lag.Store(int64(max(opts.SearchLag, 0)))
	s.portals = []*portal{newPortal(0, "Crmsim Production", "STANDARD", s), newPortal(1, "Crmsim Sandbox", "SANDBOX", s)}
	// A refresh token does not expire, and stays the same (crm/hubspot.md §1).
	s.grants = crmsim.NewGrants(crmsim.GrantTerms{Lifetime: opts.TokenLifetime, Mint: mint}, rig.Clock.Now)
	s.route()
	return s
}

// mint spells tokens as HubSpot does: a refresh token names the region.
func mint(kind crmsim.TokenKind, _ string) string {
	switch kind {
	case crmsim.TokenAccess:
		return "C" + rand.Text() + rand.Text() + rand.Text() + rand.Text()
	case crmsim.TokenRefresh, crmsim.TokenCode:
		return "na1-" + correlation()
	}
	return rand.Text()
}

// Vendor returns the emulator as the administration sees it.
func (s *Sim) Vendor() crmsim.Vendor {
	return crmsim.Vendor{
		Name:   "hubspot",
		Wire:   s,
		Rig:    s.rig,
		Grants: s.grants,
		Book:   (*book)(s),
		Actions: map[string]http.HandlerFunc{
			"PUT /search-lag": s.setSearchLag,
			"PUT /conflicts":  s.setConflicts,
		},
	}
}

// endpoint is one resource of the API.
type endpoint struct {
	kind crmsim.CallKind
	// scopes are those of which the token needs one; %s is the object.
	scopes []string
	serve  func(*call) crmsim.Answer
}

// call is one data call.
type call struct {
	*crmsim.Exchange
	sim     *Sim
	portal  *portal
	table   *table        // that the path names, or nil
	request *http.Request // with path values
	scopes  []string      // of the token; none for a private app, which has all
	private bool
	answer  crmsim.Answer
	kind    crmsim.CallKind
	reached bool
}

type callKey struct{}

// ServeHTTP carries the call out that the request's context holds.
func (e endpoint) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c, ok := r.Context().Value(callKey{}).(*call)
	if !ok {
		return
	}
	c.request, c.kind, c.reached = r, e.kind, true
	if name := r.PathValue("object"); name != "" {
		if c.table = c.portal.table(name); c.table == nil {
			c.answer = noObject(name).answer()
			return
		}
		c.Object = c.table.schema.Load().name
	}
	if bad := c.lacks(e.scopes); bad != nil {
		c.answer = bad.answer()
		return
	}
	c.answer = e.serve(c)
}

func (s *Sim) route() {
	read, write := []string{"crm.objects.%s.read"}, []string{"crm.objects.%s.write"}
	shape, reshape := []string{"crm.objects.%s.read", "crm.schemas.%s.read"}, []string{"crm.schemas.%s.write"}
	owners := []string{"crm.objects.owners.read"}
	s.data = http.NewServeMux()
	for pattern, e := range map[string]endpoint{
		"GET /account-info/details":               {crmsim.CallMeta, nil, accountInfo},
		"GET /owners":                             {crmsim.CallSchema, owners, listOwners},
		"GET /owners/{id}":                        {crmsim.CallSchema, owners, retrieveOwner},
		"GET /pipelines/{object}":                 {crmsim.CallSchema, shape, listPipelines},
		"GET /properties/{object}":                {crmsim.CallSchema, shape, listProperties},
		"POST /properties/{object}":               {crmsim.CallSchema, reshape, createProperty},
		"POST /properties/{object}/batch/create":  {crmsim.CallSchema, reshape, createProperties},
		"GET /properties/{object}/groups":         {crmsim.CallSchema, shape, listGroups},
		"POST /properties/{object}/groups":        {crmsim.CallSchema, reshape, createGroup},
		"GET /properties/{object}/groups/{group}": {crmsim.CallSchema, shape, retrieveGroup},
		"GET /properties/{object}/{property}":     {crmsim.CallSchema, shape, retrieveProperty},
		"PATCH /properties/{object}/{property}":   {crmsim.CallSchema, reshape, updateProperty},
		"DELETE /properties/{object}/{property}":  {crmsim.CallSchema, reshape, archiveProperty},
		"GET /objects/{object}":                   {crmsim.CallRead, read, list},
		"POST /objects/{object}":                  {crmsim.CallWrite, write, create},
		"GET /objects/{object}/{id}":              {crmsim.CallRead, read, retrieve},
		"PATCH /objects/{object}/{id}":            {crmsim.CallWrite, write, update},
		"DELETE /objects/{object}/{id}":           {crmsim.CallWrite, write, remove},
		"POST /objects/{object}/merge":            {crmsim.CallWrite, write, merge},
		"POST /objects/{object}/search":           {crmsim.CallRead, read, search},
		"POST /objects/{object}/batch/create":     {crmsim.CallWrite, write, createAll},
		"POST /objects/{object}/batch/read":       {crmsim.CallRead, read, readAll},
		"POST /objects/{object}/batch/update":     {crmsim.CallWrite, write, updateAll},
		"POST /objects/{object}/batch/upsert":     {crmsim.CallWrite, write, upsertAll},
		"POST /objects/{object}/batch/archive":    {crmsim.CallWrite, write, archiveAll},
	} {
		s.data.Handle(pattern, e)
	}
	s.routeOpen()
	s.routePages()
}

// ServeHTTP answers as HubSpot would.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.pages.Handler(r); pattern != "" {
		s.pages.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		s.serveOpen(w, r)
		return
	}
	d := &dialect{sim: s, searches: strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/search")}
	s.rig.Data(w, r, d, func(x *crmsim.Exchange) crmsim.Answer {
		c := &call{Exchange: x, sim: s, portal: s.portal(x.Account), scopes: d.scopes, private: d.private, kind: crmsim.CallMeta}
		answer := s.dispatch(c, r)
		x.Kind = c.kind
		return answer
	})
}

// dispatch finds the endpoint for r and has it carry c out.
func (s *Sim) dispatch(c *call, r *http.Request) crmsim.Answer {
	escaped, ok := resource(r.URL.EscapedPath())
	path, err := url.PathUnescape(escaped)
	if !ok || err != nil {
		return noPage(http.StatusNotFound)
	}
	plain := r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	meant := *r.URL
	meant.Path, meant.RawPath = path, escaped
	plain.URL = &meant
	miss := &missWriter{}
	s.data.ServeHTTP(miss, plain)
	if c.reached {
		return c.answer
	}
	return noPage(miss.status)
}

// noPage answers for what is no endpoint, as the server in front of the API
// does; the body is abridged.
func noPage(status int) crmsim.Answer {
	if status != http.StatusMethodNotAllowed {
		status = http.StatusNotFound
	}
	return crmsim.Answer{
		Status: status, Header: http.Header{"Content-Type": {"text/html;charset=iso-8859-1"}},
		Body: []byte("<html>\n<head>\n<title>Error " + http.StatusText(status) + "</title>\n</head>\n<body><h2>" + http.StatusText(status) + "</h2></body>\n</html>\n"),
	}
}

// missWriter catches what the mux answers itself.
type missWriter struct {
	header http.Header
	status int
}

// Header returns the headers, which nobody sends.
func (w *missWriter) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

// WriteHeader remembers the status.
func (w *missWriter) WriteHeader(status int) { w.status = status }

// Write drops the body.
func (w *missWriter) Write(p []byte) (int, error) { return len(p), nil }

// portal returns the account with that id; the default one if it is unknown.
func (s *Sim) portal(id string) *portal {
	for _, p := range s.portals {
		if p.account() == id {
			return p
		}
	}
	return s.portals[0]
}
