package salesforce

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// parse reads a SOQL string as the vendor does: to the first quote that no
// backslash precedes.
func parse(t *testing.T, lit string) (value, rest string) {
	t.Helper()

	require.True(t, strings.HasPrefix(lit, "'"))
	var b strings.Builder
	for i := 1; i < len(lit); i++ {
		switch {
		case lit[i] == '\'':
			return b.String(), lit[i+1:]
		case strings.HasPrefix(lit[i:], `\u`):
			var r rune
			_, err := fmt.Sscanf(lit[i+2:i+6], "%04x", &r)
			require.NoError(t, err)
			b.WriteRune(r)
			i += 5
		case lit[i] == '\\':
			i++
			b.WriteByte(lit[i])
		default:
			b.WriteByte(lit[i])
		}
	}
	t.Fatal("string has no end")
	return "", ""
}

func FuzzLiteralHoldsItsValue(f *testing.F) {
	for _, seed := range []string{"", "plain", "o'neil", `\`, `\'`, "'", "\n\x00", "x') OR (Id != '", "é\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lit := literal(s)
		value, rest := parse(t, lit)
		require.Empty(t, rest, "the string ends early")
		require.Equal(t, string([]rune(s)), value)
		require.NotContains(t, lit, "\n")
	})
}

func TestStatementsFitTheURL(t *testing.T) {
	t.Parallel()

	const base = "https://acme--dev.sandbox.my.salesforce.com"
	values := make([]string, findBatch)
	for i := range values {
		values[i] = fmt.Sprintf("%s%03d", strings.Repeat("ü", 40), i)
	}
	all := statements(base, "SELECT Id FROM Lead", "Email", values)
	require.Greater(t, len(all), 1)

	var asked []string
	for _, soql := range all {
		require.LessOrEqual(t, len(base+queryAllPath+"?q="+url.QueryEscape(soql)), maxURL)
		list, ok := strings.CutPrefix(soql, "SELECT Id FROM Lead WHERE Email IN (")
		require.True(t, ok)
		for list != ")" {
			var v string
			v, list = parse(t, strings.TrimPrefix(list, ","))
			asked = append(asked, v)
		}
	}
	require.Equal(t, values, asked)
}

func TestNoValuesAskNothing(t *testing.T) {
	t.Parallel()

	require.Empty(t, statements("https://x", "SELECT Id FROM Lead", "Email", nil))
}

func TestNames(t *testing.T) {
	t.Parallel()

	for name, ok := range map[string]bool{
		"Contact": true, "ns__Thing__c": true, "A1": true,
		"": false, "1A": false, "_a": false, "a b": false, "a'": false, "a/b": false, "é": false, strings.Repeat("a", 81): false,
	} {
		require.Equal(t, ok, named(name), name)
	}
}
