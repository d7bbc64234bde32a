package crmsim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
)

func TestParseFaultReadsEveryForm(t *testing.T) {
	t.Parallel()

	for spec, want := range map[string]crmsim.Fault{
		"503":               {Kind: crmsim.FaultUnavailable, Every: 1},
		"cut-after:every=7": {Kind: crmsim.FaultCutAfter, Every: 7},
		"poison:rows=3":     {Kind: crmsim.FaultPoison, Rows: 3},
		"429-after:p=0.25":  {Kind: crmsim.FaultLimitedAfter, Chance: 0.25},
		"whole-500:rows=1":  {Kind: crmsim.FaultBroken, Rows: 1},
		"token-429:rows=2":  {Kind: crmsim.FaultTokenLimited, Rows: 2},
		"token-busy":        {Kind: crmsim.FaultTokenBusy, Every: 1},
		"token-503":         {Kind: crmsim.FaultTokenUnavailable, Every: 1},
		"token-cut":         {Kind: crmsim.FaultTokenCut, Every: 1},
		"token-cut-after":   {Kind: crmsim.FaultTokenCutAfter, Every: 1},
	} {
		got, err := crmsim.ParseFault(spec)
		require.NoError(t, err, spec)
		require.Equal(t, want, got)

		again, err := crmsim.ParseFault(got.String())
		require.NoError(t, err, spec)
		require.Equal(t, want, again)
	}
}

func TestParseFaultNamesTheAllowedForms(t *testing.T) {
	t.Parallel()

	for _, spec := range []string{"", "404", "cut", "503:", "503:every", "503:every=0", "503:every=-1", "poison:rows=x", "lock:p=0", "lock:p=1.5", "slow:each=2"} {
		_, err := crmsim.ParseFault(spec)
		require.ErrorContains(t, err, "KIND[:every=N|rows=N|p=F]", spec)
	}
}
