package salesforce

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIDsCarryTheRecordedSuffix(t *testing.T) {
	t.Parallel()

	// From the recordings: grouparoo, amp-labs, CumulusCI.
	for _, id := range []string{"0014S000007NxmlQAC", "0034S000005YJVlQAO", "00Q4S000002sSacUAE", "0PSak00000M9uBBGAZ", "001ak00000OQTieAAH", "0015500001QdZPKAA3"} {
		full, ok := longID(id[:15])
		require.True(t, ok)
		require.Equal(t, id, full)
		full, ok = longID(id)
		require.True(t, ok)
		require.Equal(t, id, full)
	}
	for _, id := range []string{"", "23foo", "001RM000003oLrB000", "0014S000007NxmlQAX", "0014S00000-NxmlQAC"} {
		_, ok := longID(id)
		require.False(t, ok, id)
	}
}

func TestIDsAreNumberedAndFoundByNumber(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1<<40).Draw(t, "n")
		id := makeID("003", "5g0", n)
		require.Len(t, id, idLength)
		require.Equal(t, n, number(id, "003", "5g0"))
		require.Equal(t, -1, number(id, "00Q", "5g0"))
		require.Less(t, id[:shortID], makeID("003", "5g0", n+1)[:shortID], "later ids sort later")
	})
}

func TestARowRemembersTheLatestOfEachField(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		want := make(map[int]string)
		var r row
		for range rapid.IntRange(1, 8).Draw(t, "updates") {
			var changes []change
			for field := range 200 {
				if rapid.IntRange(0, 30).Draw(t, "changed") == 0 {
					text := rapid.String().Draw(t, "text")
					changes = append(changes, change{field: field, text: text})
					want[field] = text
				}
			}
			r = r.with(changes)
		}
		previous := -1
		for field, text := range r.all() {
			require.Greater(t, field, previous)
			require.NotEmpty(t, text)
			previous = field
		}
		for field := range 200 {
			require.Equal(t, want[field], r.get(field))
		}
	})
}

func TestEMailAddresses(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]bool{
		"a@b.co": true, "first.last+tag@sub.example.info": true, "o'hara@ex-ample.com": true,
		"badone": false, "@b.co": false, "a@": false, "a@b": false, "a b@c.de": false, "a@b..co": false, "a@b.c": false,
		"a@-b.co": false, "a@b_c.co": false, "ä@b.co": false, "a@b@c.co": false, "a,b@c.co": false,
	} {
		require.Equal(t, want, validEmail(text), text)
	}
}

// FuzzScanner holds the scanner against encoding/json: they take the same
// texts, and read the same members.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[true,null,{"c":"d\u00e9\n"}],"e":-1.5e3}`, `{"a":"\ud83d\ude00","b":""}`, `{"a":}`, `{"a" 1}`, `[1,]`, `{"a":tru}`, ` { "x" : "y" } `, `{"":"\`, "{}\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want map[string]json.RawMessage
		err := json.Unmarshal([]byte(text), &want)
		s := scanner{data: text}
		got := make(map[string]string)
		s.members(func(key string) { got[key] = s.raw() })
		if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
			require.Error(t, s.end())
			return
		}
		require.Equal(t, err == nil, s.end() == nil, text)
		if err != nil {
			return
		}
		require.Len(t, got, len(want))
		for key, raw := range want {
			require.JSONEq(t, string(raw), got[key])
		}
	})
}

// FuzzSOQL holds the parser to ending and to saying where it stumbled.
func FuzzSOQL(f *testing.F) {
	for _, seed := range []string{
		"SELECT Id FROM Contact", "SELECT COUNT() FROM Lead WHERE (A = 'b' OR C IN ('d','e\\'')) AND NOT F >= 2026-01-01T00:00:00Z ORDER BY G DESC NULLS LAST LIMIT 5",
		"SELECT", "'", "((((", "SELECT Id FROM Contact WHERE A = ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, bad := parseSOQL(text)
		if bad != nil {
			require.Contains(t, bad.message, text)
			return
		}
		require.NotEmpty(t, s.from.text)
	})
}
