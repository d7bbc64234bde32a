package crmsim_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/crmsim"
)

func TestSpelledTextIsReadBack(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		key, text := rapid.StringMatching(`[a-z_]{1,9}`).Draw(t, "key"), rapid.String().Draw(t, "text")
		out := crmsim.AppendString(crmsim.AppendMember([]byte{'{'}, key), text)
		out = append(crmsim.AppendString(crmsim.AppendMember(out, key+"2"), "plain"), '}')
		var got map[string]string
		require.NoError(t, json.Unmarshal(out, &got), string(out))
		require.Equal(t, map[string]string{key: text, key + "2": "plain"}, got)
	})
	require.Equal(t, `"<b> & c"`, string(crmsim.AppendString(nil, "<b> & c")), "nothing is escaped that need not be")
}
