package hubspot

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPathsMeanTheSameInBothSpellings(t *testing.T) {
	t.Parallel()

	for path, want := range map[string]string{
		"/crm/v3/objects/contacts/batch/upsert":      "/objects/contacts/batch/upsert",
		"/crm/objects/2026-03/contacts/batch/upsert": "/objects/contacts/batch/upsert",
		"/crm/v3/owners/":                            "/owners",
		"/crm/owners/2026-03":                        "/owners",
		"/account-info/v3/details":                   "/account-info/details",
		"/account-info/2026-03/details":              "/account-info/details",
		"/crm/v3/objects/contacts/a%2Fb":             "/objects/contacts/a%2Fb",
		"/crm/v4/objects/contacts":                   "",
		"/crm/v3":                                    "",
		"/crm/objects/v3/contacts":                   "",
		"/objects/contacts":                          "",
		"/":                                          "",
	} {
		got, ok := resource(path)
		require.Equal(t, want, got, path)
		require.Equal(t, want != "", ok, path)
	}
}

func TestEMailAddresses(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]bool{
		"a@b.co": true, "first.last+tag@sub.example.info": true, "o'hara@ex-ample.com": true, "ä@b.co": true,
		"badone": false, "@b.co": false, "a@": false, "a@b": false, "a b@c.de": false, "a@b..co": false, "a@b.c": false,
		"a@-b.co": false, "a@b@c.co": false, "a,b@c.co": false, ".a@b.co": false, "a..b@c.co": false,
	} {
		require.Equal(t, want, validEmail(text), text)
	}
}

func TestBoxesTickedAddUp(t *testing.T) {
	t.Parallel()

	boxes := checks("x", "X")[0]
	for _, c := range []struct{ had, text, want string }{
		{"", "a;b", "a;b"},
		{"a;b", "c", "c"},
		{"a;b", ";c", "a;b;c"},
		{"a;b", ";b;c", "a;b;c"},
		{"", ";c", "c"},
		{"a", "", ""},
	} {
		require.Equal(t, c.want, boxes.merged(c.had, c.text), "%+v", c)
	}
	require.Equal(t, ";c", pick("x", "X")[0].merged("a", ";c"))
}

// The index takes a record for what it was before everything that was written
// within the lag, and for nothing else.
func TestTheJournalKeepsWhatTheIndexKnows(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		const lag = 10 * time.Second
		var j journal
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		records := make([]*record, 3)
		history := make([][]entry, 3) // of each: when it became what
		for i := range records {
			records[i] = &record{}
			history[i] = []entry{{at: at.Add(-time.Hour)}}
		}
		for n := range rapid.IntRange(1, 30).Draw(t, "writes") {
			at = at.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "passed")) * time.Second)
			i := rapid.IntRange(0, 2).Draw(t, "record")
			j.add(at, lag, records[i], *records[i])
			*records[i] = record{id: int64(n + 1)}
			history[i] = append(history[i], entry{at: at, was: *records[i]})
		}
		at = at.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "later")) * time.Second)
		stale := j.stale(at, lag)
		for i, r := range records {
			var want record
			for _, e := range history[i] {
				if at.Sub(e.at) >= lag {
					want = e.was
				}
			}
			got := *r
			if was, old := stale[r]; old {
				got = was
			}
			require.Equal(t, want, got)
		}
	})
}
