package crmsim_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
)

// scripted returns a script of the specs.
func scripted(t *testing.T, specs ...string) *crmsim.Script {
	t.Helper()
	script := crmsim.NewScript()
	for _, spec := range specs {
		fault, err := crmsim.ParseFault(spec)
		require.NoError(t, err)
		script.Add(fault)
	}
	return script
}

// keys returns n external ids of the given batch.
func keys(batch, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%d.%d", batch, i)
	}
	return all
}

func refused(p crmsim.Plan, n int) []int {
	var all []int
	for i := range n {
		if p.Refused(i) {
			all = append(all, i)
		}
	}
	return all
}

func TestEveryNthCallIsStruck(t *testing.T) {
	t.Parallel()

	script := scripted(t, "cut-after:every=3")
	var struck []int
	for call := 1; call <= 9; call++ {
		if script.Plan(keys(call, 2)).Request == crmsim.FaultCutAfter {
			struck = append(struck, call)
		}
	}
	require.Equal(t, []int{3, 6, 9}, struck)
	require.Equal(t, 3, script.Fired()[crmsim.FaultCutAfter])
}

func TestTheFirstFaultOfACallDecidesAndTheOthersStillCount(t *testing.T) {
	t.Parallel()

	script := scripted(t, "503:every=2", "cut-before:every=4", "slow:every=3")
	var got []crmsim.FaultKind
	for call := range 4 {
		got = append(got, script.Plan(keys(call, 1)).Request)
	}
	require.Equal(t, []crmsim.FaultKind{"", "503", "slow", "503"}, got)
	require.Equal(t, 4, script.Status()[1].Calls)
	require.Zero(t, script.Status()[1].Fired)
}

func TestPoisonMarksTheMiddleOfEveryNthBatchUntilHealed(t *testing.T) {
	t.Parallel()

	script := scripted(t, "poison:every=3")
	for batch := 1; batch <= 6; batch++ {
		want := []int(nil)
		if batch%3 == 0 {
			want = []int{2}
		}
		require.Equal(t, want, refused(script.Plan(keys(batch, 5)), 5), "batch %d", batch)
	}
	require.Equal(t, []string{"3.2", "6.2"}, script.Status()[0].Marked)
	require.Equal(t, []int{0}, refused(script.Plan([]string{"3.2", "1.1"}), 2), "a mark is refused wherever it comes")

	script.Heal()
	require.Empty(t, refused(script.Plan(keys(3, 5)), 5))
	require.Empty(t, script.Status()[0].Marked)
}

func TestSplittingARefusedBatchMakesNoNewMarks(t *testing.T) {
	t.Parallel()

	script := scripted(t, "whole-400:every=1")
	all := keys(1, 64)
	require.Equal(t, crmsim.FaultWhole, script.Plan(all).Request)

	refusals := 0
	for from, to := 0, len(all); to-from > 1; {
		half := (from + to) / 2
		if script.Plan(all[from:half]).Request == crmsim.FaultWhole {
			to = half
		} else {
			require.Equal(t, crmsim.FaultWhole, script.Plan(all[half:to]).Request)
			from = half
		}
		refusals++
	}
	require.Equal(t, 6, refusals)
	require.Equal(t, []string{"1.32"}, script.Status()[0].Marked)
}

func TestRowsSpreadsMarksOneACall(t *testing.T) {
	t.Parallel()

	script := scripted(t, "poison:rows=3")
	for batch := range 10 {
		script.Plan(keys(batch, 4))
	}
	require.Equal(t, []string{"0.2", "1.2", "2.2"}, script.Status()[0].Marked)

	script.Heal()
	for batch := range 12 {
		script.Plan(keys(batch, 4))
	}
	require.Empty(t, script.Status()[0].Marked, "healed marks are not made again")
}

func TestRowsOnAWholeCallFaultSticksToTheRow(t *testing.T) {
	t.Parallel()

	script := scripted(t, "503:rows=1")
	require.Equal(t, crmsim.FaultUnavailable, script.Plan(keys(1, 3)).Request)
	require.Empty(t, script.Plan(keys(2, 3)).Request)
	require.Equal(t, crmsim.FaultUnavailable, script.Plan([]string{"1.1"}).Request)
	script.Heal()
	require.Empty(t, script.Plan([]string{"1.1"}).Request)
}

func TestChanceDecidesAlikeForTheSameRecord(t *testing.T) {
	t.Parallel()

	all := keys(1, 2000)
	first := scripted(t, "poison:p=0.1")
	first.Plan(all)
	second := scripted(t, "poison:p=0.1")
	for i := 0; i < len(all); i += 50 {
		second.Plan(all[i : i+50])
	}
	require.Equal(t, first.Status()[0].Marked, second.Status()[0].Marked)
	require.InDelta(t, 200, len(first.Status()[0].Marked), 60)
}

func TestLockStrikesOneRecordOnce(t *testing.T) {
	t.Parallel()

	script := scripted(t, "lock:rows=1", "poison:every=1")
	first := script.Plan(keys(1, 3))
	require.True(t, first.Locked(1))
	require.False(t, first.Locked(0))
	require.True(t, first.Refused(1), "faults on records add up")
	require.False(t, script.Plan(keys(1, 3)).Locked(1))
}

func TestRecordsWithoutExternalIDAreNeverMarked(t *testing.T) {
	t.Parallel()

	script := scripted(t, "poison:every=1")
	require.Empty(t, refused(script.Plan([]string{"", "", ""}), 3))
}

func TestExpireStrikesAnyCall(t *testing.T) {
	t.Parallel()

	script := scripted(t, "expire:every=2")
	require.False(t, script.Expires())
	require.True(t, script.Expires())
	require.Empty(t, script.Plan(keys(1, 1)).Request)
	require.Equal(t, 1, script.Status()[0].Fired)
}

func TestAWholeRefusalIsNotOverruled(t *testing.T) {
	t.Parallel()

	script := scripted(t, "cut-after", "whole-500:rows=1", "whole-400:rows=1")
	require.Equal(t, crmsim.FaultBroken, script.Plan(keys(1, 3)).Request)
	require.Equal(t, crmsim.FaultCutAfter, script.Plan(keys(2, 3)).Request)
}

func TestFaultsOfTokensStrikeRefreshesAlone(t *testing.T) {
	t.Parallel()

	script := scripted(t, "token-429:every=2", "token-503:rows=2")
	require.Empty(t, script.Plan(keys(1, 1)).Request)
	require.False(t, script.Expires())
	script.Add(crmsim.Fault{Kind: crmsim.FaultTokenCut, Every: 4})
	var got []crmsim.FaultKind
	for range 4 {
		got = append(got, script.Refreshes())
	}
	for _, f := range script.Status() {
		require.Equal(t, 4, f.Calls, f.Spec)
	}
	require.Equal(t, []crmsim.FaultKind{crmsim.FaultTokenUnavailable, crmsim.FaultTokenLimited, crmsim.FaultTokenUnavailable, crmsim.FaultTokenLimited}, got)
	require.Equal(t, map[crmsim.FaultKind]int{crmsim.FaultTokenLimited: 2, crmsim.FaultTokenUnavailable: 2}, script.Fired())
}

func TestClearKeepsTheCounts(t *testing.T) {
	t.Parallel()

	script := scripted(t, "429")
	script.Plan(keys(1, 1))
	script.Clear()
	require.Empty(t, script.Plan(keys(2, 1)).Request)
	require.Empty(t, script.Status())
	require.Equal(t, 1, script.Fired()[crmsim.FaultLimited])
}
