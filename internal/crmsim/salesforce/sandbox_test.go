package salesforce_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/salesforce"
)

const (
	version  = "/services/data/v63.0"
	marker   = "Lockstep_External_Id__c"
	callback = "http://127.0.0.1:1/callback"
)

// sandbox is an emulator that listens, its administration, and a connected
// client of it.
type sandbox struct {
	tb    testing.TB
	sim   *salesforce.Sim
	url   string
	admin string
	http  *http.Client
	token string
	user  string
}

// open starts an emulator and connects to it.
func open(tb testing.TB, opts salesforce.Options) *sandbox {
	tb.Helper()
	s := listen(tb, opts)
	s.connect(url.Values{})
	return s
}

// listen starts an emulator.
func listen(tb testing.TB, opts salesforce.Options) *sandbox {
	tb.Helper()
	if opts.Client.ID == "" {
		opts.Client = crmsim.Client{ID: "app", Secret: "app-secret"}
	}
	s := &sandbox{tb: tb, sim: salesforce.New(opts)}
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
func (s *sandbox) try(method, path string, body any, headers ...map[string]string) (reply, error) {
	s.tb.Helper()
	all := map[string]string{"Authorization": "Bearer " + s.token}
	for _, h := range headers {
		maps.Copy(all, h)
	}
	return s.send(method, s.url+version+path, body, all)
}

// call makes a data call.
func (s *sandbox) call(method, path string, body any, headers ...map[string]string) reply {
	s.tb.Helper()
	r, err := s.try(method, path, body, headers...)
	require.NoError(s.tb, err)
	return r
}

// query asks in SOQL.
func (s *sandbox) query(soql string) reply {
	s.tb.Helper()
	return s.call(http.MethodGet, "/query?q="+url.QueryEscape(soql), nil)
}

// rows returns the records that a query finds.
func (s *sandbox) rows(soql string) []map[string]any {
	s.tb.Helper()
	r := s.query(soql)
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
	var page struct{ Records []map[string]any }
	r.into(s.tb, &page)
	return page.Records
}

// order gives the administration an order that must succeed.
func (s *sandbox) order(method, path string, body any) reply {
	s.tb.Helper()
	r, err := s.send(method, s.admin+"/_sim/salesforce"+path, body, nil)
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
	return url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {callback},
		"scope": {"api refresh_token"}, "state": {"state & more"},
	}
}

// consent walks through the consent page as a browser would and returns what
// the application gets back.
func (s *sandbox) consent(q url.Values, button string, choices url.Values) url.Values {
	s.tb.Helper()
	page, err := s.send(http.MethodGet, s.url+"/services/oauth2/authorize?"+q.Encode(), nil, nil)
	require.NoError(s.tb, err)
	require.Equal(s.tb, http.StatusOK, page.status, page.text())
	form := url.Values{button: {"1"}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page.text(), -1) {
		form.Set(m[1], strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(m[2]))
	}
	maps.Copy(form, choices)
	sent, err := s.send(http.MethodPost, s.url+"/services/oauth2/authorize", form, nil)
	require.NoError(s.tb, err)
	require.Equal(s.tb, http.StatusFound, sent.status, sent.text())
	back, err := url.Parse(sent.header.Get("Location"))
	require.NoError(s.tb, err)
	return back.Query()
}

type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	InstanceURL  string `json:"instance_url"`
	ID           string `json:"id"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
}

// ask asks the token endpoint.
func (s *sandbox) ask(form url.Values) (reply, tokens) {
	s.tb.Helper()
	full := url.Values{"client_id": {"app"}, "client_secret": {"app-secret"}}
	maps.Copy(full, form)
	r, err := s.send(http.MethodPost, s.url+"/services/oauth2/token", full, nil)
	require.NoError(s.tb, err)
	var t tokens
	r.into(s.tb, &t)
	return r, t
}

// connect goes through consent and exchange and keeps the token.
func (s *sandbox) connect(choices url.Values) tokens {
	s.tb.Helper()
	back := s.consent(authorization(), "approve", choices)
	r, t := s.ask(url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}})
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
	s.token = t.AccessToken
	s.user = t.ID[strings.LastIndex(t.ID, "/")+1:]
	return t
}

// provision creates the unique external-id field on the objects and grants it.
func (s *sandbox) provision(objects ...string) {
	s.tb.Helper()
	set := s.grantTo()
	for _, object := range objects {
		r := s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest(object))
		require.Equal(s.tb, http.StatusCreated, r.status, r.text())
		s.permit(set, object)
	}
}

func fieldRequest(object string) map[string]any {
	return map[string]any{
		"FullName": object + "." + marker,
		"Metadata": map[string]any{
			"label": "Lockstep External Id", "type": "Text", "length": 80,
			"unique": true, "caseSensitive": true, "externalId": true,
		},
	}
}

// grantTo makes a permission set, assigned to the connected user.
func (s *sandbox) grantTo() string {
	s.tb.Helper()
	var made struct{ ID string }
	s.call(http.MethodPost, "/sobjects/PermissionSet", map[string]any{"Name": "Lockstep", "Label": "Lockstep"}).into(s.tb, &made)
	r := s.call(http.MethodPost, "/sobjects/PermissionSetAssignment", map[string]any{"PermissionSetId": made.ID, "AssigneeId": s.user})
	require.Equal(s.tb, http.StatusCreated, r.status, r.text())
	return made.ID
}

func (s *sandbox) permit(set, object string) {
	s.tb.Helper()
	r := s.call(http.MethodPost, "/sobjects/FieldPermissions", map[string]any{
		"ParentId": set, "SobjectType": object, "Field": object + "." + marker, "PermissionsRead": true, "PermissionsEdit": true,
	})
	require.Equal(s.tb, http.StatusCreated, r.status, r.text())
}

// result is one record's outcome in a collections answer.
type result struct {
	ID      string
	Success bool
	Created bool
	Errors  []struct {
		StatusCode string
		Message    string
		Fields     []string
	}
}

// code returns the first error's code, or "".
func (r result) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].StatusCode
}

// results decodes a collections answer.
func (s *sandbox) results(r reply) []result {
	s.tb.Helper()
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
	var all []result
	r.into(s.tb, &all)
	return all
}

type fields map[string]any

// contact is a contact with an external id.
func contact(external string, more fields) fields {
	f := fields{"attributes": fields{"type": "Contact"}, "LastName": "Hayes"}
	if external != "" {
		f[marker] = external
	}
	maps.Copy(f, more)
	return f
}

func collection(records ...fields) fields { return fields{"allOrNone": false, "records": records} }

const upsertPath = "/composite/sobjects/Contact/" + marker

// upsert upserts contacts by external id.
func (s *sandbox) upsert(records ...fields) []result {
	s.tb.Helper()
	return s.results(s.call(http.MethodPatch, upsertPath, collection(records...)))
}

// errorCodes decodes a top-level error array.
func (r reply) errorCodes(tb testing.TB) []string {
	tb.Helper()
	var all []struct{ ErrorCode string }
	r.into(tb, &all)
	codes := make([]string, len(all))
	for i, e := range all {
		codes[i] = e.ErrorCode
	}
	return codes
}
