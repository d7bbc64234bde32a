package intake

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// delimiters are those that are recognised, the likeliest first.
const delimiters = ",;\t|"

// table is a CSV.
type table struct {
	lines     *lines
	delimiter byte
	header    []string
}

// openTable reads the header of a CSV. It returns an *Error when there is
// none.
func openTable(r io.Reader) (*table, error) {
	t := &table{lines: newLines(r)}
	first, err := t.skipBlank()
	if err != nil {
		return nil, err
	}
	if d, ok := strings.CutPrefix(first.text, "sep="); ok && len(d) == 1 { // Excel's own way of telling
		t.delimiter = d[0]
		if first, err = t.skipBlank(); err != nil {
			return nil, err
		}
	} else {
		t.delimiter = delimiterOf(first.text)
	}
	t.lines.unread([]line{first})
	_, header, problem, err := t.record(0)
	if err != nil {
		return nil, err
	}
	if problem != nil {
		return nil, &Error{Code: "header_unreadable", Detail: "The first row, which names the columns, cannot be read: " + problem.reason, Fix: "Correct the first row and load the file again."}
	}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if utf8.RuneCountInString(name) > MaxExternalID {
			return nil, &Error{
				Code: "header_unreadable", Detail: fmt.Sprintf("The name of column %d has more than %d characters.", i+1, MaxExternalID),
				Fix: "Shorten it, and look whether the first row names the columns.",
			}
		}
	}
	if strings.Contains(first.text, "\r") {
		return nil, &Error{Code: "header_unreadable", Detail: "The first row does not end where it should: the lines end in a lone carriage return.", Fix: "Save the file as CSV with usual line ends and load that."}
	}
	if strings.ContainsFunc(strings.Join(header, ""), isForbidden) {
		return nil, notText("The first row, which names the columns, holds control characters.")
	}
	t.header = header
	return t, nil
}

func (t *table) skipBlank() (line, error) {
	for {
		l, err := t.lines.next()
		if errors.Is(err, io.EOF) {
			return line{}, &Error{Code: "empty", Detail: "There is nothing to read.", Fix: "Send a CSV whose first row names the columns."}
		}
		if err != nil || strings.TrimSpace(l.text) != "" {
			return l, err
		}
	}
}

// delimiterOf returns the delimiter that occurs most in a header, outside
// quotes.
func delimiterOf(header string) byte {
	var counts [len(delimiters)]int
	open := false
	for i := range len(header) {
		if header[i] == '"' {
			open = !open
		} else if at := strings.IndexByte(delimiters, header[i]); at >= 0 && !open {
			counts[at]++
		}
	}
	most := slices.Index(counts[:], slices.Max(counts[:]))
	return delimiters[most]
}

// rows returns the rows below the header. Blank lines are none.
func (t *table) rows() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for {
			number, cells, problem, err := t.record(len(t.header))
			if errors.Is(err, io.EOF) {
				return
			}
			r := row{line: number, names: t.header, flaw: problem}
			for _, cell := range cells {
				r.values = append(r.values, cell)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// record returns the line on which the next record begins and its cells, or
// what is wrong with it. It wants as many cells as width says, or any number
// when that is 0.
//
// A quote that is never closed would swallow the rows below it. So a record
// that spans lines and makes no sense is one bad line, and reading goes on with
// the line after. Rows are read again at most a few times for it: a quote that
// is open always ends, for better or worse, at the next line that would open
// one by itself.
func (t *table) record(width int) (number int, cells []string, problem *flaw, err error) {
	first, err := t.lines.next()
	for err == nil && strings.TrimSpace(first.text) == "" {
		first, err = t.lines.next()
	}
	if err != nil {
		return 0, nil, nil, err
	}
	split := splitter{delimiter: t.delimiter}
	read := []line{first}
	more, problem := split.add(first)
	for more && problem == nil {
		next, err := t.lines.next()
		if errors.Is(err, io.EOF) {
			problem = unclosed
			break
		}
		if err != nil {
			return 0, nil, nil, err
		}
		read = append(read, next)
		more, problem = split.add(next)
	}
	if n := len(split.cells); problem == nil && width > 0 && n != width {
		problem = &flaw{"column_count", fmt.Sprintf("The row has %d columns where the header has %d.", n, width)}
	}
	if problem != nil {
		t.lines.unread(read[1:])
		return first.number, nil, problem, nil
	}
	return first.number, split.cells, nil, nil
}

var (
	unclosed = &flaw{"quote_unclosed", "A quotation mark opens a value and is not closed."}
	trailing = &flaw{"quote_misplaced", "There is text behind the quotation mark that closes a value; one inside a value is written twice."}
	tooLong  = &flaw{"row_too_long", "The row is longer than 8 MB."}
)

// splitter splits a record into cells, a line at a time.
type splitter struct {
	delimiter byte
	cells     []string
	open      *strings.Builder // the quoted cell that goes on in the next line
}

// add takes a line and tells whether the record goes on in the next one.
func (s *splitter) add(l line) (more bool, problem *flaw) {
	if l.cut {
		return false, tooLong
	}
	rest := l.text
	if s.open != nil {
		s.open.WriteByte('\n')
		var ended bool
		if rest, ended, problem = s.quoted(rest); ended || problem != nil || s.open != nil {
			return s.open != nil, problem
		}
	}
	for {
		if inner := strings.TrimLeft(rest, " "); strings.HasPrefix(inner, `"`) {
			s.open = new(strings.Builder)
			var ended bool
			if rest, ended, problem = s.quoted(inner[1:]); ended || problem != nil || s.open != nil {
				return s.open != nil, problem
			}
			continue
		}
		i := strings.IndexByte(rest, s.delimiter)
		if i < 0 {
			s.cells = append(s.cells, rest)
			return false, nil
		}
		s.cells = append(s.cells, rest[:i])
		rest = rest[i+1:]
	}
}

// quoted reads the open cell from text. It returns what follows the delimiter
// behind it, and whether the record ended with it. When the cell is open still,
// it goes on in the next line.
func (s *splitter) quoted(text string) (rest string, ended bool, problem *flaw) {
	for {
		i := strings.IndexByte(text, '"')
		if i < 0 {
			s.open.WriteString(text)
			if s.open.Len() > MaxField {
				return "", false, unclosed
			}
			return "", false, nil
		}
		s.open.WriteString(text[:i])
		text = text[i+1:]
		if strings.HasPrefix(text, `"`) {
			s.open.WriteByte('"')
			text = text[1:]
			continue
		}
		s.cells = append(s.cells, s.open.String())
		s.open = nil
		text = strings.TrimLeft(text, " ")
		switch {
		case text == "":
			return "", true, nil
		case text[0] == s.delimiter:
			return text[1:], false, nil
		}
		return "", false, trailing
	}
}
