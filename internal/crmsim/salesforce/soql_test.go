package salesforce_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/salesforce"
)

// library is an org with a few contacts to be asked for.
func library(t *testing.T) *sandbox {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := open(t, salesforce.Options{TokenLifetime: time.Hour * 24 * 365, Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time {
		at = at.Add(10 * time.Millisecond)
		return at
	})}})
	s.provision("Contact")
	for _, f := range []fields{
		{"LastName": "Ábel", "FirstName": "Ann", "Email": "Ann@Example.com", "Birthdate": "1980-01-02", "MailingLatitude": 50.5},
		{"LastName": "Baker", "FirstName": "Bob", "Email": "bob@example.com", "Birthdate": "1990-01-02", "Title": "O'Hara's \"aide\"\\"},
		{"LastName": "Clark", "Email": "clark@other.com", "Department": "50%_off"},
		{"LastName": "Dunn", "FirstName": "Bob"},
	} {
		at = at.Add(time.Minute)
		require.True(t, s.upsert(contact("w."+f["LastName"].(string), f))[0].Success)
	}
	return s
}

func names(rows []map[string]any) string {
	all := make([]string, len(rows))
	for i, row := range rows {
		all[i] = row["LastName"].(string)
	}
	return strings.Join(all, " ")
}

func TestConditionsFindWhatTheySay(t *testing.T) {
	t.Parallel()

	s := library(t)
	for where, want := range map[string]string{
		"":                                "Ábel Baker Clark Dunn",
		"WHERE Email = 'ANN@example.COM'": "Ábel",
		"WHERE email in ('bob@example.com','CLARK@other.com','nobody@x.y')": "Baker Clark",
		"WHERE Email = null":                                            "Dunn",
		"WHERE Email != null":                                           "Ábel Baker Clark",
		"WHERE FirstName != 'Bob'":                                      "Ábel Clark",
		"WHERE FirstName NOT IN ('Bob')":                                "Ábel Clark",
		"WHERE " + marker + " = 'w.Baker'":                              "Baker",
		"WHERE " + marker + " = 'w.baker'":                              "",
		`WHERE Title = 'O\'Hara\'s "aide"\\'`:                           "Baker",
		"WHERE Email LIKE '%example%'":                                  "Ábel Baker",
		"WHERE LastName LIKE '_unn'":                                    "Dunn",
		`WHERE Department LIKE '50\%\_%'`:                               "Clark",
		"WHERE FirstName = 'Bob' AND Email = null":                      "Dunn",
		"WHERE FirstName = 'Ann' OR LastName = 'Dunn'":                  "Ábel Dunn",
		"WHERE FirstName = 'Bob' AND (Email = null OR Email LIKE 'b%')": "Baker Dunn",
		"WHERE NOT FirstName = 'Bob'":                                   "Ábel Clark",
		"WHERE NOT (FirstName = 'Bob' OR Email = null)":                 "Ábel Clark",
		"WHERE Birthdate > 1985-01-01":                                  "Baker",
		"WHERE MailingLatitude >= 50.50 AND MailingLatitude < 51":       "Ábel",
		"WHERE IsDeleted = false AND LastName > 'C'":                    "Ábel Clark Dunn",
		"WHERE Owner.IsActive = true AND LastName = 'Clark'":            "Clark",
		"WHERE Account.Name = 'x'":                                      "",
	} {
		require.Equal(t, want, names(s.rows("SELECT LastName FROM Contact "+where)), where)
	}
}

func TestOrderLimitAndOffset(t *testing.T) {
	t.Parallel()

	s := library(t)
	for tail, want := range map[string]string{
		"ORDER BY LastName DESC":                           "Ábel Dunn Clark Baker",
		"ORDER BY FirstName, LastName":                     "Clark Ábel Baker Dunn",
		"ORDER BY FirstName NULLS LAST, LastName DESC":     "Ábel Dunn Baker Clark",
		"ORDER BY FirstName DESC NULLS LAST":               "Baker Dunn Ábel Clark",
		"ORDER BY SystemModstamp DESC, Id LIMIT 2":         "Dunn Clark",
		"ORDER BY SystemModstamp, Id LIMIT 2 OFFSET 1":     "Baker Clark",
		"ORDER BY CreatedDate ASC NULLS FIRST LIMIT 0":     "",
		"ORDER BY MailingLatitude DESC NULLS LAST LIMIT 1": "Ábel",
	} {
		require.Equal(t, want, names(s.rows("SELECT LastName FROM Contact "+tail)), tail)
	}
}

func TestACursorOfModificationTimeAndIDWalksThroughEverything(t *testing.T) {
	t.Parallel()

	s := library(t)
	first := s.rows("SELECT Id, LastName, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id LIMIT 2")
	last := first[1]
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", last["SystemModstamp"].(string))
	require.NoError(t, err)
	stamp := at.UTC().Format("2006-01-02T15:04:05Z")
	rest := s.rows(fmt.Sprintf("SELECT Id, LastName FROM Contact WHERE SystemModstamp > %s OR (SystemModstamp = %s AND Id > '%s') ORDER BY SystemModstamp, Id",
		stamp, stamp, last["Id"]))
	require.Equal(t, "Ábel Baker", names(first))
	require.Equal(t, "Clark Dunn", names(rest))
	require.Equal(t, "Clark Dunn", names(s.rows("SELECT LastName FROM Contact WHERE SystemModstamp > "+at.In(time.FixedZone("", 3600)).Format("2006-01-02T15:04:05.000-07:00"))))
}

func TestColumnsOfParentsAreNested(t *testing.T) {
	t.Parallel()

	s := library(t)
	row := s.rows("SELECT Id, Owner.Name, Owner.Profile.Name, Account.Name, Contact.LastName FROM Contact WHERE LastName = 'Dunn'")[0]
	owner := row["Owner"].(map[string]any)
	require.Equal(t, "Ada Admin", owner["Name"])
	require.Equal(t, "User", owner["attributes"].(map[string]any)["type"])
	require.Equal(t, "System Administrator", owner["Profile"].(map[string]any)["Name"])
	require.Nil(t, row["Account"])
	require.Equal(t, "Dunn", row["LastName"])
}

func TestCountCounts(t *testing.T) {
	t.Parallel()

	s := library(t)
	require.JSONEq(t, `{"totalSize":2,"done":true,"records":[]}`, s.query("select count() from Contact where FirstName = 'Bob'").text())
	require.JSONEq(t, `{"totalSize":0,"done":true,"records":[]}`, s.query("SELECT Id FROM Lead").text())
}

func TestLongAnswersComeInPages(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	seeds := make([]fields, 450)
	for i := range seeds {
		seeds[i] = fields{"object": "Lead", "fields": fields{"LastName": fmt.Sprint("L", i), "Company": "C"}}
	}
	s.order(http.MethodPost, "/records", seeds)
	var page struct {
		TotalSize      int
		Done           bool
		NextRecordsURL string
		Records        []map[string]any
	}
	seen := make(map[any]bool)
	small := map[string]string{"Sforce-Query-Options": "batchSize=200", "Authorization": "Bearer " + s.token}
	target := s.url + version + "/query?q=" + url.QueryEscape("SELECT Id FROM Lead ORDER BY Id")
	sizes := []int{}
	for target != "" {
		r, err := s.send(http.MethodGet, target, nil, small)
		require.NoError(t, err)
		page.NextRecordsURL = ""
		r.into(t, &page)
		require.Equal(t, 450, page.TotalSize)
		require.Equal(t, page.NextRecordsURL == "", page.Done)
		for _, row := range page.Records {
			seen[row["Id"]] = true
		}
		sizes = append(sizes, len(page.Records))
		if target = ""; page.NextRecordsURL != "" {
			target = s.url + page.NextRecordsURL
		}
	}
	require.Equal(t, []int{200, 200, 50}, sizes)
	require.Len(t, seen, 450)
	require.Equal(t, []string{"INVALID_QUERY_LOCATOR"}, s.call(http.MethodGet, "/query/01g5g0000000009AAA-200", nil).errorCodes(t))
}

func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()

	s := library(t)
	for soql, want := range map[string]string{
		"":                                   "MALFORMED_QUERY",
		"SELECT FROM Contact":                "MALFORMED_QUERY",
		"SELECT Id Contact":                  "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE":       "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Email": "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Email = 'x":                                 "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Email = 'x'y'":                              "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Email IN ()":                                "MALFORMED_QUERY",
		"SELECT Id FROM Contact LIMIT x":                                          "MALFORMED_QUERY",
		"SELECT Id FROM Contact ORDER Email":                                      "MALFORMED_QUERY",
		"SELECT * FROM Contact":                                                   "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Email = 'a' AND Email = 'b' OR Email = 'c'": "MALFORMED_QUERY",
		"SELECT Id FROM Accout":                                                   "INVALID_TYPE",
		"SELECT Id FROM CustomField":                                              "INVALID_TYPE",
		"SELECT Nope FROM Contact":                                                "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Nope = 'x'":                                 "INVALID_FIELD",
		"SELECT Nope.Name FROM Contact":                                           "INVALID_FIELD",
		"SELECT Id FROM Contact ORDER BY Nope":                                    "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Email = 5":                                  "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE IsDeleted = 'false'":                        "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE SystemModstamp > '2026-01-01T00:00:00Z'":    "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE MailingLatitude > 'x'":                      "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Description = 'x'":                          "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Id = 'x'":                                   "INVALID_QUERY_FILTER_OPERATOR",
	} {
		r := s.query(soql)
		require.Equal(t, http.StatusBadRequest, r.status, soql)
		require.Equal(t, []string{want}, r.errorCodes(t), soql)
	}
}

// The place of an error is shown as recorded.
func TestABadQueryIsPointedAt(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	var got []struct{ Message string }
	s.query("select count() from XYZZY").into(t, &got)
	require.Equal(t, "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported. "+
		"If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "+
		"Please reference your WSDL or the describe call for the appropriate names.", got[0].Message)
}

func TestAURIHasAnEnd(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	soql := "SELECT Id FROM Contact WHERE Email IN ('" + strings.Repeat("a", 16_400) + "')"
	require.Equal(t, http.StatusRequestURITooLong, s.query(soql).status)
	require.Equal(t, http.StatusOK, s.query(strings.Replace(soql, strings.Repeat("a", 300), "", 1)).status)
}
