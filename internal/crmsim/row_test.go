package crmsim_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/crmsim"
)

func TestARowRemembersTheLatestOfEachField(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		want := make(map[int]string)
		var r crmsim.Row
		for range rapid.IntRange(1, 8).Draw(t, "updates") {
			var changes []crmsim.Change
			for field := range 200 {
				if rapid.IntRange(0, 30).Draw(t, "changed") == 0 {
					text := rapid.String().Draw(t, "text")
					changes = append(changes, crmsim.Change{Field: field, Text: text})
					want[field] = text
				}
			}
			r = r.With(changes)
		}
		previous := -1
		for field, text := range r.All() {
			require.Greater(t, field, previous)
			require.NotEmpty(t, text)
			previous = field
		}
		for field := range 200 {
			require.Equal(t, want[field], r.Get(field))
		}
	})
}
