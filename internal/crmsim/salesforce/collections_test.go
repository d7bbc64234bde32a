package salesforce_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

func TestUpsertCreatesThenUpdates(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	first := s.upsert(contact("w.1", fields{"Email": "a@example.com"}), contact("w.2", nil))
	require.True(t, first[0].Success && first[0].Created)
	require.Regexp(t, `^003\w{15}$`, first[0].ID)
	require.NotEqual(t, first[0].ID, first[1].ID)

	second := s.upsert(contact("w.1", fields{"FirstName": "Jaime"}))
	require.True(t, second[0].Success)
	require.False(t, second[0].Created)
	require.Equal(t, first[0].ID, second[0].ID)

	row := s.rows("SELECT FirstName, LastName, Name, Email, OwnerId FROM Contact WHERE " + marker + " = 'w.1'")[0]
	require.Equal(t, "Jaime Hayes", row["Name"])
	require.Equal(t, "a@example.com", row["Email"])
	require.Equal(t, s.user, row["OwnerId"])
}

// The answers look as they were recorded, member by member.
func TestCollectionAnswersAreAsRecorded(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	created := s.call(http.MethodPost, "/composite/sobjects", fields{"records": []fields{{"attributes": fields{"type": "Account"}, "Name": "Smith"}}})
	require.Regexp(t, `^\[\{"id":"001\w{15}","success":true,"errors":\[\]\}\]$`, created.text())

	missing := s.call(http.MethodPost, "/composite/sobjects", fields{"records": []fields{{"attributes": fields{"type": "Account"}, "Name": nil}}})
	require.JSONEq(t, `[{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"Required fields are missing: [Name]","fields":["Name"]}]}]`,
		missing.text())

	upserted := s.call(http.MethodPatch, "/composite/sobjects/Contact/Email", collection(contact("", fields{"Email": "x@example.com"})))
	require.Regexp(t, `^\[\{"id":"003\w{15}","success":true,"errors":\[\],"created":true\}\]$`, upserted.text())

	byID := s.call(http.MethodPatch, "/composite/sobjects/Contact/Id", collection(contact("", fields{"Id": nil})))
	require.True(t, s.results(byID)[0].Created, "an upsert by Id without one creates")

	none := s.call(http.MethodPost, "/composite/sobjects", fields{"records": []fields{}})
	require.Equal(t, http.StatusBadRequest, none.status)
	require.JSONEq(t, `[{"message":"At least 1 record is required","errorCode":"REQUIRED_FIELD_MISSING"}]`, none.text())

	noID := s.call(http.MethodPatch, "/composite/sobjects", collection(contact("", nil)))
	require.JSONEq(t, `[{"success":false,"errors":[{"statusCode":"MISSING_ARGUMENT","message":"Id not specified in an update call","fields":[]}]}]`, noID.text())

	require.Regexp(t, `^api-usage=\d+/100000$`, noID.header.Get("Sforce-Limit-Info"))
	require.Equal(t, "application/json;charset=UTF-8", noID.header.Get("Content-Type"))
}

// Each of these is refused record by record; its neighbour lands.
func TestBadRecordsAreRefusedOneByOne(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact", "Lead")
	for _, c := range []struct {
		name, object, code, message string
		record                      fields
	}{
		{"unknown field", "Contact", "INVALID_FIELD", "No such column 'Nope' on sobject of type Contact", fields{"Nope": 1}},
		{"missing name", "Contact", "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", fields{"LastName": nil}},
		{"missing company", "Lead", "REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", fields{"Company": ""}},
		{"e-mail", "Contact", "INVALID_EMAIL_ADDRESS", "Email: invalid email address: badone", fields{"Email": "badone"}},
		{
			"length", "Contact", "STRING_TOO_LONG", "First Name: data value too large: " + strings.Repeat("é", 41) + " (max length=40)",
			fields{"FirstName": strings.Repeat("é", 41)},
		},
		{
			"picklist", "Contact", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Clean Status: bad value for restricted picklist field: Dirty",
			fields{"CleanStatus": "Dirty"},
		},
		{"reference", "Contact", "MALFORMED_ID", "Account ID: id value of incorrect type: x", fields{"AccountId": "x"}},
		{"no such parent", "Contact", "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields{"AccountId": "0015g0000000009AAA"}},
		{
			"read only", "Contact", "INVALID_FIELD_FOR_INSERT_UPDATE",
			"Unable to create/update fields: MasterRecordId. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
			fields{"MasterRecordId": nil},
		},
		{"null for a boolean", "Lead", "INVALID_TYPE_ON_FIELD_IN_RECORD", "Unread By Owner: value not of required type: ", fields{"IsUnreadByOwner": nil}},
		{"no key", "Contact", "MISSING_ARGUMENT", marker + " not specified", fields{marker: nil}},
	} {
		record := contact("bad", fields{"attributes": fields{"type": c.object}})
		good := contact("good."+c.name, fields{"attributes": fields{"type": c.object}})
		if c.object == "Lead" {
			record["Company"], good["Company"] = "Acme", "Acme"
		}
		maps.Copy(record, c.record)
		got := s.results(s.call(http.MethodPatch, "/composite/sobjects/"+c.object+"/"+marker, collection(record, good)))
		require.False(t, got[0].Success, c.name)
		require.Empty(t, got[0].ID, c.name)
		require.Equal(t, c.code, got[0].code(), c.name)
		require.Equal(t, c.message, got[0].Errors[0].Message, c.name)
		require.True(t, got[1].Success, c.name)
	}
	require.Zero(t, s.stats().Duplicates)
}

func TestValuesThatFitAreTaken(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	got := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(fields{
		"attributes": fields{"type": "Lead"}, "lastname": "Case", "Company": "A \"quoted\" & <b> Ünïcode\n", "NumberOfEmployees": "10000",
		"AnnualRevenue": 12.5, "IsUnreadByOwner": true, "LeadSource": "LinkedIn Outreach", "FirstName": strings.Repeat("é", 40), "Description": "",
	})))
	require.True(t, got[0].Success, "%+v", got)
	row := s.rows("SELECT LastName, Company, NumberOfEmployees, AnnualRevenue, IsUnreadByOwner, LeadSource, Description, Status FROM Lead")[0]
	delete(row, "attributes")
	require.Equal(t, map[string]any{
		"LastName": "Case", "Company": "A \"quoted\" & <b> Ünïcode\n", "NumberOfEmployees": 10000.0, "AnnualRevenue": 12.5,
		"IsUnreadByOwner": true, "LeadSource": "LinkedIn Outreach", "Description": nil, "Status": "Open - Not Contacted",
	}, row)
}

func TestValuesOfTheWrongKindFailTheWholeCall(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	for _, bad := range []fields{{"FirstName": 5}, {"FirstName": true}, {"Birthdate": "soon"}, {"FirstName": []int{1}}, {"DoNot": []int{1}, "MailingLatitude": "north"}} {
		r := s.call(http.MethodPatch, upsertPath, collection(contact("w.1", bad), contact("w.2", nil)))
		require.Equal(t, http.StatusBadRequest, r.status, r.text())
		require.Equal(t, []string{"JSON_PARSER_ERROR"}, r.errorCodes(t))
	}
	for _, body := range []string{"", "{", `{"records":[{]}`, `{"records":[{"a":1}]} x`, `[]`} {
		r := s.call(http.MethodPatch, upsertPath, body)
		require.Equal(t, []string{"JSON_PARSER_ERROR"}, r.errorCodes(t), body)
	}
	require.Zero(t, s.stats().Records["Contact"])
}

func TestMoreThanTwoHundredRecordsAreRefused(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	records := make([]fields, 201)
	for i := range records {
		records[i] = contact(fmt.Sprint("w.", i), nil)
	}
	r := s.call(http.MethodPatch, upsertPath, collection(records...))
	require.Equal(t, http.StatusBadRequest, r.status)
	require.Equal(t, []string{"EXCEEDED_ID_LIMIT"}, r.errorCodes(t))
	require.Len(t, s.upsert(records[:200]...), 200)
}

func TestAKeyTwiceInACallIsRefusedForBoth(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	got := s.upsert(contact("w.1", nil), contact("w.2", nil), contact("w.1", nil))
	require.Equal(t, "DUPLICATE_VALUE", got[0].code())
	require.Equal(t, "Duplicate external id specified: w.1", got[0].Errors[0].Message)
	require.True(t, got[1].Success)
	require.Equal(t, "DUPLICATE_VALUE", got[2].code())
}

func TestTheMarkersCaseCounts(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	got := s.upsert(contact("w.a", nil), contact("w.A", nil))
	require.True(t, got[0].Created && got[1].Created)
	require.Len(t, s.rows("SELECT Id FROM Contact WHERE "+marker+" = 'w.A'"), 1)
}

func TestAUniqueValueIsHeldOnce(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	held := s.upsert(contact("w.1", nil))[0]
	other := s.upsert(contact("w.2", nil))[0]

	for _, path := range []string{"POST", "PATCH"} {
		record := contact("w.1", nil)
		if path == "PATCH" {
			record["Id"] = other.ID
		}
		got := s.results(s.call(path, "/composite/sobjects", collection(record)))
		require.Equal(t, "DUPLICATE_VALUE", got[0].code())
		require.Equal(t, "duplicate value found: "+marker+" duplicates value on record with id: "+held.ID[:15], got[0].Errors[0].Message)
	}

	s.order(http.MethodDelete, "/records/"+held.ID, nil)
	got := s.results(s.call(http.MethodPatch, "/composite/sobjects", collection(contact("w.1", fields{"Id": other.ID}))))
	require.True(t, got[0].Success, "a deleted record holds nothing")
}

func TestOverlappingUpsertsLeaveOneRecordEach(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	var created sync.Map
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			records := make([]fields, 100)
			for i := range records {
				records[i] = contact(fmt.Sprint("w.", i), fields{"Email": fmt.Sprintf("c%d@example.com", i)})
			}
			r, err := s.try(http.MethodPatch, upsertPath, collection(records...))
			if err != nil || r.status != http.StatusOK {
				return
			}
			for _, got := range s.results(r) {
				if got.Created {
					_, again := created.LoadOrStore(got.ID, true)
					if again {
						created.Store("twice", true)
					}
				}
			}
		})
	}
	group.Wait()
	stats := s.stats()
	require.Equal(t, 100, stats.Records["Contact"])
	require.Zero(t, stats.Duplicates)
	require.Zero(t, stats.EmailDuplicates)
	_, twice := created.Load("twice")
	require.False(t, twice)
}

func TestAllOrNoneTakesEverythingBack(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	s.upsert(contact("w.1", fields{"FirstName": "before", "Email": "before@example.com"}))
	body := collection(contact("w.1", fields{"FirstName": "after", "Email": "after@example.com"}), contact("w.2", nil), contact("w.3", fields{"LastName": nil}))
	body["allOrNone"] = true
	got := s.results(s.call(http.MethodPatch, upsertPath, body))
	require.Equal(t, []string{"ALL_OR_NONE_OPERATION_ROLLED_BACK", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"},
		[]string{got[0].code(), got[1].code(), got[2].code()})
	require.Equal(t, "Record rolled back because not all records were valid and the request was using AllOrNone header", got[0].Errors[0].Message)
	require.Equal(t, 1, s.stats().Records["Contact"])
	require.Len(t, s.rows("SELECT Id FROM Contact WHERE Email = 'before@example.com' AND FirstName = 'before'"), 1)
	require.Empty(t, s.rows("SELECT Id FROM Contact WHERE Email = 'after@example.com'"))
	require.True(t, s.upsert(contact("w.2", nil))[0].Created)
}

func TestCreateAndUpdateTakeMixedObjects(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	got := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(
		contact("", nil),
		fields{"attributes": fields{"type": "Account"}, "Name": "Acme"},
		contact("", fields{"LastName": "Salinas"}),
	)))
	require.Len(t, got, 3)
	require.Regexp(t, "^003", got[0].ID)
	require.Regexp(t, "^001", got[1].ID)
	require.Regexp(t, "^003", got[2].ID)

	got = s.results(s.call(http.MethodPatch, "/composite/sobjects", collection(
		fields{"attributes": fields{"type": "Contact"}, "id": got[0].ID, "AccountId": got[1].ID},
		fields{"attributes": fields{"type": "Contact"}, "Id": got[2].ID[:15], "FirstName": "Cody"},
		fields{"attributes": fields{"type": "Contact"}, "Id": "0035g000000000z", "FirstName": "Cody"},
		fields{"attributes": fields{"type": "Contact"}, "Id": "001RM000003oLrB000", "FirstName": "Cody"},
		fields{"attributes": fields{"type": "Contact"}, "Id": got[1].ID, "FirstName": "Cody"},
	)))
	require.Equal(t, []string{"", "", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MALFORMED_ID"},
		[]string{got[0].code(), got[1].code(), got[2].code(), got[3].code(), got[4].code()})
	require.Equal(t, "malformed id 001RM000003oLrB000", got[3].Errors[0].Message)
	require.Equal(t, "Acme", s.rows("SELECT Account.Name FROM Contact WHERE LastName = 'Hayes'")[0]["Account"].(map[string]any)["Name"])
}

func TestAParentIsFoundByItsExternalID(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Account", "Contact")
	account := s.results(s.call(http.MethodPatch, "/composite/sobjects/Account/"+marker,
		collection(fields{"attributes": fields{"type": "Account"}, "Name": "Acme", marker: "a.1"})))[0]
	got := s.upsert(
		contact("w.1", fields{"Account": fields{marker: "a.1"}}),
		contact("w.2", fields{"Account": fields{marker: "a.2"}}),
	)
	require.True(t, got[0].Success, "%+v", got[0])
	require.Equal(t, "INVALID_FIELD", got[1].code())
	require.Equal(t, account.ID, s.rows("SELECT AccountId FROM Contact")[0]["AccountId"])
}

func TestSeveralMatchesAreNotChosenFrom(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	email := fields{"Email": "same@example.com"}
	s.results(s.call(http.MethodPost, "/composite/sobjects", collection(contact("", email), contact("", email))))
	got := s.results(s.call(http.MethodPatch, "/composite/sobjects/Contact/Email", collection(contact("", email))))
	require.Equal(t, "DUPLICATE_EXTERNAL_ID", got[0].code())
	require.Equal(t, 1, s.stats().EmailDuplicates)

	single := s.call(http.MethodPatch, "/sobjects/Contact/Email/same@example.com", fields{"LastName": "x"})
	require.Equal(t, http.StatusMultipleChoices, single.status)
	var urls []string
	single.into(t, &urls)
	require.Len(t, urls, 2)
}

func TestDeletedMergedAndConvertedRecordsAreRefused(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact", "Lead")
	made := s.upsert(contact("w.1", nil), contact("w.2", fields{"Phone": "1"}), contact("w.3", nil))
	s.order(http.MethodDelete, "/records/"+made[0].ID, nil)
	s.order(http.MethodPost, "/merge", fields{"winner": made[2].ID, "loser": made[1].ID})
	lead := s.results(s.call(http.MethodPatch, "/composite/sobjects/Lead/"+marker,
		collection(fields{"attributes": fields{"type": "Lead"}, "LastName": "Smith", "Company": "Corp", "Email": "l@example.com", marker: "l.1"})))[0]
	var converted struct{ Contact string }
	s.order(http.MethodPost, "/convert", fields{"lead": lead.ID}).into(t, &converted)

	got := s.results(s.call(http.MethodPatch, "/composite/sobjects", collection(
		contact("", fields{"Id": made[0].ID}), contact("", fields{"Id": made[1].ID}), contact("", fields{"Id": made[2].ID}),
		fields{"attributes": fields{"type": "Lead"}, "Id": lead.ID, "Company": "Other"},
	)))
	require.Equal(t, []string{"ENTITY_IS_DELETED", "ENTITY_IS_DELETED", "", "CANNOT_UPDATE_CONVERTED_LEAD"},
		[]string{got[0].code(), got[1].code(), got[2].code(), got[3].code()})
	require.Equal(t, "cannot reference converted lead", got[3].Errors[0].Message)

	upsert := s.results(s.call(http.MethodPatch, "/composite/sobjects/Lead/"+marker,
		collection(fields{"attributes": fields{"type": "Lead"}, "LastName": "Smith", "Company": "Corp", marker: "l.1"})))
	require.Equal(t, "CANNOT_UPDATE_CONVERTED_LEAD", upsert[0].code())

	row := s.rows("SELECT IsConverted, ConvertedContactId FROM Lead")[0]
	require.Equal(t, true, row["IsConverted"])
	require.Equal(t, converted.Contact, row["ConvertedContactId"])
	require.Len(t, s.rows("SELECT Id FROM Contact WHERE Email = 'l@example.com'"), 1)
	require.Len(t, s.rows("SELECT Id FROM Contact WHERE Phone = '1' AND Id = '"+made[2].ID+"'"), 1, "the winner takes over what it lacks")

	var page struct{ Records []map[string]any }
	s.call(http.MethodGet, "/queryAll?q=SELECT+Id,MasterRecordId+FROM+Contact+WHERE+IsDeleted=true+ORDER+BY+Id", nil).into(t, &page)
	require.Len(t, page.Records, 2)
	require.Nil(t, page.Records[0]["MasterRecordId"])
	require.Equal(t, made[2].ID, page.Records[1]["MasterRecordId"])
}

func TestADuplicateRuleIsAppliedUnlessSavingIsAllowed(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	s.order(http.MethodPut, "/duplicate-rule", fields{"object": "Contact", "field": "Email", "on": true})
	there := s.upsert(contact("w.1", fields{"Email": "a@example.com"}))[0]
	body := collection(contact("w.2", fields{"Email": "A@example.com"}))

	refused := s.call(http.MethodPatch, upsertPath, body)
	require.Equal(t, "DUPLICATES_DETECTED", s.results(refused)[0].code())
	require.Contains(t, refused.text(), there.ID)
	single := s.call(http.MethodPost, "/sobjects/Contact", fields{"LastName": "x", "Email": "a@example.com"})
	require.Equal(t, http.StatusBadRequest, single.status)
	require.Contains(t, single.text(), `"duplicateResult":{"allowSave":true`)

	allowed := s.call(http.MethodPatch, upsertPath, body, map[string]string{"Sforce-Duplicate-Rule-Header": "allowSave=true"})
	require.True(t, s.results(allowed)[0].Created)
	s.order(http.MethodPut, "/duplicate-rule", fields{"object": "Contact", "field": "Email", "on": false})
	require.True(t, s.upsert(contact("w.3", fields{"Email": "a@example.com"}))[0].Created)
}

func TestAnInactiveOwnerIsRefused(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	users := s.rows("SELECT Id, Name, Email, IsActive, UserType FROM User ORDER BY IsActive DESC, Name")
	require.Len(t, users, 3)
	got := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(
		contact("", fields{"OwnerId": users[1]["Id"]}), contact("", fields{"OwnerId": users[2]["Id"]}))))
	require.True(t, got[0].Success)
	require.Equal(t, "INACTIVE_OWNER_OR_USER", got[1].code())
}

func TestAnOwnerNobodyIsIsRefused(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	other := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(contact("", nil))))[0].ID
	for owner, code := range map[string]string{
		s.user[:12] + "999AAA": "INVALID_CROSS_REFERENCE_KEY",
		other:                  "FIELD_INTEGRITY_EXCEPTION",
		"nobody":               "MALFORMED_ID",
	} {
		got := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(contact("", fields{"OwnerId": owner}))))[0]
		require.Equal(t, code, got.code(), owner)
		require.Equal(t, []string{"OwnerId"}, got.Errors[0].Fields)
	}
}

func TestCollectionsAreReadAndDeletedByID(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	made := s.upsert(contact("w.1", nil), contact("w.2", nil))
	want := `[{"attributes":{"type":"Contact","url":"` + version + `/sobjects/Contact/` + made[1].ID + `"},"LastName":"Hayes"},null]`
	ids := made[1].ID + ",0035g000000000zAAA"
	require.JSONEq(t, want, s.call(http.MethodGet, "/composite/sobjects/Contact?ids="+ids+"&fields=LastName", nil).text())
	require.JSONEq(t, want, s.call(http.MethodPost, "/composite/sobjects/Contact",
		fields{"ids": strings.Split(ids, ","), "fields": []string{"LastName"}}).text())

	kept := s.results(s.call(http.MethodDelete, "/composite/sobjects?allOrNone=true&ids="+made[0].ID+",bad", nil))
	require.Equal(t, "ALL_OR_NONE_OPERATION_ROLLED_BACK", kept[0].code())
	gone := s.results(s.call(http.MethodDelete, "/composite/sobjects?ids="+made[0].ID+","+made[1].ID, nil))
	require.True(t, gone[0].Success && gone[1].Success)
	require.Equal(t, 2, s.stats().Deleted["Contact"])
	require.Equal(t, "ENTITY_IS_DELETED", s.results(s.call(http.MethodDelete, "/composite/sobjects?ids="+made[0].ID, nil))[0].code())
}

func TestCompositeCarriesOutItsParts(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	r := s.call(http.MethodPost, "/composite", fields{"compositeRequest": []fields{
		{"method": "POST", "url": version + "/sobjects/Account", "referenceId": "acc", "body": fields{"Name": "Acme"}},
		{"method": "POST", "url": version + "/sobjects/Contact", "referenceId": "con", "body": fields{"LastName": "x", "AccountId": "@{acc.id}"}},
		{"method": "GET", "url": version + "/query?q=SELECT Account.Name FROM Contact", "referenceId": "q"},
		{"method": "GET", "url": version + "/sobjects/Foo", "referenceId": "foo"},
	}})
	require.Equal(t, http.StatusOK, r.status)
	var got struct {
		CompositeResponse []struct {
			Body           any
			HTTPStatusCode int
			ReferenceID    string
		}
	}
	r.into(t, &got)
	require.Len(t, got.CompositeResponse, 4)
	require.Equal(t, http.StatusCreated, got.CompositeResponse[1].HTTPStatusCode)
	require.Contains(t, r.text(), `"Name":"Acme"`)
	require.Equal(t, http.StatusNotFound, got.CompositeResponse[3].HTTPStatusCode)
	require.IsType(t, []any{}, got.CompositeResponse[3].Body)
}

func TestBothOrgsKeepTheirOwnRecords(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	s.upsert(contact("w.1", nil))
	s.connect(map[string][]string{"org": {"sandbox"}})
	s.provision("Contact")
	require.Empty(t, s.rows("SELECT Id FROM Contact"))
	require.True(t, s.upsert(contact("w.1", nil))[0].Created)
	require.Zero(t, s.stats().Duplicates, "the same id in another account is none")
	require.Equal(t, 2, s.stats().Records["Contact"])
}
