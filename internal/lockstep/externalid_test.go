package lockstep_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/lockstep"
)

func TestExternalIDKeepsWhatEveryCRMKeeps(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ id, want string }{
		"plain":         {"lead-17.a_b", "abcd2345.lead-17.a_b"},
		"upper case":    {"2FCBFE58CC70308", "abcd2345.~"},
		"space":         {"a b", "abcd2345.~"},
		"letter beyond": {"zoë", "abcd2345.~"},
		"tilde":         {"~a", "abcd2345.~"},
		"too long":      {strings.Repeat("a", 56), "abcd2345.~"},
		"just fits":     {strings.Repeat("a", 55), "abcd2345." + strings.Repeat("a", 55)},
		"empty":         {"", "abcd2345.~"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := lockstep.ExternalID("abcd2345", test.id)
			if strings.HasSuffix(test.want, "~") {
				require.True(t, strings.HasPrefix(got, test.want), got)
				return
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestExternalIDsAreShortSafeAndNeverMeet(t *testing.T) {
	t.Parallel()
	safe := regexp.MustCompile(`^[a-z0-9]{8}\.[a-z0-9._~-]+$`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		x, y := lockstep.ExternalID("abcd2345", a), lockstep.ExternalID("abcd2345", b)
		if !safe.MatchString(x) || len(x) > lockstep.ExternalIDLength {
			t.Fatalf("%q is not safe", x)
		}
		if (x == y) != (a == b) {
			t.Fatalf("%q and %q meet", a, b)
		}
		if lockstep.ExternalID("zzzz2345", a) == x || !lockstep.OwnExternalID("abcd2345", x) || lockstep.OwnExternalID("abcd234", x) {
			t.Fatalf("%q does not tell its workspace", x)
		}
	})
}
