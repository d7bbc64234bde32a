package hubspot_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
)

const (
	marker     = "lockstep_external_id"
	callback   = "http://127.0.0.1:1/callback"
	production = "44237313"
	sandboxID  = "44622501"
	private    = "pat-na1-00000000-0000-0000-0000-0000" + production
	upsertPath = "/crm/objects/2026-03/contacts/batch/upsert"
	createPath = "/crm/v3/objects/contacts/batch/create"
	updatePath = "/crm/v3/objects/contacts/batch/update"
	readPath   = "/crm/v3/objects/contacts/batch/read"
	searchPath = "/crm/v3/objects/contacts/search"
	allScopes  = "crm.objects.contacts.read crm.objects.contacts.write crm.schemas.contacts.read crm.schemas.contacts.write " +
		"crm.objects.companies.read crm.objects.companies.write crm.schemas.companies.write " +
		"crm.objects.deals.read crm.objects.deals.write crm.objects.owners.read"
)

// sandbox is an emulator that listens, its administration, and a connected
// client of it.
type sandbox struct {
	tb    testing.TB
	sim   *hubspot.Sim
	url   string
	admin string
	http  *http.Client
	token string
}

// open starts an emulator and connects to it, without the limits that a test
// would run into.
func open(tb testing.TB, opts hubspot.Options) *sandbox {
	tb.Helper()
	if opts.Terms.Rate.Calls == 0 {
		opts.Terms.Rate = crmsim.Rate{Calls: 1_000_000, Window: time.Second}
	}
	s := listen(tb, opts)
	s.connect(url.Values{})
	return s
}

// listen starts an emulator.
func listen(tb testing.TB, opts hubspot.Options) *sandbox {
	tb.Helper()
	if opts.Client.ID == "" {
		opts.Client = crmsim.Client{ID: "app", Secret: "app-secret"}
	}
	s := &sandbox{tb: tb, sim: hubspot.New(opts)}
	wire := httptest.NewServer(s.sim)
	admin := httptest.NewServer(crmsim.Admin(s.sim.Vendor()))
	tb.Cleanup(wire.Close)
	tb.Cleanup(admin.Close)
	s.url, s.admin = wire.URL, admin.URL
	s.http = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	tb.Cleanup(s.http.CloseIdleConnections)
	return s
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) text() string { return string(r.body) }

// into decodes the body.
func (r reply) into(tb testing.TB, v any) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal(r.body, v), r.text())
}

// anything decodes the body, the correlation id aside.
func (r reply) anything(tb testing.TB) map[string]any {
	tb.Helper()
	var body map[string]any
	r.into(tb, &body)
	delete(body, "correlationId")
	return body
}

// send makes a request; body is JSON, or a form as it is.
func (s *sandbox) send(method, target string, body any, headers map[string]string) (reply, error) {
	s.tb.Helper()
	var content io.Reader = http.NoBody
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		content, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	case string:
		content = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(s.tb, err)
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(s.tb.Context(), method, target, content)
	require.NoError(s.tb, err)
	req.Header.Set("Content-Type", kind)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := s.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return reply{status: res.StatusCode, header: res.Header, body: raw}, err
}

// try makes a data call that may be cut.
func (s *sandbox) try(method, path string, body any) (reply, error) {
	s.tb.Helper()
	return s.send(method, s.url+path, body, map[string]string{"Authorization": "Bearer " + s.token})
}

// call makes a data call.
func (s *sandbox) call(method, path string, body any) reply {
	s.tb.Helper()
	r, err := s.try(method, path, body)
	require.NoError(s.tb, err)
	return r
}

// order gives the administration an order that must succeed.
func (s *sandbox) order(method, path string, body any) reply {
	s.tb.Helper()
	r, err := s.send(method, s.admin+"/_sim/hubspot"+path, body, nil)
	require.NoError(s.tb, err)
	require.Less(s.tb, r.status, 300, r.text())
	return r
}

// stats returns the administration's totals.
func (s *sandbox) stats() crmsim.Stats {
	s.tb.Helper()
	var stats crmsim.Stats
	s.order(http.MethodGet, "/stats", nil).into(s.tb, &stats)
	return stats
}

// authorization is a request for consent as an application makes it.
func authorization() url.Values {
	return url.Values{"client_id": {"app"}, "redirect_uri": {callback}, "scope": {allScopes}, "state": {"state & more"}}
}

// consent walks through the consent page as a browser would and returns what
// the application gets back.
func (s *sandbox) consent(q url.Values, button string, choices url.Values) url.Values {
	s.tb.Helper()
	page, err := s.send(http.MethodGet, s.url+"/oauth/authorize?"+q.Encode(), nil, nil)
	require.NoError(s.tb, err)
	require.Equal(s.tb, http.StatusOK, page.status, page.text())
	form := url.Values{button: {"1"}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page.text(), -1) {
		form.Set(m[1], strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(m[2]))
	}
	maps.Copy(form, choices)
	sent, err := s.send(http.MethodPost, s.url+"/oauth/authorize", form, nil)
	require.NoError(s.tb, err)
	require.Equal(s.tb, http.StatusFound, sent.status, sent.text())
	back, err := url.Parse(sent.header.Get("Location"))
	require.NoError(s.tb, err)
	return back.Query()
}

type tokens struct {
	AccessToken  string   `json:"access_token"`
	RefreshToken string   `json:"refresh_token"`
	ExpiresIn    int      `json:"expires_in"`
	HubID        int64    `json:"hub_id"`
	Scopes       []string `json:"scopes"`
	Status       string   `json:"status"`
	Error        string   `json:"error"`
}

// ask asks the token endpoint of a version.
func (s *sandbox) ask(version string, form url.Values) (reply, tokens) {
	s.tb.Helper()
	full := url.Values{"client_id": {"app"}, "client_secret": {"app-secret"}}
	maps.Copy(full, form)
	r, err := s.send(http.MethodPost, s.url+"/oauth/"+version+"/token", full, nil)
	require.NoError(s.tb, err)
	var t tokens
	r.into(s.tb, &t)
	return r, t
}

func exchange(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
}

func refresh(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// connect goes through consent and exchange and keeps the token.
func (s *sandbox) connect(choices url.Values) tokens {
	s.tb.Helper()
	back := s.consent(authorization(), "approve", choices)
	r, t := s.ask("2026-03", exchange(back.Get("code")))
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
	s.token = t.AccessToken
	return t
}

type fields map[string]any

func property(name string) fields {
	return fields{
		"name": name, "label": "Lockstep External Id", "type": "string", "fieldType": "text", "groupName": "contactinformation", "hasUniqueValue": true,
	}
}

// provision creates the unique external-id property of contacts.
func (s *sandbox) provision() {
	s.tb.Helper()
	r := s.call(http.MethodPost, "/crm/properties/2026-03/contacts", property(marker))
	require.Equal(s.tb, http.StatusCreated, r.status, r.text())
}

// ready is an emulator whose external-id property is there.
func ready(tb testing.TB, opts hubspot.Options) *sandbox {
	tb.Helper()
	s := open(tb, opts)
	s.provision()
	return s
}

// batch is a body of a batch call.
func batch(inputs ...fields) fields { return fields{"inputs": inputs} }

// contact is an input that upserts a contact by external id.
func contact(external string, properties fields) fields {
	full := fields{marker: external}
	maps.Copy(full, properties)
	return fields{"id": external, "idProperty": marker, "properties": full}
}

// traced gives every input a trace id of its own.
func traced(inputs ...fields) fields {
	for i, input := range inputs {
		input["objectWriteTraceId"] = strconv.Itoa(i)
	}
	return batch(inputs...)
}

// outcome is what a batch answers.
type outcome struct {
	Status    string
	Results   []result
	Errors    []failure
	NumErrors int
}

type result struct {
	ID                 string
	Properties         map[string]*string
	CreatedAt          time.Time
	UpdatedAt          time.Time
	Archived           bool
	ArchivedAt         time.Time
	URL                string
	New                bool
	ObjectWriteTraceID string
}

type failure struct {
	Status      string
	Category    string
	SubCategory string
	Message     string
	Context     map[string][]string
	Errors      []struct {
		Message string
		Code    string
		Context map[string][]string
	}
}

// write makes a batch call of which something must have landed.
func (s *sandbox) write(path string, body any) outcome {
	s.tb.Helper()
	r := s.call(http.MethodPost, path, body)
	require.Less(s.tb, r.status, 300, r.text())
	var o outcome
	r.into(s.tb, &o)
	require.Equal(s.tb, "COMPLETE", o.Status)
	return o
}

// upsert upserts contacts with trace ids and returns the results by trace id.
func (s *sandbox) upsert(inputs ...fields) map[string]result {
	s.tb.Helper()
	o := s.write(upsertPath, traced(inputs...))
	require.Empty(s.tb, o.Errors)
	all := make(map[string]result)
	for _, r := range o.Results {
		all[r.ObjectWriteTraceID] = r
	}
	require.Len(s.tb, all, len(inputs))
	return all
}

// refusal makes a call that must fail.
func (s *sandbox) refusal(status int, method, path string, body any) failure {
	s.tb.Helper()
	r := s.call(method, path, body)
	require.Equal(s.tb, status, r.status, r.text())
	var f failure
	r.into(s.tb, &f)
	require.Equal(s.tb, "error", f.Status)
	require.NotEmpty(s.tb, r.header.Get("X-HubSpot-Correlation-Id"))
	return f
}

// contacts returns what the administration knows of contacts.
func (s *sandbox) contacts() []crmsim.Record {
	s.tb.Helper()
	var all []crmsim.Record
	for line := range strings.SplitSeq(strings.TrimSpace(s.order(http.MethodGet, "/records?object=contacts", nil).text()), "\n") {
		if line == "" {
			continue
		}
		var r crmsim.Record
		reply{body: []byte(line)}.into(s.tb, &r)
		all = append(all, r)
	}
	return all
}

func value(tb testing.TB, r result, name string) string {
	tb.Helper()
	require.NotNil(tb, r.Properties[name], name)
	return *r.Properties[name]
}
