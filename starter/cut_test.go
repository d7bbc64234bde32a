package main

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/crm"
	"lockstep/internal/intake"
)

// formats are what the API reads each content type as.
var formats = map[string]intake.Format{
	"text/csv": intake.CSV, "application/x-ndjson": intake.NDJSON, "application/json": intake.JSON,
}

// reading is what the API makes of a file: its rows by external id and the lines
// of those that are bad.
type reading struct {
	records map[string]map[string]any
	bad     []int
	rows    int
}

// whole reads text in one go.
func whole(t require.TestingT, text string, format intake.Format) reading {
	read := reading{records: map[string]map[string]any{}}
	read.add(t, part{line: 1}, text, format)
	return read
}

// inParts reads text cut into parts of so many rows.
func inParts(t require.TestingT, text string, rows int) (read reading, parts int) {
	read = reading{records: map[string]map[string]any{}}
	src, err := cut(strings.NewReader(text), rows)
	require.NoError(t, err)
	for p, err := range src.parts {
		require.NoError(t, err)
		read.add(t, p, string(p.body), formats[src.contentType])
		parts++
	}
	return read, parts
}

func (r *reading) add(t require.TestingT, p part, text string, format intake.Format) {
	load, err := intake.Read(strings.NewReader(text), intake.Options{Object: crm.Contact, Format: format})
	require.NoError(t, err, text)
	for _, rec := range load.Records {
		r.records[rec.ExternalID] = rec.Fields
	}
	for _, fault := range load.Report.Faults {
		if fault.Code != "replaced" {
			r.bad = append(r.bad, p.lineOf(fault.Line))
		}
	}
	r.rows += load.Report.Rows
}

// TestCuttingChangesNothing holds that a file in parts is read as the file in one
// piece: the same records, and the same bad lines.
func TestCuttingChangesNothing(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(csvText).Draw(t, "csv")
		rows := rapid.IntRange(1, 5).Draw(t, "rows")
		read, _ := inParts(t, text, rows)
		require.Equal(t, whole(t, text, intake.CSV), read)
	})
}

// csvText draws a CSV with quoted line breaks, blank lines, misplaced quotes and
// rows of the wrong width.
func csvText(t *rapid.T) string {
	cell := rapid.SampledFrom([]string{
		"", "x", "é", `"q"`, `"two` + "\n" + `lines"`, `"a ""b"" c"`, ` "padded" `, ` "pad` + "\n" + `,ded" `, `5" pipe`, `"open`, `close"`, `"bad"tail`, "\"crlf\r\n\"", `","`,
	})
	ends := rapid.SampledFrom([]string{"\n", "\r\n", "\n\n", "\n \n"})
	var b strings.Builder
	b.WriteString(rapid.SampledFrom([]string{"", "\n", "sep=,\n"}).Draw(t, "start"))
	b.WriteString("external_id,\"First\nName\",email\n")
	for i := range rapid.IntRange(1, 12).Draw(t, "count") {
		b.WriteString("id" + strconv.Itoa(i))
		for range rapid.SampledFrom([]int{2, 2, 2, 2, 1, 3}).Draw(t, "width") {
			b.WriteString("," + cell.Draw(t, "cell"))
		}
		b.WriteString(ends.Draw(t, "end"))
	}
	return strings.TrimSuffix(b.String(), rapid.SampledFrom([]string{"", "\n"}).Draw(t, "last"))
}

func TestCuttingObjectsChangesNothing(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]string{`"a"`, `"]},{["`, `"\\"`, `"\""`, "1.5", "null", "true", `"é"`, `[1,[2]]`, `{"x":{}}`})
		gap := rapid.SampledFrom([]string{"", " ", "\n", "\r\n\t"})
		var objects []string
		for i := range rapid.IntRange(1, 12).Draw(t, "count") {
			objects = append(objects, `{"external_id":"id`+strconv.Itoa(i)+`", "v":`+value.Draw(t, "value")+"}")
		}
		array := gap.Draw(t, "start") + "["
		for i, o := range objects {
			if i > 0 {
				array += gap.Draw(t, "before") + ","
			}
			array += gap.Draw(t, "after") + o
		}
		array += gap.Draw(t, "before") + "]" + gap.Draw(t, "end")
		rows := rapid.IntRange(1, 5).Draw(t, "rows")

		read, parts := inParts(t, array, rows)
		require.Equal(t, whole(t, array, intake.JSON), read, array)
		require.Equal(t, (len(objects)+rows-1)/rows, parts)

		text := strings.Join(objects, rapid.SampledFrom([]string{"\n", "\n\n"}).Draw(t, "between"))
		read, parts = inParts(t, text, rows)
		require.Equal(t, whole(t, text, intake.NDJSON), read, text)
		require.Equal(t, (len(objects)+rows-1)/rows, parts)
	})
}

func TestEachPartOfACSVHasTheHeaderAndItsRows(t *testing.T) {
	t.Parallel()

	src, err := cut(strings.NewReader("id,note\n1,\"two\nlines\"\n2,b\n\n3,c\n4,d"), 2)
	require.NoError(t, err)
	var bodies []string
	var firsts []int
	for p, err := range src.parts {
		require.NoError(t, err)
		bodies = append(bodies, string(p.body))
		firsts = append(firsts, p.lineOf(p.header+1))
	}
	require.Equal(t, []string{"id,note\n1,\"two\nlines\"\n2,b\n", "id,note\n\n3,c\n4,d"}, bodies)
	require.Equal(t, []int{2, 5}, firsts)
}

func TestWideTextIsCutAsText(t *testing.T) {
	t.Parallel()

	text := "\xff\xfe"
	for _, r := range "id,e\nñ1,a\nñ2,b\n" {
		text += string([]byte{byte(r), byte(r >> 8)})
	}
	read, parts := inParts(t, text, 1)
	require.Equal(t, 2, parts)
	require.Equal(t, []string{"ñ1", "ñ2"}, slices.Sorted(maps.Keys(read.records)))
}

func TestWhatHoldsNoRowsIsLeftToTheAPI(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"", "\n", "id,email", "id,email\n", "id,email\n\n\n"} {
		src, err := cut(strings.NewReader(text), 2)
		require.NoError(t, err)
		parts := 0
		for p, err := range src.parts {
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(text), strings.TrimSpace(string(p.body)))
			parts++
		}
		require.Equal(t, 1, parts, "%q", text)
	}
}

func TestWhatIsNoArrayToTheEndIsToldByLine(t *testing.T) {
	t.Parallel()

	for text, problem := range map[string]string{
		"[\n":             "not closed at the end, on line 2",
		"[{}]\n\n{}":      "more behind the end of the array, on line 3",
		`[{"id":"1"}] []`: "more behind the end of the array, on line 1",
	} {
		src, err := cut(strings.NewReader(text), 2)
		require.NoError(t, err)
		var last error
		for _, err := range src.parts {
			last = err
		}
		require.ErrorContains(t, last, problem, text)
	}
}

func TestReadingErrorsEndTheParts(t *testing.T) {
	t.Parallel()

	broken := errors.New("disk on fire")
	for _, start := range []string{"id,e\n1,a\n", "[{}", "{}\n"} {
		src, err := cut(io.MultiReader(strings.NewReader(start+strings.Repeat(" ", 5<<10)), iotest.ErrReader(broken)), 1)
		require.NoError(t, err)
		var last error
		for _, err := range src.parts {
			last = err
		}
		require.ErrorIs(t, last, broken, start)
	}
}
