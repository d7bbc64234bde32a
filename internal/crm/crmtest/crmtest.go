// Package crmtest says what package crm promises, as tests that every adapter
// passes against its vendor's sandbox. What it does not test is not promised;
// a new promise is added here first.
//
// It knows the port and no vendor: what only the vendor's own people can do to
// a record comes in with the Harness.
package crmtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// Harness is a connection to an account without records, on which nothing has
// been provisioned, and what the tests need to know of its vendor.
type Harness struct {
	Connector crm.Connector
	Limits    crm.Limits

	// Type is the type that is tested, one of people. Person returns the fields
	// that a create of one needs, with this e-mail address.
	Type   string
	Person func(email string) map[string]any

	// Title is a text field that every record may have, and Email the one that
	// an e-mail address goes to.
	Title, Email string

	// Refused is a field that makes the vendor refuse the record that has it.
	Refused map[string]any

	// RefreshToken is what the connection's grant hangs on. AccessOutlives says
	// that an access token lives on when it is withdrawn.
	RefreshToken   string
	AccessOutlives bool

	// UniqueEmail says that the vendor lets no two people have one e-mail address,
	// and Anonymous that it does not tell who authorised a grant.
	UniqueEmail bool
	Anonymous   bool

	// Seed creates a record as somebody else would, Record returns one as the
	// vendor has it, and Delete puts one in the bin.
	Seed   func(t *testing.T, fields map[string]any) (id string)
	Record func(t *testing.T, id string) map[string]any
	Delete func(t *testing.T, id string)

	// Merge merges loser into winner and returns the id of what is left, which may
	// be neither's. Convert makes something else of a record. They are nil where
	// the vendor, or the type, knows no such thing.
	Merge   func(t *testing.T, winner, loser string) (survivor string)
	Convert func(t *testing.T, id string) crm.Moved

	// Revoke withdraws the grant on the vendor's side.
	Revoke func(t *testing.T)
}

// Run tests every capability of the connectors that open returns. Each call of
// open must return another account.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()

	for name, test := range map[string]func(*testing.T, Harness){
		"IdentityIsStable":                identityIsStable,
		"RevokedGrantIsUnauthorized":      revokedGrantIsUnauthorized,
		"GrantIsWithdrawnOnce":            grantIsWithdrawnOnce,
		"RecordHasAPage":                  recordHasAPage,
		"OwnersIncludeTheUser":            ownersIncludeTheUser,
		"FieldsSayWhatMayBeWritten":       fieldsSayWhatMayBeWritten,
		"ProvisioningTwiceChangesNothing": provisioningTwiceChangesNothing,
		"MissingFieldIsNamed":             missingFieldIsNamed,
		"WrittenTwiceIsOne":               writtenTwiceIsOne,
		"OverlappingWritesLeaveOne":       overlappingWritesLeaveOne,
		"EachInputHasItsOwnOutcome":       eachInputHasItsOwnOutcome,
		"FullBatchIsTaken":                fullBatchIsTaken,
		"NothingToWriteIsNothing":         nothingToWriteIsNothing,
		"UpdateByIDChangesWhatIsSent":     updateByIDChangesWhatIsSent,
		"UpdateByIDNeverCreates":          updateByIDNeverCreates,
		"StampMakesARecordOurs":           stampMakesARecordOurs,
		"TakenStampIsRefused":             takenStampIsRefused,
		"ReservedFieldIsRefused":          reservedFieldIsRefused,
		"FoundByExternalID":               foundByExternalID,
		"FoundByEmail":                    foundByEmail,
		"AwkwardValuesAreFound":           awkwardValuesAreFound,
		"FullLookUpIsTaken":               fullLookUpIsTaken,
		"DeletedIsReported":               deletedIsReported,
		"MergedIsFollowed":                mergedIsFollowed,
		"ConvertedIsFollowed":             convertedIsFollowed,
		"ListingCoversAllOnce":            listingCoversAllOnce,
		"CountStopsAtTheLimit":            countStopsAtTheLimit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			test(t, open(t))
		})
	}
}

// need returns the harness's connector as T, or skips the test when the vendor
// has no such feature.
func need[T crm.Connector](t *testing.T, h Harness) T {
	t.Helper()

	capable, err := crm.As[T](h.Connector)
	if err != nil {
		t.Skipf("%s: %v", h.Connector.Vendor(), err)
	}
	return capable
}

// ready is need of an account on which the external id field is there.
func ready[T crm.Connector](t *testing.T, h Harness) T {
	t.Helper()

	capable := need[T](t, h)
	if schema, err := crm.As[crm.Schema](h.Connector); err == nil {
		require.NoError(t, schema.Provision(t.Context(), h.Type))
	}
	return capable
}

func email(n int) string { return fmt.Sprintf("person%d@example.com", n) }

func externalID(n int) string { return fmt.Sprintf("k1.person-%d", n) }

// people returns a batch of n people, the first of whom has this number.
func (h Harness) people(first, n int) crm.Batch {
	batch := crm.Batch{Type: h.Type, Match: crm.ByExternalID}
	for i := first; i < first+n; i++ {
		batch.Writes = append(batch.Writes, crm.Write{
			Ref:        fmt.Sprintf("ref-%d", i),
			ExternalID: externalID(i),
			Fields:     h.Person(email(i)),
		})
	}
	return batch
}

// write makes one call and returns the outcomes by ref, one for each write.
func write(t *testing.T, w crm.Writer, batch crm.Batch) map[string]crm.Outcome {
	t.Helper()

	outcomes, err := w.Write(t.Context(), batch)
	require.NoError(t, err)
	return byRef(t, batch, outcomes)
}

func byRef(t *testing.T, batch crm.Batch, outcomes []crm.Outcome) map[string]crm.Outcome {
	t.Helper()

	refs := make(map[string]crm.Outcome, len(outcomes))
	for _, o := range outcomes {
		require.NotContains(t, refs, o.Ref, "two outcomes of one write")
		require.NotEqual(t, o.Err == nil, o.ID == "" || o.Effect == "", "neither a record nor an error")
		refs[o.Ref] = o
	}
	for _, w := range batch.Writes {
		require.Contains(t, refs, w.Ref, "a write without outcome")
	}
	require.Len(t, refs, len(batch.Writes))
	return refs
}

// create writes n people and returns their ids.
func create(t *testing.T, h Harness, w crm.Writer, first, n int) []string {
	t.Helper()

	batch := h.people(first, n)
	outcomes := write(t, w, batch)
	ids := make([]string, 0, n)
	for _, in := range batch.Writes {
		require.Nil(t, outcomes[in.Ref].Err)
		require.Equal(t, crm.Created, outcomes[in.Ref].Effect)
		ids = append(ids, outcomes[in.Ref].ID)
	}
	return ids
}

// find looks values up and returns what was found by id.
func find(t *testing.T, h Harness, key crm.Key, values ...string) map[string]crm.Found {
	t.Helper()

	f, err := crm.As[crm.Finder](h.Connector)
	require.NoError(t, err)
	found, err := f.Find(t.Context(), h.Type, key, values)
	require.NoError(t, err)
	byID := make(map[string]crm.Found, len(found))
	for _, r := range found {
		require.NotContains(t, byID, r.ID, "found twice")
		byID[r.ID] = r
	}
	return byID
}

// ids returns the ids of what was found.
func ids(found map[string]crm.Found) []string {
	list := make([]string, 0, len(found))
	for id := range found {
		list = append(list, id)
	}
	return list
}

// safe fails when err's text, which histories and logs keep, quotes a value.
func safe(t *testing.T, err error, values ...string) {
	t.Helper()

	for _, v := range values {
		require.NotContains(t, strings.ToLower(err.Error()), strings.ToLower(v))
	}
}
