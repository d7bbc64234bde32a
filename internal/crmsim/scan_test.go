package crmsim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
)

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
		s := crmsim.NewScanner(text)
		got := make(map[string]string)
		s.Members(func(key string) { got[key] = s.Raw() })
		if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
			require.Error(t, s.End())
			return
		}
		require.Equal(t, err == nil, s.End() == nil, text)
		if err != nil {
			return
		}
		require.Len(t, got, len(want))
		for key, raw := range want {
			require.JSONEq(t, string(raw), got[key])
		}
	})
}
