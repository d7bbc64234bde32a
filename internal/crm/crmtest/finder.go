package crmtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func foundByExternalID(t *testing.T, h Harness) {
	need[crm.Finder](t, h)
	made := create(t, h, ready[crm.Writer](t, h), 0, 3)
	found := find(t, h, crm.KeyExternalID, externalID(0), externalID(2), externalID(99))

	require.Equal(t, map[string]crm.Found{
		made[0]: {ID: made[0], ExternalID: externalID(0), Email: email(0)},
		made[2]: {ID: made[2], ExternalID: externalID(2), Email: email(2)},
	}, found)
}

func foundByEmail(t *testing.T, h Harness) {
	ready[crm.Finder](t, h)
	one := h.Seed(t, h.Person("Ada@Example.com"))
	all := []string{one}
	if !h.UniqueEmail {
		all = append(all, h.Seed(t, h.Person("ada@example.COM")))
	}
	h.Seed(t, h.Person("grace@example.com"))
	found := find(t, h, crm.KeyEmail, "ADA@example.com", "nobody@example.com")

	require.ElementsMatch(t, all, ids(found))
	require.True(t, strings.EqualFold("ada@example.com", found[one].Email))
}

func awkwardValuesAreFound(t *testing.T, h Harness) {
	ready[crm.Finder](t, h)
	irish := h.Seed(t, h.Person("o'neil+a%b&c@example.com"))
	h.Seed(t, h.Person("other@example.com"))

	require.Equal(t, []string{irish}, ids(find(t, h, crm.KeyEmail, "O'Neil+a%b&c@example.com")))
	require.Empty(t, find(t, h, crm.KeyEmail, ""), "nobody has it, however many have none")
	require.Empty(t, find(t, h, crm.KeyEmail, "x') OR (Id != '", `\`, `\'`, "\n", strings.Repeat("x", 100_000)))
	require.Empty(t, find(t, h, crm.KeyID, "'", "not an id"))
}

func fullLookUpIsTaken(t *testing.T, h Harness) {
	f := ready[crm.Finder](t, h)
	made := h.Seed(t, h.Person(email(0)))
	values := make([]string, h.Limits.FindBatch)
	for i := range values {
		values[i] = strings.Repeat("a", 40) + email(i) // so many do not fit one URL
	}
	values[len(values)-1] = email(0)
	require.Equal(t, []string{made}, ids(find(t, h, crm.KeyEmail, values...)))

	_, err := f.Find(t.Context(), h.Type, crm.KeyEmail, append(values, "one@more"))
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
}

func deletedIsReported(t *testing.T, h Harness) {
	need[crm.Finder](t, h)
	made := create(t, h, ready[crm.Writer](t, h), 0, 2)
	h.Delete(t, made[0])
	found := find(t, h, crm.KeyID, made...)

	require.True(t, found[made[0]].Deleted)
	require.Nil(t, found[made[0]].MovedTo)
	require.False(t, found[made[1]].Deleted)
	require.Empty(t, find(t, h, crm.KeyExternalID, externalID(0)), "the deleted are reported by id alone")
}

func mergedIsFollowed(t *testing.T, h Harness) {
	need[crm.Finder](t, h)
	if h.Merge == nil {
		t.Skip("nothing is merged")
	}
	made := create(t, h, ready[crm.Writer](t, h), 0, 4)
	survivor := h.Merge(t, h.Merge(t, made[1], made[0]), made[2])
	found := find(t, h, crm.KeyID, append(made, survivor)...)

	for _, loser := range made[:3] {
		if loser == survivor {
			continue
		}
		require.Equal(t, &crm.Moved{Type: h.Type, ID: survivor}, found[loser].MovedTo)
		require.False(t, found[loser].Deleted, "it lives on")
	}
	require.Nil(t, found[survivor].MovedTo)
	require.Nil(t, found[made[3]].MovedTo)

	h.Delete(t, survivor)
	found = find(t, h, crm.KeyID, made[0])
	require.Nil(t, found[made[0]].MovedTo)
	require.True(t, found[made[0]].Deleted, "what it was merged into is gone")
}

func convertedIsFollowed(t *testing.T, h Harness) {
	need[crm.Finder](t, h)
	if h.Convert == nil {
		t.Skip("nothing is converted")
	}
	w := ready[crm.Writer](t, h)
	made := create(t, h, w, 0, 2)
	to := h.Convert(t, made[0])
	for _, found := range []map[string]crm.Found{
		find(t, h, crm.KeyID, made...),
		find(t, h, crm.KeyExternalID, externalID(0), externalID(1)),
	} {
		require.Equal(t, &to, found[made[0]].MovedTo)
		require.Nil(t, found[made[1]].MovedTo)
	}

	outcomes := write(t, w, crm.Batch{Type: h.Type, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "converted", ID: made[0], Fields: h.Person(email(0))},
	}})
	require.NotNil(t, outcomes["converted"].Err)
	require.Equal(t, crm.ReasonConverted, outcomes["converted"].Err.Reason)
}

func listingCoversAllOnce(t *testing.T, h Harness) {
	f := need[crm.Finder](t, h)
	w := ready[crm.Writer](t, h)
	page, next, err := f.List(t.Context(), h.Type, "")
	require.NoError(t, err)
	require.Empty(t, page)
	require.Empty(t, next)

	made := make(map[string]string) // id → external id
	for first := 0; first <= h.Limits.ListPage; first += h.Limits.WriteBatch {
		for i, id := range create(t, h, w, first, h.Limits.WriteBatch) {
			made[id] = externalID(first + i)
		}
	}
	pages := 0
	for next = ""; pages == 0 || next != ""; pages++ {
		page, next, err = f.List(t.Context(), h.Type, next)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), h.Limits.ListPage)
		for _, r := range page {
			require.Equal(t, made[r.ID], r.ExternalID)
			delete(made, r.ID)
		}
	}
	require.Empty(t, made)
	require.Greater(t, pages, 1)
}

func countStopsAtTheLimit(t *testing.T, h Harness) {
	f := need[crm.Finder](t, h)
	create(t, h, ready[crm.Writer](t, h), 0, 7)

	all, err := f.Count(t.Context(), h.Type, 100)
	require.NoError(t, err)
	require.Equal(t, 7, all)
	some, err := f.Count(t.Context(), h.Type, 5)
	require.NoError(t, err)
	require.GreaterOrEqual(t, some, 5)
}
