package lockstep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

func writable(names ...string) []crm.Field {
	var fields []crm.Field
	for _, name := range names {
		fields = append(fields, crm.Field{Name: name, Label: name, Creatable: true, Updatable: true})
	}
	return fields
}

func TestDefaultMappingTakesTheFirstCustomaryFieldThatCanBeWritten(t *testing.T) {
	t.Parallel()
	fields := append(writable("LastName", "Email", "Street"), crm.Field{Name: "MailingStreet"}, crm.Field{Name: "FirstName", Creatable: true})
	m := lockstep.DefaultMapping(crm.Contact, "Lead", fields)
	require.Equal(t, []lockstep.Rule{
		{Field: "last_name", Target: "LastName"}, {Field: "email", Target: "Email"}, {Field: "street", Target: "Street"},
	}, m.Rules)
}

func TestApplySendsWhatThereIsAndClearsWhatIsNull(t *testing.T) {
	t.Parallel()
	m := lockstep.Mapping{Rules: []lockstep.Rule{
		{Field: "last_name", Target: "LastName"}, {Field: "phone", Target: "Phone"}, {Field: "city", Target: "City"}, {Target: "LeadSource", Fixed: "Lockstep"},
	}}
	got := m.Apply(map[string]any{"last_name": "Hayes", "city": nil, "custom": "x"})
	require.Equal(t, map[string]any{"LastName": "Hayes", "City": nil, "LeadSource": "Lockstep"}, got)
}

func TestHashChangesWithWhateverTheCRMWouldSee(t *testing.T) {
	t.Parallel()
	m := lockstep.Mapping{Version: 1}
	hash := func(m lockstep.Mapping, id string, value any) string {
		h, err := m.Hash("Contact", id, map[string]any{"LastName": value})
		require.NoError(t, err)
		return string(h)
	}
	base := hash(m, "003", "a")
	require.Equal(t, base, hash(m, "003", "a"))
	for _, other := range []string{hash(m, "004", "a"), hash(m, "003", "b"), hash(m, "003", nil), hash(lockstep.Mapping{Version: 2}, "003", "a")} {
		require.NotEqual(t, base, other)
	}
}

func TestCheckNamesWhatWouldFailOrBeDropped(t *testing.T) {
	t.Parallel()
	fields := append(writable("Email", "Phone"),
		crm.Field{Name: "Name", Label: "Full Name"}, crm.Field{Name: "LastName", Label: "Last Name", Creatable: true, Updatable: true, Required: true})
	m := lockstep.Mapping{Rules: []lockstep.Rule{
		{Field: "email", Target: "email"}, {Field: "a", Target: "Name"}, {Field: "b", Target: "Nope"}, {Field: "c", Target: "Phone"}, {Field: "d", Target: "Phone"},
	}}
	var codes []string
	for _, issue := range m.Check(fields) {
		codes = append(codes, issue.Target+" "+issue.Code)
	}
	require.Equal(t, []string{"Name field_read_only", "Nope field_unknown", "Phone field_twice", "LastName field_required"}, codes)
}

func TestEveryKindOfErrorHasAProblemThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, kind := range crm.Kinds() {
		code := lockstep.CodeOf(&crm.Error{Kind: kind})
		p := lockstep.Explain(code)
		require.NotEmpty(t, code, kind)
		require.NotEmpty(t, p.Title, kind)
		require.NotEmpty(t, p.Meaning, kind)
		require.NotEmpty(t, p.Fix, kind)
		require.NotEmpty(t, p.Retry, kind)
	}
	require.Equal(t, lockstep.Code("validation_rule"), lockstep.CodeOf(&crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonValidationRule}))
}

func TestProgressTellsRateAndTimeToGo(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	r := lockstep.Run{State: lockstep.RunRunning, FirstClaimAt: &start, Counts: lockstep.Counts{Total: 1000, Created: 200, Failed: 50}}
	p := r.Progress(start.Add(10 * time.Second))
	require.InDelta(t, 25, p.Percent, 0.001)
	require.InDelta(t, 25, p.Rate, 0.001)
	require.Equal(t, 30*time.Second, p.ETA)
}
