package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// live counts the sandbox's live contacts, whoever they belong to.
func (w *world) live(t *testing.T) int {
	t.Helper()
	n := 0
	for _, r := range w.records(t) {
		if !r.Deleted && r.Object == w.vendor.contact {
			n++
		}
	}
	return n
}

// FEATURES: L01, V03, K01
func TestRecordsThatTheCRMHasAreLinkedAndNotDoubled(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 30})
		ids := w.seed(t, w.person("c00003@example.com", "Before"), w.person("C00007@Example.com", "Before"), w.person("stranger@example.com", "Stranger"))
		run := w.imported(t)

		require.Equal(t, lockstep.Counts{Total: 30, Created: 28, Updated: 2}, run.Counts)
		require.Equal(t, ids[0], w.ledger(t)["C-00003"].CRMID)
		require.Equal(t, ids[1], w.ledger(t)["C-00007"].CRMID, "addresses are compared without regard to case")
		require.Equal(t, "Stranger", w.records(t)[ids[2]].Fields[v.lastName], "who is nobody of ours is left alone")
		require.Equal(t, 31, w.live(t))
		w.requireLanded(t)
	})
}

// FEATURES: L01, V02
func TestSeveralMatchesWaitForAPerson(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 10})
	ids := w.seed(t, w.person("c00003@example.com", "One"), w.person("c00003@example.com", "Two"))
	run := w.imported(t)
	require.Equal(t, lockstep.Counts{Total: 10, Created: 9, Waiting: 1}, run.Counts)
	require.Equal(t, lockstep.Code(crm.ReasonAmbiguous), w.ledger(t)["C-00003"].Problem)
	w.requireTrue(t)

	w.sim(t, http.MethodPost, "merge", fmt.Sprintf(`{"winner":%q,"loser":%q}`, ids[0], ids[1]), nil)
	w.retry(t, flow.Request{Problem: lockstep.Code(crm.ReasonAmbiguous)})
	require.Equal(t, ids[0], w.ledger(t)["C-00003"].CRMID)
	w.requireLanded(t)
}

// FEATURES: V03, L01
func TestTwoWorkspacesOnOneAccountShareRecordsAndLeaveEachOthersStamps(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		first := begin(t, options{vendor: v, contacts: 20})
		first.imported(t)
		second := first.neighbour(t)
		second.load(t, changed(contacts(10, 30), "Second's")...)
		run := second.imported(t)

		require.Equal(t, lockstep.Counts{Total: 20, Created: 10, Updated: 10}, run.Counts)
		require.Len(t, first.landed(t), 20, "the first one's stamps are where they were")
		require.Len(t, second.landed(t), 10)
		require.Equal(t, 30, first.live(t))
		require.Equal(t, first.ledger(t)["C-00015"].CRMID, second.ledger(t)["C-00015"].CRMID)
		second.requireLanded(t)

		first.load(t, changed(contacts(0, 20), "First's")...)
		first.sync(t)
		require.Equal(t, 30, first.live(t))
		first.requireLanded(t)
	})
}

// FEATURES: L01, V01, V03
func TestSecondRecordOfOneAddressIsSkippedAndNamesTheFirst(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 20})
		w.load(t, contact("again", "C00005@example.com", "Again"))
		run := w.imported(t)
		require.Equal(t, lockstep.Counts{Total: 21, Created: 20, Skipped: 1}, run.Counts)
		w.load(t, contact("late", "c00006@example.com", "Late"))
		w.sync(t)

		rows := w.ledger(t)
		for one, other := range map[string]string{"again": "C-00005", "late": "C-00006"} {
			require.Equal(t, lockstep.CodeSameRecord, rows[one].Problem)
			require.Equal(t, other, rows[one].Detail, "it names the first")
		}
		require.Equal(t, 20, w.live(t))
		w.requireTrue(t)
	})
}

// FEATURES: V02, V03, R01, K01
func TestRecordThatWasDeletedInTheCRMIsLeftAloneUntilAPersonAsks(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 20})
		w.imported(t)
		gone := w.ledger(t)["C-00004"].CRMID
		w.sim(t, http.MethodDelete, "records/"+gone, "", nil)
		w.load(t, changed(contacts(0, 10), "Changed")...)
		w.sync(t)
		require.Equal(t, lockstep.StateSkipped, w.ledger(t)["C-00004"].State)
		require.Equal(t, lockstep.Code(crm.ReasonDeleted), w.ledger(t)["C-00004"].Problem)
		require.Equal(t, 19, w.live(t))
		w.requireTrue(t)

		w.retry(t, flow.Request{Problem: lockstep.Code(crm.ReasonDeleted)})
		require.NotEqual(t, gone, w.ledger(t)["C-00004"].CRMID)
		require.Equal(t, 20, w.live(t))
		w.requireLanded(t)
	})
}

// FEATURES: V03, L03
func TestLinkFollowsAMergeToItsSurvivor(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 20})
		w.imported(t)
		stranger := w.seed(t, w.person("survivor@example.com", "Survivor"))[0]
		was := w.ledger(t)["C-00004"].CRMID
		w.sim(t, http.MethodPost, "merge", fmt.Sprintf(`{"winner":%q,"loser":%q}`, stranger, was), nil)
		w.load(t, changed(contacts(0, 10), "Changed")...)
		w.sync(t)

		now := w.ledger(t)["C-00004"]
		require.NotEqual(t, was, now.CRMID)
		require.Equal(t, "Changed", w.records(t)[now.CRMID].Fields[v.lastName])
		require.Equal(t, 20, w.live(t))
		w.requireLanded(t)
	})
}

// FEATURES: L02, V03
func TestLinkFollowsAConvertedLeadToItsContact(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 20, target: "Lead"})
	w.imported(t)
	require.Equal(t, "Lead", w.ledger(t)["C-00004"].CRMType)
	var converted struct{ Contact string }
	w.sim(t, http.MethodPost, "convert", fmt.Sprintf(`{"lead":%q}`, w.ledger(t)["C-00004"].CRMID), &converted)
	w.load(t, changed(contacts(0, 10), "Changed")...)
	w.sync(t)

	now := w.ledger(t)["C-00004"]
	require.Equal(t, "Contact", now.CRMType)
	require.Equal(t, converted.Contact, now.CRMID)
	w.requireLanded(t)
}

// FEATURES: V03
func TestOddAndOverlongExternalIDsLandOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v})
		odd := []string{
			"UPPER", "upper", "with space", "zoë", "semi;colon,comma", "o'brien", `back\slash"quote`, "50%2F50", "a/b/c", "~", "名前", strings.Repeat("x", 56), strings.Repeat("x", 255),
		}
		for i, external := range odd {
			w.load(t, contact(external, fmt.Sprintf("odd-%d@example.com", i), "Odd"))
		}
		run := w.imported(t)
		require.EqualValues(t, len(odd), run.Counts.Created)
		for i, external := range odd {
			w.load(t, contact(external, fmt.Sprintf("odd-%d@example.com", i), "Changed"))
		}
		w.sync(t)
		require.Equal(t, len(odd), w.live(t))
		w.requireLanded(t)
	})
}
