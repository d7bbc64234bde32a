// Package salesforce emulates Salesforce: OAuth, describe, the Tooling API's
// custom fields, the REST data API's records and collections, SOQL and limits.
//
// It is written from crm/salesforce.md and specs/salesforce; where recordings,
// specification and notes differ, they count in that order. What none of them
// tells is marked unverified where it is decided. It may not import an
// adapter.
//
// One process has two orgs, a production one and a sandbox; both answer on the
// same address, and the access token says which is meant.
package salesforce

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// maxURI is the longest URI that is taken, in bytes.
const maxURI = 16_384

// defaultDaily is the daily allowance when the settings name none: that of an
// Enterprise Edition without licences (crm/salesforce.md §7).
const defaultDaily = 100_000

// Options are what an emulator starts with.
type Options struct {
	crmsim.Settings
	Client        crmsim.Client
	TokenLifetime time.Duration // 2 h when zero
	// KeepRefreshTokens leaves refresh tokens as they are; otherwise each
	// refresh hands out a new one and kills the old.
	KeepRefreshTokens bool
}

// Sim is one emulated Salesforce. It is safe for concurrent use.
type Sim struct {
	rig    *crmsim.Rig
	grants *crmsim.Grants
	client crmsim.Client
	orgs   []*org // the default one first
	data   *http.ServeMux
	open   *http.ServeMux
	pages  *http.ServeMux
}

// New returns an emulator of two empty orgs.
func New(opts Options) *Sim {
	if opts.TokenLifetime == 0 {
		opts.TokenLifetime = 2 * time.Hour
	}
	if opts.Terms.Daily == 0 {
		opts.Terms.Daily = defaultDaily
	}
	rig := crmsim.NewRig(opts.Settings)
	s := &Sim{
		rig:    rig,
		client: opts.Client,
		orgs: []*org{
			newOrg("Crmsim Production", "Enterprise Edition", "5g0", false, rig.Issued, rig.Clock.Now),
			newOrg("Crmsim Sandbox", "Enterprise Edition", "5h0", true, rig.Issued, rig.Clock.Now),
		},
	}
	s.grants = crmsim.NewGrants(crmsim.GrantTerms{
		Lifetime: opts.TokenLifetime,
		Rotate:   !opts.KeepRefreshTokens,
		// "After a fifth approval is made, the oldest approval is revoked."
		// (Salesforce Help, "Application Access Request Approved")
		Approvals: 4,
		Mint:      mint,
	}, rig.Clock.Now)
	s.route()
	return s
}

// mint spells tokens as Salesforce does: an access token names its org
// (restforce-fixtures/auth_success_response.json).
func mint(kind crmsim.TokenKind, account string) string {
	random := rand.Text() + rand.Text() + rand.Text()
	switch kind {
	case crmsim.TokenAccess:
		return account[:shortID] + "!AQEAQ" + random
	case crmsim.TokenRefresh:
		return "5Aep861" + random
	case crmsim.TokenCode:
		return "aPrx" + random
	}
	return random
}

// Vendor returns the emulator as the administration sees it.
func (s *Sim) Vendor() crmsim.Vendor {
	return crmsim.Vendor{
		Name:   "salesforce",
		Wire:   s,
		Rig:    s.rig,
		Grants: s.grants,
		Book:   (*book)(s),
		Actions: map[string]http.HandlerFunc{
			"POST /convert":        s.convert,
			"PUT /duplicate-rule":  s.setDuplicateRule,
			"PUT /assignment-rule": s.setAssignmentRule,
		},
	}
}

// endpoint is one resource of the data API.
type endpoint struct {
	kind  crmsim.CallKind
	serve func(*call) crmsim.Answer
}

// call is one data call, or one part of a composite one.
type call struct {
	*crmsim.Exchange
	sim     *Sim
	org     *org
	request *http.Request // with path values
	body    []byte
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
	if object := r.PathValue("object"); object != "" {
		c.Object = object
	}
	if !goodVersion(c.version()) {
		c.answer = notFound().answer()
		return
	}
	c.answer = e.serve(c)
}

func (s *Sim) route() {
	const version = "/services/data/{version}"
	s.data = http.NewServeMux()
	for pattern, e := range map[string]endpoint{
		"GET /":                                      {crmsim.CallMeta, resources},
		"GET /limits":                                {crmsim.CallMeta, limits},
		"GET /limits/recordCount":                    {crmsim.CallRead, recordCount},
		"GET /sobjects":                              {crmsim.CallSchema, describeGlobal},
		"GET /sobjects/{object}/describe":            {crmsim.CallSchema, describe},
		"GET /sobjects/{object}":                     {crmsim.CallSchema, basicInformation},
		"POST /sobjects/{object}":                    {crmsim.CallWrite, create},
		"GET /sobjects/{object}/{id}":                {crmsim.CallRead, retrieve},
		"PATCH /sobjects/{object}/{id}":              {crmsim.CallWrite, update},
		"DELETE /sobjects/{object}/{id}":             {crmsim.CallWrite, remove},
		"GET /sobjects/{object}/{field}/{value}":     {crmsim.CallRead, retrieveBy},
		"PATCH /sobjects/{object}/{field}/{value}":   {crmsim.CallWrite, upsertBy},
		"DELETE /sobjects/{object}/{field}/{value}":  {crmsim.CallWrite, removeBy},
		"POST /composite":                            {crmsim.CallRead, composite},
		"POST /composite/sobjects":                   {crmsim.CallWrite, createAll},
		"PATCH /composite/sobjects":                  {crmsim.CallWrite, updateAll},
		"DELETE /composite/sobjects":                 {crmsim.CallWrite, removeAll},
		"PATCH /composite/sobjects/{object}/{field}": {crmsim.CallWrite, upsertAll},
		"GET /composite/sobjects/{object}":           {crmsim.CallRead, retrieveAll},
		"POST /composite/sobjects/{object}":          {crmsim.CallRead, retrieveAll},
		"GET /query":                                 {crmsim.CallRead, query},
		"GET /queryAll":                              {crmsim.CallRead, queryAll},
		"GET /query/{locator}":                       {crmsim.CallRead, queryMore},
		"GET /queryAll/{locator}":                    {crmsim.CallRead, queryMore},
		"GET /tooling/query":                         {crmsim.CallSchema, query},
		"POST /tooling/sobjects/CustomField":         {crmsim.CallSchema, createField},
		"GET /tooling/sobjects/CustomField/{id}":     {crmsim.CallSchema, retrieveField},
		"DELETE /tooling/sobjects/CustomField/{id}":  {crmsim.CallSchema, removeField},
		"POST /tooling/sobjects/{object}":            {crmsim.CallSchema, create},
	} {
		method, path, _ := strings.Cut(pattern, " ")
		s.data.Handle(method+" "+version+strings.TrimSuffix(path, "/"), e)
	}
	s.routeOpen()
	s.routePages()
}

// ServeHTTP answers as Salesforce would.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.shows(r) {
		s.pages.ServeHTTP(w, r)
		return
	}
	if _, pattern := s.open.Handler(r); pattern != "" {
		kind, delay := crmsim.CallAuth, time.Duration(0)
		switch r.URL.Path {
		case "/services/oauth2/token":
			delay = s.rig.Limits.Terms().TokenLatency
		case "/services/data", "/services/data/":
			kind = crmsim.CallMeta
		}
		s.rig.Open(w, r, kind, delay, s.open.ServeHTTP)
		return
	}
	s.rig.Data(w, r, dialect{s}, func(x *crmsim.Exchange) crmsim.Answer {
		if len(r.RequestURI) > maxURI {
			// Not the API but what stands before it; the body is unverified.
			return crmsim.Answer{
				Status: http.StatusRequestURITooLong, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("URI Too Long"),
			}
		}
		c := &call{Exchange: x, sim: s, org: s.org(x.Account), body: x.Body}
		answer := s.dispatch(c, r)
		x.Kind = c.kind
		return answer
	})
}

// dispatch finds the endpoint for r and has it carry c out.
func (s *Sim) dispatch(c *call, r *http.Request) crmsim.Answer {
	trimmed := r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	url := *r.URL
	url.Path, url.RawPath = strings.TrimRight(url.Path, "/"), strings.TrimRight(url.RawPath, "/")
	trimmed.URL = &url
	miss := &missWriter{}
	c.kind = crmsim.CallMeta
	s.data.ServeHTTP(miss, trimmed)
	switch {
	case c.reached:
		return c.answer
	case miss.status == http.StatusMethodNotAllowed:
		return failedWith(miss.status, codeMethod, "HTTP Method '"+r.Method+"' not allowed. Allowed are "+miss.Header().Get("Allow")).answer()
	}
	return notFound().answer()
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

// goodVersion reports whether v is vNN.0.
func goodVersion(v string) bool {
	digits, ok := strings.CutSuffix(strings.TrimPrefix(v, "v"), ".0")
	n, err := strconv.Atoi(digits)
	return ok && err == nil && n >= 20 && v[0] == 'v'
}

func (c *call) version() string { return c.request.PathValue("version") }

// table returns the table that the path names, or the failure to.
func (c *call) table() (*table, *failure) {
	t := c.org.table(c.request.PathValue("object"))
	if t == nil || toolingOnly(t.schema.Load().name) {
		return nil, notFound()
	}
	c.Object = t.schema.Load().name
	return t, nil
}

// org returns the org with that id; the default one if it is unknown.
func (s *Sim) org(id string) *org {
	for _, o := range s.orgs {
		if o.id == id {
			return o
		}
	}
	return s.orgs[0]
}

func recordURL(version, object, id string) string {
	return "/services/data/" + version + "/sobjects/" + object + "/" + id
}
