package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// mapper is an API with a mapping of contacts, and what it was asked to save.
type mapper struct {
	rules   []client.MappingRule
	refuse  *client.Problem
	records []client.Record

	saved   []client.SaveRule
	ifMatch string
}

func (m *mapper) serve(t *testing.T) map[string]string {
	t.Helper()
	return stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/mapping": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"3"`)
			reply200(w, client.Mapping{Object: client.ObjectContact, Type: "Contact", Version: 3, Rules: m.rules})
		},
		"PUT /v1/connections/{id}/mapping":        m.save,
		"POST /v1/connections/{id}/mapping/reset": m.save,
		"GET /v1/records":                         always(client.RecordPage{Items: m.records}),
	})
}

func (m *mapper) save(w http.ResponseWriter, r *http.Request) {
	m.ifMatch = r.Header.Get("If-Match")
	if m.refuse != nil {
		refuse(*m.refuse)(w, r)
		return
	}
	var body client.SaveMapping
	if r.Method == http.MethodPut && json.NewDecoder(r.Body).Decode(&body) != nil || r.Header.Get("Idempotency-Key") == "" {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	m.saved = body.Rules
	out := client.SavedMapping{Object: client.ObjectContact, Type: "Contact", Version: 4, Records: 1234}
	for _, rule := range body.Rules {
		out.Rules = append(out.Rules, client.MappingRule{Field: told(rule.Field), Fixed: told(rule.Fixed), Target: rule.Target})
	}
	reply200(w, out)
}

func customary() []client.MappingRule {
	return []client.MappingRule{
		{Field: "first_name", Target: "FirstName"},
		{Field: "title", Target: "Title"},
		{Fixed: "Web", Target: "LeadSource"},
		{Field: "phone", Target: "Phone"},
	}
}

// FEATURES: C05, C06
func TestMappingIsChangedRuleByRule(t *testing.T) {
	t.Parallel()

	m := &mapper{rules: customary(), records: []client.Record{{Fields: client.Fields{"job": "Smith", "a=b": ""}}}}
	code, stdout, stderr := cli(t, m.serve(t), "mapping", "set", "salesforce", "job=title", "a=b=Score__c",
		"--always", "LeadSource=Fairs = fun", "--always", "Level__c=1,5", "--remove", "phone")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, `"3"`, m.ifMatch, "what was read is what is changed")
	require.Equal(t, []client.SaveRule{
		{Field: new("first_name"), Target: "FirstName"},
		{Field: new("job"), Target: "title"}, // where the rule stood that it replaces; the API knows how the CRM spells it
		{Fixed: new("Fairs = fun"), Target: "LeadSource"},
		{Field: new("a=b"), Target: "Score__c"},
		{Fixed: new("1,5"), Target: "Level__c"},
	}, m.saved)
	require.Contains(t, stdout, "version 4")
	require.Contains(t, stdout, `always "Fairs = fun"`)
	require.Contains(t, stdout, "The next sync sends 1,234 records again; `starter sync salesforce` does that now.")
	require.NotContains(t, stdout, "! ")
}

func TestFieldThatNoRecordHasIsToldOf(t *testing.T) {
	t.Parallel()

	m := &mapper{rules: customary(), records: []client.Record{{Fields: client.Fields{"title": "Dr"}}}}
	code, stdout, stderr := cli(t, m.serve(t), "mapping", "set", "job_title=Title")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, `! Not one record has a field "job_title", so that Title is filled with nothing from them.`)

	code, stdout, stderr = cli(t, m.serve(t), "mapping", "set", "job_title=Title", "--json")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, int64(4), decoded[client.SavedMapping](t, stdout).Version)
	require.Contains(t, stderr, "job_title")
}

func TestRulesThatCannotWorkAreToldOneByOne(t *testing.T) {
	t.Parallel()

	m := &mapper{rules: customary(), refuse: &client.Problem{
		Status: http.StatusUnprocessableEntity, Code: "mapping_invalid", Title: "Mapping not possible", Detail: "Some rules cannot work in the CRM.",
		Errors: &[]client.RequestError{
			{Where: "body.rules.4.target", Message: "The CRM has no field Titel that this login can see."},
			{Where: "body.rules.2.target", Message: "Lead Source cannot be written, so the CRM would drop it."},
			{Where: "body.rules", Message: "There are too many."},
			{Where: "body.rules.99.target", Message: "It is none of them."},
		},
	}}
	code, stdout, stderr := cli(t, m.serve(t), "mapping", "set", "title=Titel")
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Equal(t, "starter: Mapping not possible\n  Some rules cannot work in the CRM.\n"+
		"  title → Titel: The CRM has no field Titel that this login can see.\n"+
		"  always \"Web\" → LeadSource: Lead Source cannot be written, so the CRM would drop it.\n"+
		"  body.rules: There are too many.\n"+
		"  body.rules.99.target: It is none of them.\n"+
		"  Nothing was changed. Correct these rules, or take one away with --remove. `starter fields` lists the CRM's fields, `starter discover` looks for new ones.\n",
		stderr)

	code, stdout, _ = cli(t, m.serve(t), "mapping", "set", "title=Titel", "--json")
	require.Equal(t, exitFailed, code)
	require.Equal(t, "title → Titel", (*decoded[failed](t, stdout).Error.Errors)[0].Where)
}

func TestMappingThatSomebodyElseHasChangedStays(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{{"mapping", "set", "title=Title"}, {"mapping", "reset"}} {
		m := &mapper{rules: customary(), refuse: &client.Problem{Status: http.StatusPreconditionFailed, Code: "mapping_version_old", Title: "Mapping changed meanwhile"}}
		code, _, stderr := cli(t, m.serve(t), args...)
		require.Equal(t, exitFailed, code)
		require.Equal(t, `"3"`, m.ifMatch)
		require.Contains(t, stderr, "Mapping changed meanwhile")
		require.Contains(t, stderr, "Nothing was changed. Look with `starter mapping`")
	}
}

func TestEditsThatMakeNoSense(t *testing.T) {
	t.Parallel()

	m := &mapper{rules: customary()}
	env := m.serve(t)
	for problem, args := range map[string][]string{
		"nothing is to be changed":                     nil,
		`"Title" is no rule: write FIELD=TARGET`:       {"salesforce", "Title"},
		`"=Title" is no rule`:                          {"=Title"},
		`"title=" is no rule`:                          {"title="},
		`--always "LeadSource" is no rule`:             {"--always", "LeadSource"},
		`--always "=Web" is no rule`:                   {"--always", "=Web"},
		"title is named twice":                         {"job=Title", "--remove", "title"},
		`--object is "deal": it is contact or company`: {"a=b", "--object", "deal"},
	} {
		code, stdout, stderr := cli(t, env, append([]string{"mapping", "set"}, args...)...)
		require.Equal(t, exitUsage, code, problem)
		require.Empty(t, stdout)
		require.Contains(t, stderr, problem)
		require.Contains(t, stderr, "Usage: starter mapping set [CONNECTION] [FIELD=TARGET]...")
	}
	code, _, stderr := cli(t, env, "mapping", "set", "--remove", "Fax")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "nothing of ours fills Fax: `starter mapping` shows what fills what")
	for _, args := range [][]string{{"mapping", "set", "name=Name"}, {"mapping", "reset"}} {
		code, _, stderr = cli(t, env, append(args, "--object", "company")...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, stderr, "only contacts have a mapping so far")
	}
	require.Empty(t, m.ifMatch)
	require.Empty(t, m.saved)
}

func TestMappingGoesBackToTheDefault(t *testing.T) {
	t.Parallel()

	m := &mapper{rules: customary()}
	code, stdout, stderr := cli(t, m.serve(t), "mapping", "reset")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, `"3"`, m.ifMatch)
	require.Contains(t, stdout, "version 4")

	code, stdout, _ = cli(t, m.serve(t), "mapping", "reset", "--json")
	require.Equal(t, exitOK, code)
	require.Equal(t, int64(1234), decoded[client.SavedMapping](t, stdout).Records)
}
