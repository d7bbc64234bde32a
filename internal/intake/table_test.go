package intake

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/crm"
)

// TestWhatOthersWriteIsReadBack holds the CSV reader against the standard
// library's writer.
func TestWhatOthersWriteIsReadBack(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.RuneFrom([]rune("ab\",;\t|\n é'=")))
		delimiter := rapid.SampledFrom([]rune(delimiters)).Draw(t, "delimiter")
		rows := rapid.SliceOfN(value, 1, 20).Draw(t, "rows")
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma = delimiter
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		require.NoError(t, w.Write([]string{"external_id", "x"}))
		for i, text := range rows {
			require.NoError(t, w.Write([]string{strconv.Itoa(i), text}))
		}
		w.Flush()

		load, err := Read(strings.NewReader(b.String()), Options{Object: crm.Contact, Format: CSV})
		require.NoError(t, err)
		require.Empty(t, load.Report.Faults)
		require.Len(t, load.Records, len(rows))
		for i, record := range load.Records {
			want := map[string]any{}
			if text := strings.TrimSpace(rows[i]); text != "" {
				want["x"] = text
			}
			require.Equal(t, want, record.Fields)
		}
		consistent(t, load)
	})
}

// TestOneBadRowCostsNoOther puts a bad line among good ones and expects all of
// those.
func TestOneBadRowCostsNoOther(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		bad := rapid.SampledFrom([]string{`bad,"x`, `bad,"x"y`, `bad`, `bad,x,y`, "bad,\x00", `,x`, `"bad,x`}).Draw(t, "bad")
		var b strings.Builder
		b.WriteString("external_id,x\n")
		for i := range n {
			if i == at {
				b.WriteString(bad + "\n")
			}
			b.WriteString(strconv.Itoa(i) + "," + rapid.SampledFrom([]string{"v", "w w", "5' tall"}).Draw(t, "v") + "\n")
		}

		load, err := Read(strings.NewReader(b.String()), Options{Object: crm.Contact, Format: CSV})
		require.NoError(t, err)
		require.Equal(t, n, load.Report.Accepted)
		require.Len(t, load.Report.Faults, 1)
		require.Equal(t, at+2, load.Report.Faults[0].Line)
		consistent(t, load)
	})
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"external_id,Email\n1,a@x.io\n", "Account Id;Notes\r\n1;\"a\r\nb\"\r\n", "id\tx\n\"1\n2\t\"\"\n", "sep=|\nid|x\n1|\"y\"z\n",
		"\ufeffid\n1\n", "\xff\xfei\x00d\x00\n\x001\x00", "id,n\n1,Strau\xdf\n", "id,a\n1,\"\"\"\n2,\"\"\"x\n3,\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		load, err := Read(strings.NewReader(text), Options{Object: crm.Contact, Format: CSV})
		if _, refused := errors.AsType[*Error](err); refused {
			return
		}
		require.NoError(t, err)
		consistent(t, load)
	})
}

func FuzzObjects(f *testing.F) {
	for _, seed := range []string{
		`[{"id": "1", "x": null}]`, `[{"id": 1e5}, 7]`, "[\n{\"id\": \"\\ud800\"}\n]", `[{"id": "1"}, {"id": "1"}`, `{"id": 1}` + "\n" + `{`, `[[]]`, `t`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []Format{JSON, NDJSON} {
			load, err := Read(strings.NewReader(text), Options{Object: crm.Company, Format: format})
			if _, refused := errors.AsType[*Error](err); refused {
				continue
			}
			require.NoError(t, err)
			consistent(t, load)
		}
	})
}

func TestRealExportsAreRead(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		object   crm.Object
		id       string
		rows     int
		expected map[string]any // some fields of the first record
		absent   []string
	}{
		"leads-10000.csv": {
			object: crm.Contact, id: "Account Id", rows: 10_000,
			expected: map[string]any{
				"first_name": "Jaime", "last_name": "Hayes", "company": "Mays Inc", "phone": "9802005297", "phone_2": "917-584-0243x4606",
				"email": "fstephens@shepherd.info", "email_2": "rusheddie@massey.info", "website": "https://black.com/",
				"lead_source": "LinkedIn Outreach", "deal_stage": "On Hold", "lead_owner": "Selena Doyle", "index": "1",
			},
		},
		"organizations-10000.csv": {
			object: crm.Company, id: "Organization Id", rows: 10_000,
			expected: map[string]any{"name": "Mckinney PLC", "website": "http://soto.com/", "country": "Sri Lanka", "industry": "Dairy", "founded": "1988"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			f, err := os.Open(filepath.Join("../../../shared/data", name))
			if errors.Is(err, os.ErrNotExist) {
				t.Skip("the data is not here")
			}
			require.NoError(t, err)
			load, err := Read(f, Options{Object: test.object, Format: CSV})
			require.NoError(t, err)
			require.NoError(t, f.Close())

			require.Equal(t, test.rows, load.Report.Rows)
			require.Equal(t, test.rows, load.Report.Accepted)
			require.Empty(t, load.Report.Faults)
			require.Equal(t, test.id, load.Report.IDColumn)
			require.Subset(t, load.Records[0].Fields, test.expected)
			consistent(t, load)
		})
	}
}
