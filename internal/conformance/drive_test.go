package conformance

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// drive asks a connector everything that the port can ask, for every type that
// Lockstep writes, and returns the calls that it made.
func drive(t *testing.T, b *bench, vendor crm.Vendor) []call {
	t.Helper()

	s := open(t, vendor, nil)
	everythingIsAsked(t, s)
	require.NoError(t, s.conn.Check(t.Context()))
	_, err := s.conn.Identify(t.Context())
	require.NoError(t, err)
	anew, err := s.connect("", "")
	require.NoError(t, err)
	_, err = anew.Identify(t.Context())
	require.NoError(t, err)
	directory, err := crm.As[crm.Directory](s.conn)
	require.NoError(t, err)
	_, err = directory.Owners(t.Context())
	require.NoError(t, err)
	for _, types := range s.factory.Types {
		for _, typ := range types {
			if !s.driveType(t, typ) {
				b.report.leaveOut(label(vendor)+" requests", "the sandbox has no such type", typ)
			}
		}
	}
	_, err = renew()(t.Context(), s, recording{})
	require.NoError(t, err)
	revoker, err := crm.As[crm.Revoker](s.conn)
	require.NoError(t, err)
	require.NoError(t, revoker.Revoke(t.Context(), s.grant.Refresh))
	return s.sent.all()
}

// driveType asks everything about one type: its fields, writes of either kind
// with values of every kind, and look-ups by every key. It tells whether the
// sandbox has the type.
func (s *stage) driveType(t *testing.T, typ string) bool {
	t.Helper()

	schema, err := crm.As[crm.Schema](s.conn)
	require.NoError(t, err)
	fields, err := schema.Fields(t.Context(), typ)
	if crm.KindOf(err) == crm.KindNotFound {
		return false
	}
	require.NoError(t, err)
	require.NoError(t, schema.Provision(t.Context(), typ))
	require.NoError(t, schema.Provision(t.Context(), typ), "the second time")
	writer, err := crm.As[crm.Writer](s.conn)
	require.NoError(t, err)
	batch := crm.Batch{Type: typ, Match: crm.ByExternalID}
	for i := range 3 {
		batch.Writes = append(batch.Writes, crm.Write{
			Ref: fmt.Sprint("ref-", i), ExternalID: fmt.Sprint("k1.", strings.ToLower(typ), i), Fields: filled(fields, i),
		})
	}
	created, err := writer.Write(t.Context(), batch)
	require.NoError(t, err)
	var ids []string
	update := crm.Batch{Type: typ, Match: crm.ByID}
	for i, o := range created {
		require.Nil(t, o.Err, "%s: %v", typ, o.Err)
		ids = append(ids, o.ID)
		update.Writes = append(update.Writes, crm.Write{
			Ref: o.Ref, ID: o.ID, ExternalID: batch.Writes[i].ExternalID, Fields: map[string]any{clearable(fields): nil},
		})
	}
	_, err = writer.Write(t.Context(), update)
	require.NoError(t, err)
	s.driveFinder(t, typ, ids, batch, fields)
	return true
}

func (s *stage) driveFinder(t *testing.T, typ string, ids []string, batch crm.Batch, fields []crm.Field) {
	t.Helper()

	finder, err := crm.As[crm.Finder](s.conn)
	require.NoError(t, err)
	for key, values := range map[crm.Key][]string{
		crm.KeyID:         ids,
		crm.KeyExternalID: {batch.Writes[0].ExternalID, "k1.nobody"},
		crm.KeyEmail:      {"ada0@example.com", "nobody@example.com"},
	} {
		_, err = finder.Find(t.Context(), typ, key, values)
		if key == crm.KeyEmail && crm.KindOf(err) == crm.KindUnsupported {
			continue // a company has no address
		}
		require.NoError(t, err, "%s by %s", typ, key)
	}
	s.order(t, http.MethodDelete, "/records/"+ids[0], nil)
	_, err = finder.Find(t.Context(), typ, crm.KeyID, ids)
	require.NoError(t, err)
	_, err = finder.Count(t.Context(), typ, 100)
	require.NoError(t, err)
	s.seed(t, typ, required(fields), s.factory.Limits.ListPage)
	_, next, err := finder.List(t.Context(), typ, "")
	require.NoError(t, err)
	require.NotEmpty(t, next, "%s: one page holds all", typ)
	_, _, err = finder.List(t.Context(), typ, next)
	require.NoError(t, err)
}

// seed puts n records into the sandbox behind the API's back.
func (s *stage) seed(t *testing.T, typ string, values object, n int) {
	t.Helper()

	records := make([]object, n)
	for i := range records {
		records[i] = object{"object": typ, "fields": values}
	}
	s.order(t, http.MethodPost, "/records", records)
}

// required returns a value for each field that a record cannot be without.
func required(fields []crm.Field) object {
	values := make(object)
	for _, f := range fields {
		if f.Required {
			values[f.Name] = valueFor(f, 0)
		}
	}
	return values
}

// filled returns a value for some fields of every type, distinct for each n.
func filled(fields []crm.Field, n int) map[string]any {
	const each = 3 // fields of a type of value
	values := make(map[string]any)
	used := make(map[crm.FieldType]int)
	for _, f := range fields {
		value := valueFor(f, n)
		if value == nil || !f.Creatable || !f.Updatable || f.Custom || !f.Required && used[f.Type] >= each {
			continue
		}
		used[f.Type]++
		values[f.Name] = value
	}
	return values
}

// clearable returns the name of a text field that may be cleared.
func clearable(fields []crm.Field) string {
	for _, f := range fields {
		if f.Type == crm.TypeText && f.Updatable && !f.Required && !f.Unique && !f.Custom {
			return f.Name
		}
	}
	return ""
}

// valueFor returns a value that f can hold, or nil where that takes another
// record.
func valueFor(f crm.Field, n int) any {
	active := 0
	for active < len(f.Options) && !f.Options[active].Active {
		active++
	}
	switch f.Type {
	case crm.TypeText:
		return fmt.Sprint("Ada ", n)
	case crm.TypeEmail:
		return fmt.Sprintf("ada%d@example.com", n)
	case crm.TypePhone:
		return fmt.Sprint("+1 555 010", n)
	case crm.TypeURL:
		return "https://example.com"
	case crm.TypeNumber:
		return n
	case crm.TypeBoolean:
		return n%2 == 0
	case crm.TypeDate:
		return "2026-03-04"
	case crm.TypeDateTime:
		return "2026-03-04T05:06:07Z"
	case crm.TypePicklist, crm.TypeMultiselect:
		if active < len(f.Options) {
			return f.Options[active].Value
		}
	}
	return nil
}

// askable are the methods that drive calls. One that a connector has beyond them
// is a question that nobody asks here.
func askable() []string {
	return []string{
		"Check", "Count", "Fields", "Find", "Identify", "List", "Owners", "Provision", "RecordURL", "Revoke", "Vendor", "Write",
	}
}

// everythingIsAsked fails when a connector can do what drive does not ask.
func everythingIsAsked(t *testing.T, s *stage) {
	t.Helper()

	for method := range reflect.TypeOf(s.conn).Methods() {
		require.Contains(t, askable(), method.Name, "drive does not call it")
	}
}
