package salesforce

import (
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
