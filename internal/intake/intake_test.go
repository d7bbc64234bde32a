package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"lockstep/internal/crm"
)

func read(t *testing.T, format Format, text string) Load {
	t.Helper()
	load, err := Read(strings.NewReader(text), Options{Object: crm.Contact, Format: format})
	require.NoError(t, err)
	return load
}

func refused(t *testing.T, o Options, text string) *Error {
	t.Helper()
	_, err := Read(strings.NewReader(text), o)
	r, ok := errors.AsType[*Error](err)
	require.True(t, ok, "%v", err)
	require.NotEmpty(t, r.Detail)
	require.NotEmpty(t, r.Fix)
	return r
}

// outcome is a load in a form that tests can spell out.
func outcome(load Load) (records map[string]map[string]any, faults []string) {
	records = make(map[string]map[string]any)
	for _, r := range load.Records {
		records[r.ExternalID] = r.Fields
	}
	for _, f := range load.Report.Faults {
		faults = append(faults, fmt.Sprintf("line %d row %d %s %s", f.Line, f.Row, f.Code, f.ExternalID))
	}
	return records, faults
}

func TestRowsBecomeRecordsOrFaults(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		format  Format
		text    string
		records map[string]map[string]any
		faults  []string
	}{
		"values are trimmed and empty cells left out": {
			format:  CSV,
			text:    "external_id,First Name,Email\n 1 , Ada ,\n",
			records: map[string]map[string]any{"1": {"first_name": "Ada"}},
		},
		"quotes keep delimiters, quotes and line breaks": {
			format:  CSV,
			text:    "external_id,Notes,City\n1,\"a, \"\"b\"\"\r\nc\", \"Bonn\" \n",
			records: map[string]map[string]any{"1": {"description": "a, \"b\"\nc", "city": "Bonn"}},
		},
		"quotes inside a plain value are kept": {
			format:  CSV,
			text:    "external_id,Notes\n1,5\" pipe\n",
			records: map[string]map[string]any{"1": {"description": `5" pipe`}},
		},
		"a row of another width is a fault": {
			format:  CSV,
			text:    "external_id,Email\n1,a@x.io,extra\n2\n3,c@x.io\n",
			records: map[string]map[string]any{"3": {"email": "c@x.io"}},
			faults:  []string{"line 2 row 1 column_count ", "line 3 row 2 column_count "},
		},
		"a quote that is never closed costs one row": {
			format:  CSV,
			text:    "external_id,Email\n1,\"a@x.io\n2,b@x.io\n3,c@x.io\n",
			records: map[string]map[string]any{"2": {"email": "b@x.io"}, "3": {"email": "c@x.io"}},
			faults:  []string{"line 2 row 1 quote_unclosed "},
		},
		"a quote that closes rows below costs one row": {
			format:  CSV,
			text:    "external_id,Notes,Email\n1,\"oops,a@x.io\n2,fine,b@x.io\n3,\"quoted\",c@x.io\n",
			records: map[string]map[string]any{"2": {"description": "fine", "email": "b@x.io"}, "3": {"description": "quoted", "email": "c@x.io"}},
			faults:  []string{"line 2 row 1 quote_misplaced "},
		},
		"a quote that ends in another row's costs one row": {
			format:  CSV,
			text:    "external_id,Notes,Email\n1,\"oops,a@x.io\n2,fin\",b@x.io\n3,ok,c@x.io\n",
			records: map[string]map[string]any{"3": {"description": "ok", "email": "c@x.io"}, "1": {"description": "oops,a@x.io\n2,fin", "email": "b@x.io"}},
		},
		"a record that spans lines and has the wrong width is one bad line": {
			format:  CSV,
			text:    "external_id,Notes,Email\n1,\"oops\n2,fine\",b@x.io,x\n3,ok,c@x.io\n",
			records: map[string]map[string]any{"3": {"description": "ok", "email": "c@x.io"}},
			faults:  []string{"line 2 row 1 column_count ", "line 3 row 2 column_count "},
		},
		"blank lines are no rows": {
			format:  CSV,
			text:    "\n\nexternal_id,Email\n\n1,a@x.io\n   \n",
			records: map[string]map[string]any{"1": {"email": "a@x.io"}},
		},
		"an external id is needed, and may be 255 characters long": {
			format:  CSV,
			text:    "external_id,Email\n,a@x.io\n" + strings.Repeat("ä", 256) + ",b@x.io\n" + strings.Repeat("ä", 255) + ",c@x.io\n",
			records: map[string]map[string]any{strings.Repeat("ä", 255): {"email": "c@x.io"}},
			faults:  []string{"line 2 row 1 external_id_missing ", "line 3 row 2 external_id_too_long "},
		},
		"control characters are faults, tabs and line breaks in values are not": {
			format:  CSV,
			text:    "external_id,Notes\n1,a\x00b\n2,a\x0bb\n\"3\t4\",x\n5,\"a\tb\"\n",
			records: map[string]map[string]any{"5": {"description": "a\tb"}},
			faults:  []string{"line 2 row 1 control_character 1", "line 3 row 2 control_character 2", "line 4 row 3 control_character "},
		},
		"the last of several rows with one id stands": {
			format:  CSV,
			text:    "external_id,Email\n1,a@x.io\n2,b@x.io\n1,c@x.io\n1,d@x.io\n2\n",
			records: map[string]map[string]any{"1": {"email": "d@x.io"}, "2": {"email": "b@x.io"}},
			faults:  []string{"line 2 row 1 replaced 1", "line 4 row 3 replaced 1", "line 6 row 5 column_count "},
		},
		"a value of a megabyte is kept, a longer one is a fault": {
			format:  CSV,
			text:    "external_id,Notes\n1," + strings.Repeat("x", MaxField) + "\n2," + strings.Repeat("x", MaxField+1) + "\n3,ok\n",
			records: map[string]map[string]any{"1": {"description": strings.Repeat("x", MaxField)}, "3": {"description": "ok"}},
			faults:  []string{"line 3 row 2 field_too_long 2"},
		},
		"a line beyond all bounds is a fault": {
			format:  CSV,
			text:    "external_id,Notes\n1," + strings.Repeat("x", maxRow) + "\n2,ok\n",
			records: map[string]map[string]any{"2": {"description": "ok"}},
			faults:  []string{"line 2 row 1 row_too_long "},
		},
		"NDJSON keeps types, and null": {
			format: NDJSON,
			text:   `{"external_id": 42, "Email": null, "vip": true, "Score": 1.50, "First Name": " Ada ", "City": " "}` + "\n",
			records: map[string]map[string]any{"42": {
				"email": nil, "vip": true, "score": json.Number("1.50"), "first_name": "Ada",
			}},
		},
		"bad lines of NDJSON are faults": {
			format: NDJSON,
			text: `{"id": "1", "Email": "a@x.io"}` + "\r\n\n" + `{"id": "2"` + "\n" + `["3"]` + "\n" + `{"id": "4"} {}` + "\n" +
				`{"id": "5", "tags": ["x"]}` + "\n" + `{"email": "x"}` + "\n" + `{"id": "6", "n": 1e400}` + "\n" + `{"id": "7", "a": 1, "a": 2}` + "\n" +
				`{"id": "8", "x": "\u0000"}` + "\n" + `{"id": true}` + "\n" + `{"id": "9", "` + strings.Repeat("n", 256) + `": 1}` + "\n" + `{"id": "10"}`,
			records: map[string]map[string]any{"1": {"email": "a@x.io"}, "10": {}},
			faults: []string{
				"line 3 row 2 json_invalid ", "line 4 row 3 json_not_object ", "line 5 row 4 json_invalid ", "line 6 row 5 value_unsupported ",
				"line 7 row 6 external_id_missing ", "line 8 row 7 number_out_of_range 6", "line 9 row 8 name_twice ",
				"line 10 row 9 control_character 8", "line 11 row 10 external_id_missing ", "line 12 row 11 name_too_long ",
			},
		},
		"a JSON array knows its lines": {
			format:  JSON,
			text:    "[\n  {\"id\": \"1\",\n   \"Email\": \"a@x.io\"},\n  7,\n\n  {\"id\": \"2\"}, {\"id\": \"\"}\n]\n",
			records: map[string]map[string]any{"1": {"email": "a@x.io"}, "2": {}},
			faults:  []string{"line 4 row 2 json_not_object ", "line 6 row 4 external_id_missing "},
		},
		"a JSON array that breaks off keeps what came before": {
			format:  JSON,
			text:    "[{\"id\": \"1\"},\n {\"id\": \"2\"},\n {\"id\": ",
			records: map[string]map[string]any{"1": {}, "2": {}},
			faults:  []string{"line 2 row 3 json_invalid "},
		},
		"what follows a JSON array is a fault": {
			format:  JSON,
			text:    "[{\"id\": \"1\"}]\n[{\"id\": \"2\"}]",
			records: map[string]map[string]any{"1": {}},
			faults:  []string{"line 2 row 2 json_invalid "},
		},
		"an unclosed JSON array is a fault": {
			format:  JSON,
			text:    "[{\"id\": \"1\"}",
			records: map[string]map[string]any{"1": {}},
			faults:  []string{"line 1 row 2 json_invalid "},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			load := read(t, test.format, test.text)
			records, faults := outcome(load)
			require.Equal(t, test.records, records)
			require.Equal(t, test.faults, faults)
			consistent(t, load)
		})
	}
}

// consistent checks what holds of every load.
func consistent(t require.TestingT, load Load) {
	r := load.Report
	require.Equal(t, r.Rows, r.Accepted+r.Replaced+r.Rejected)
	require.Len(t, load.Records, r.Accepted)
	require.Len(t, r.Faults, r.Replaced+r.Rejected)
	ids := make(map[string]bool)
	for i, record := range load.Records {
		ids[record.ExternalID] = true
		if i > 0 && bytes.Compare(load.Records[i-1].ID[:], record.ID[:]) >= 0 {
			require.Fail(t, "ids are not in the order of the rows")
		}
		for name, value := range record.Fields {
			text, ok := value.(string)
			if name == "" || ok && (text == "" || strings.TrimSpace(text) != text || strings.Contains(text, "\x00") || !utf8.ValidString(text)) {
				require.Fail(t, "a value is not fit to be kept", "%q: %q", name, value)
			}
		}
	}
	require.Len(t, ids, len(load.Records))
	require.NotContains(t, ids, "")
	for i, f := range r.Faults {
		require.NotEmpty(t, f.Reason)
		require.GreaterOrEqual(t, f.Line, 1)
		if i > 0 {
			require.Less(t, r.Faults[i-1].Row, f.Row)
		}
	}
}

func TestFaultsSayWhatToLookFor(t *testing.T) {
	t.Parallel()

	load := read(t, CSV, "Lead ID,Email\n1,a@x.io,\n,x\n1,b@x.io\n1,c\x01\n1,d@x.io\n")

	var reasons []string
	for _, f := range load.Report.Faults {
		reasons = append(reasons, f.Reason)
	}
	require.Equal(t, []string{
		"The row has 3 columns where the header has 2.",
		`The external id, in "Lead ID", is empty.`,
		"Row 5, on line 6, has the same external id and stands instead of this one.",
		`"Email" holds the control character U+0001, which cannot be kept.`,
	}, reasons)
}

func TestDelimiterIsFound(t *testing.T) {
	t.Parallel()

	for delimiter, text := range map[string]string{
		",":  "external_id,Email,\"a;b;c;d\"\n1,a@x.io,x\n",
		";":  "external_id;Email;Street, No\n1;a@x.io;x\n",
		"\t": "external_id\tEmail\tx\n1\ta@x.io\tx\n",
		"|":  "external_id|Email|x\n1|a@x.io|x\n",
		":":  "sep=:\nexternal_id:Email\n1:a@x.io\n",
	} {
		load := read(t, CSV, text)
		require.Equal(t, delimiter, load.Report.Delimiter)
		require.Equal(t, "a@x.io", load.Records[0].Fields["email"])
	}
}

func TestEncodingIsFoundAndTold(t *testing.T) {
	t.Parallel()

	const text = "external_id,Last Name\r\n1,Müller\r\n2,Strauß\r\n"
	encode := func(s string, err error) string {
		require.NoError(t, err)
		return s
	}
	for encoding, encoded := range map[string]string{
		"utf-8":                      "\ufeff" + text,
		"windows-1252":               encode(charmap.Windows1252.NewEncoder().String(text)),
		"utf-16le":                   encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)),
		"utf-16be":                   encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)),
		"utf-8, partly windows-1252": "external_id,Last Name\n1,Müller\n2,Strau\xdf\n",
	} {
		for _, r := range []io.Reader{strings.NewReader(encoded), iotest.OneByteReader(strings.NewReader(encoded))} {
			load, err := Read(r, Options{Object: crm.Contact, Format: CSV})
			require.NoError(t, err)
			require.Equal(t, encoding, load.Report.Encoding)
			require.Equal(t, "external_id", load.Report.IDColumn)
			require.Equal(t, "Müller", load.Records[0].Fields["last_name"])
			require.Equal(t, "Strauß", load.Records[1].Fields["last_name"])
		}
	}
}

func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()

	const image = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	var random [4096]byte
	_, err := rand.NewChaCha8([32]byte{1}).Read(random[:])
	require.NoError(t, err)
	noise := string(random[:])
	var many strings.Builder
	many.WriteString("external_id\n")
	for i := range MaxRows + 1 {
		fmt.Fprintln(&many, i)
	}
	var wide strings.Builder
	wide.WriteString("external_id")
	for i := range MaxColumns {
		fmt.Fprintf(&wide, ",c%d", i)
	}
	tests := map[string]struct {
		format Format
		id     string
		text   string
		code   string
	}{
		"no id column":                {CSV, "", "First Name,Paid,Email\nAda,1,x\n", "no_external_id"},
		"no id column and no rows":    {CSV, "", "First Name\n", "no_external_id"},
		"no id in any object":         {NDJSON, "", "{\"email\": \"x\"}\n", "no_external_id"},
		"an id column that is not":    {CSV, "Customer", "external_id,Email\n1,x\n", "id_column_missing"},
		"too many rows":               {CSV, "", many.String(), "too_many_rows"},
		"too many columns":            {CSV, "", wide.String(), "too_many_columns"},
		"an endless column name":      {CSV, "", "external_id," + strings.Repeat("x", 256) + "\n", "header_unreadable"},
		"lone carriage returns":       {CSV, "", "external_id,Email\r1,x\r2,y\r", "header_unreadable"},
		"a broken header":             {CSV, "", "external_id,\"Email\n1,x\n", "header_unreadable"},
		"nothing, as CSV":             {CSV, "", " \n", "empty"},
		"nothing, as JSON":            {JSON, "", "", "empty"},
		"an object where an array is": {JSON, "", `{"external_id": "1"}`, "json_not_array"},
		"prose where an array is":     {JSON, "", `Dear all`, "json_not_array"},
		"a header alone":              {CSV, "", "external_id,Email\n", "no_records"},
		"an empty array":              {JSON, "", "[]", "no_records"},
		"blank lines, as NDJSON":      {NDJSON, "", "\n \n", "no_records"},
		"an image":                    {CSV, "", image, "not_text"},
		"an image, as JSON":           {JSON, "", image, "not_text"},
		"random bytes":                {CSV, "", noise, "not_text"},
		"random bytes, as NDJSON":     {NDJSON, "", noise, "not_text"},
		"random bytes, and an id":     {CSV, "Email", noise, "not_text"},
		"a web page":                  {CSV, "", "\ufeff\r\n<!DOCTYPE html>\n<title>Sign in</title>\n", "not_text"},
		"a web page, as JSON":         {JSON, "", "<HTML lang=en>\n", "not_text"},
		"a workbook":                  {CSV, "", "PK\x03\x04whatever", "not_text"},
		"UTF-16 without its mark":     {CSV, "", "e\x00x\x00,\x00i\x00d\x00", "not_text"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := refused(t, Options{Object: crm.Contact, Format: test.format, IDColumn: test.id}, test.text)
			require.Equal(t, test.code, r.Code)
		})
	}
}

func TestRefusalWithoutAnIDListsTheColumns(t *testing.T) {
	t.Parallel()

	r := refused(t, Options{Object: crm.Contact, Format: CSV}, "First Name,Email\nAda,a@x.io\n")

	require.Equal(t, `Each record needs an external id, by which it is recognised from then on: the column external_id, `+
		`else the first whose name ends in "Id". There are: "First Name", "Email".`, r.Detail)
	require.NotContains(t, r.Error(), "First Name")
}

func TestRefusalsSayWhatWasSentInstead(t *testing.T) {
	t.Parallel()

	for text, detail := range map[string]string{
		"external_id\n":                   "There are no rows.",
		"<!doctype html><title>x</title>": "This is a web page, not a CSV.",
		"\x89PNG\r\n\x1a\n":               "This is an image.",
		"\x7fELF\x02\x01\x01\x00\x00\x00": "This is no text in any encoding that is read.",
	} {
		require.Equal(t, detail, refused(t, Options{Object: crm.Contact, Format: CSV}, text).Detail)
	}
}

func TestTextWithStrayControlCharactersIsText(t *testing.T) {
	t.Parallel()

	// Few of them cost their rows alone; many, only what could not be used anyway.
	r := refused(t, Options{Object: crm.Contact, Format: CSV}, "First Name,Notes\nAda,a vertical tab\v of a spreadsheet\n")
	require.Equal(t, "no_external_id", r.Code)
	load := read(t, CSV, "external_id,x\n1,\x00\x01\x02\x03\n2,ok\n")
	require.Len(t, load.Records, 1)
	require.Len(t, load.Report.Faults, 1)
	for _, odd := range []string{"Gar\xe7on \x80 \x99", "\x93\x94\x8a\x9a\x8e"} { // Windows-1252, all above ASCII
		require.Len(t, read(t, CSV, "external_id,x\n1,"+strings.Repeat(odd, 100)+"\n").Records, 1)
	}
}

func TestAsManyRowsAsMayBeAreRead(t *testing.T) {
	t.Parallel()

	var b strings.Builder
	b.WriteString("external_id\n")
	for i := range MaxRows {
		fmt.Fprintln(&b, i)
	}

	require.Len(t, read(t, CSV, b.String()).Records, MaxRows)
}

func TestReaderErrorsArePassedOn(t *testing.T) {
	t.Parallel()

	broken := errors.New("broken pipe")
	for format, text := range map[Format]string{
		CSV: "external_id\n1\n", NDJSON: "{\"id\": 1}\n", JSON: "[{\"id\": 1},",
	} {
		_, err := Read(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), Options{Object: crm.Contact, Format: format})
		require.ErrorIs(t, err, broken, format)
	}
	_, err := Read(iotest.ErrReader(broken), Options{Object: crm.Contact, Format: JSON})
	require.ErrorIs(t, err, broken)
}
