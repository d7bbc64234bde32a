package activities_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: L01
func TestWhatTheCRMHasIsFoundByListingItOnce(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	for i := range 30 {
		b.crm.add(fakeRecord{typ: "Contact", email: strings.ToUpper(email(i))})
	}
	known := b.crm.add(fakeRecord{typ: "Contact", external: b.key(50), email: "other@example.com"})
	b.load(t, 60)
	b.begin(t, lockstep.LinkUpList)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 60, Created: 29, Updated: 31}, out.Counts)
	require.Len(t, b.crm.live(), 60)
	require.Equal(t, email(50), b.crm.records[known].email, "by the stamp of an earlier connection")
	require.Equal(t, 4, b.crm.lists)
	require.Zero(t, b.crm.finds)
}

func TestEmptyCRMIsAskedOnce(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	b.load(t, 45)
	b.begin(t, lockstep.LinkUpList)
	require.EqualValues(t, 45, b.chunk(t).Counts.Created)
	require.Equal(t, 1, b.crm.lists)
	require.Zero(t, b.crm.finds)
}

func TestListingThatCostsMoreThanAskingIsGivenUp(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	for i := range 200 {
		b.crm.add(fakeRecord{typ: "Contact", email: fmt.Sprintf("stranger%03d@example.com", i)})
	}
	b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.load(t, 20)
	b.begin(t, lockstep.LinkUpList)
	out := b.chunk(t)

	require.Equal(t, lockstep.Counts{Total: 20, Created: 19, Updated: 1}, out.Counts)
	require.Equal(t, 2, b.crm.lists, "as many as the asking costs")
	require.Equal(t, 2, b.crm.finds)
}

func TestListingThatBrokeOffGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	for i := range 40 {
		b.crm.add(fakeRecord{typ: "Contact", email: email(i)})
	}
	b.load(t, 60)
	b.crm.list = func(call int) error {
		if call == 3 {
			return &crm.Error{Kind: crm.KindUnauthorized, Reason: crm.ReasonGrant}
		}
		return nil
	}
	b.begin(t, lockstep.LinkUpList)
	require.Equal(t, flow.VerdictUnauthorized, b.chunk(t).Verdict)
	require.Zero(t, b.crm.calls, "nothing is written before it is known what is there")

	out := b.chunk(t)
	require.Equal(t, lockstep.Counts{Total: 60, Created: 20, Updated: 40}, out.Counts)
	require.Equal(t, 5, b.crm.lists)
}

func TestCRMThatCannotBeListedIsAsked(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.load(t, 5)
	b.crm.list = func(int) error { return &crm.Error{Kind: crm.KindForbidden} }
	b.begin(t, lockstep.LinkUpList)
	require.Equal(t, lockstep.Counts{Total: 5, Created: 4, Updated: 1}, b.chunk(t).Counts)
}

func TestRecordThatIsDeletedAfterItWasListedIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	gone := b.crm.add(fakeRecord{typ: "Contact", email: email(0)})
	b.load(t, 3)
	b.force = true
	b.crm.write = func(call int, _ crm.Batch) error {
		if call == 1 {
			b.crm.records[gone].deleted = true
		}
		return nil
	}
	b.begin(t, lockstep.LinkUpList)
	require.Equal(t, lockstep.Counts{Total: 3, Created: 3}, b.chunk(t).Counts)
	require.Len(t, b.inCRM(t), 3)
}
