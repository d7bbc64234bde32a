package crmtest

import (
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func writtenTwiceIsOne(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	batch := h.people(0, 3)
	first := write(t, w, batch)
	second := write(t, w, batch)

	for _, in := range batch.Writes {
		require.Nil(t, first[in.Ref].Err)
		require.Nil(t, second[in.Ref].Err)
		require.Equal(t, crm.Created, first[in.Ref].Effect)
		require.Equal(t, crm.Updated, second[in.Ref].Effect)
		require.Equal(t, first[in.Ref].ID, second[in.Ref].ID)
	}
	require.Len(t, find(t, h, crm.KeyExternalID, externalID(0), externalID(1), externalID(2)), 3)
}

func overlappingWritesLeaveOne(t *testing.T, h Harness) {
	const calls, records = 8, 20
	w := ready[crm.Writer](t, h)
	batch := h.people(0, records)

	var wg sync.WaitGroup
	answers := make([][]crm.Outcome, calls)
	errs := make([]error, calls)
	for i := range calls {
		wg.Go(func() { answers[i], errs[i] = w.Write(t.Context(), batch) })
	}
	wg.Wait()

	landed := make(map[string]string) // ref → id
	for i := range calls {
		require.NoError(t, errs[i])
		for ref, o := range byRef(t, batch, answers[i]) {
			if o.Err != nil {
				require.Equal(t, crm.KindConflict, o.Err.Kind, "a call that lost the race may say so, and no more")
				continue
			}
			if id, ok := landed[ref]; ok {
				require.Equal(t, id, o.ID)
			}
			landed[ref] = o.ID
		}
	}
	require.Len(t, landed, records)
	for _, in := range batch.Writes {
		require.Equal(t, []string{landed[in.Ref]}, ids(find(t, h, crm.KeyExternalID, in.ExternalID)))
	}
}

func eachInputHasItsOwnOutcome(t *testing.T, h Harness) {
	const bad = 2
	w := ready[crm.Writer](t, h)
	batch := h.people(0, 5)
	maps.Copy(batch.Writes[bad].Fields, h.Refused)
	outcomes := write(t, w, batch)

	for i, in := range batch.Writes {
		found := find(t, h, crm.KeyExternalID, in.ExternalID)
		if i != bad {
			require.Nil(t, outcomes[in.Ref].Err)
			require.Equal(t, []string{outcomes[in.Ref].ID}, ids(found))
			continue
		}
		refused := outcomes[in.Ref].Err
		require.NotNil(t, refused)
		require.Equal(t, crm.KindInvalid, refused.Kind)
		require.NotEmpty(t, refused.Reason)
		require.NotEmpty(t, refused.Fields)
		require.Empty(t, found)
		safe(t, refused, email(i), in.ExternalID)
	}
}

func fullBatchIsTaken(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	create(t, h, w, 0, h.Limits.WriteBatch)

	_, err := w.Write(t.Context(), h.people(0, h.Limits.WriteBatch+1))
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
}

func nothingToWriteIsNothing(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	outcomes, err := w.Write(t.Context(), crm.Batch{Type: h.Type, Match: crm.ByExternalID})

	require.NoError(t, err)
	require.Empty(t, outcomes)
}

func updateByIDChangesWhatIsSent(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	id := create(t, h, w, 0, 1)[0]
	before := h.Record(t, id)

	set := write(t, w, crm.Batch{Type: h.Type, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "set", ID: id, Fields: map[string]any{h.Title: "Countess"}},
	}})
	require.Equal(t, crm.Outcome{Ref: "set", ID: id, Effect: crm.Updated}, set["set"])
	require.Equal(t, "Countess", h.Record(t, id)[h.Title])
	require.Equal(t, before[h.Email], h.Record(t, id)[h.Email])

	cleared := write(t, w, crm.Batch{Type: h.Type, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "clear", ID: id, Fields: map[string]any{h.Title: nil}},
	}})
	require.Nil(t, cleared["clear"].Err)
	require.Empty(t, h.Record(t, id)[h.Title])
	require.Equal(t, []string{id}, ids(find(t, h, crm.KeyExternalID, externalID(0))), "the external id is left alone")
}

func updateByIDNeverCreates(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	made := create(t, h, w, 0, 2)
	h.Delete(t, made[0])
	outcomes := write(t, w, crm.Batch{Type: h.Type, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "gone", ID: made[0], Fields: h.Person(email(0))},
		{Ref: "there", ID: made[1], Fields: h.Person(email(1))},
	}})

	require.NotNil(t, outcomes["gone"].Err)
	require.Equal(t, crm.KindNotFound, outcomes["gone"].Err.Kind)
	require.Equal(t, made[1], outcomes["there"].ID)
	require.Empty(t, find(t, h, crm.KeyEmail, email(0)))
}

func stampMakesARecordOurs(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	id := h.Seed(t, h.Person(email(0)))
	require.Empty(t, find(t, h, crm.KeyEmail, email(0))[id].ExternalID)

	stamped := write(t, w, crm.Batch{Type: h.Type, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "stamp", ID: id, ExternalID: externalID(0), Fields: h.Person(email(0))},
	}})
	require.Nil(t, stamped["stamp"].Err)
	require.Equal(t, externalID(0), find(t, h, crm.KeyEmail, email(0))[id].ExternalID)

	again := write(t, w, h.people(0, 1))
	require.Equal(t, crm.Outcome{Ref: "ref-0", ID: id, Effect: crm.Updated}, again["ref-0"])
}

func takenStampIsRefused(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	made := create(t, h, w, 0, 2)
	outcomes := write(t, w, crm.Batch{Type: h.Type, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "steal", ID: made[0], ExternalID: externalID(1), Fields: h.Person(email(0))},
	}})

	require.NotNil(t, outcomes["steal"].Err)
	require.Equal(t, crm.KindInvalid, outcomes["steal"].Err.Kind, "sending it again would not help")
	require.Equal(t, crm.ReasonDuplicate, outcomes["steal"].Err.Reason)
	require.Equal(t, []string{made[1]}, ids(find(t, h, crm.KeyExternalID, externalID(1))))
}

func reservedFieldIsRefused(t *testing.T, h Harness) {
	w := ready[crm.Writer](t, h)
	create(t, h, w, 0, 1)
	var name string
	fields, err := need[crm.Schema](t, h).Fields(t.Context(), h.Type)
	require.NoError(t, err)
	for _, f := range fields {
		if f.Unique && f.Custom {
			name = f.Name
		}
	}
	batch := h.people(1, 2)
	batch.Writes[0].Fields[name] = externalID(0)
	outcomes := write(t, w, batch)

	require.NotNil(t, outcomes["ref-1"].Err, "a mapping cannot write over an external id")
	require.Nil(t, outcomes["ref-2"].Err)
}
