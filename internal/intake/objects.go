package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

var (
	notObject = &flaw{"json_not_object", "A record is an object, such as {\"external_id\": \"1\"}."}
	notJSON   = &flaw{"json_invalid", "The row is not valid JSON."}
	notRead   = &flaw{"json_invalid", "What follows here is not valid JSON, and was not read."}
)

// objectLines returns the rows of NDJSON. Blank lines are none.
func objectLines(r io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for lines := newLines(r); ; {
			l, err := lines.next()
			if errors.Is(err, io.EOF) {
				return
			}
			body := strings.TrimSpace(l.text)
			if err == nil && body == "" {
				continue
			}
			parsed := row{flaw: tooLong}
			if !l.cut {
				parsed = object([]byte(body))
			}
			parsed.line = l.number
			if !yield(parsed, err) || err != nil {
				return
			}
		}
	}
}

// objectArray returns the rows of a JSON array. Where it stops being JSON there
// is one last row, with a flaw.
func objectArray(r io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		counted := &lineCounter{r: r}
		dec := json.NewDecoder(counted)
		if start, err := dec.Token(); start != json.Delim('[') {
			yield(row{}, counted.refused(err))
			return
		}
		for dec.More() {
			var raw json.RawMessage
			err := dec.Decode(&raw)
			if counted.err != nil {
				yield(row{}, counted.err)
				return
			}
			if err != nil {
				yield(row{line: counted.line(dec.InputOffset()), flaw: notRead}, nil)
				return
			}
			parsed := row{flaw: tooLong}
			if len(raw) <= maxRow {
				parsed = object(raw)
			}
			parsed.line = counted.line(dec.InputOffset() - int64(len(raw)))
			if !yield(parsed, nil) {
				return
			}
		}
		end(dec, counted, yield)
	}
}

// end makes sure that the array ends and that nothing comes after it.
func end(dec *json.Decoder, counted *lineCounter, yield func(row, error) bool) {
	_, err := dec.Token()
	if err == nil {
		_, err = dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
	}
	if counted.err != nil {
		yield(row{}, counted.err)
		return
	}
	yield(row{line: counted.line(dec.InputOffset()), flaw: notRead}, nil)
}

// object reads one record, keeping the order of its names.
func object(raw []byte) row {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	start, err := dec.Token()
	if err != nil {
		return row{flaw: notJSON}
	}
	if start != json.Delim('{') {
		return row{flaw: notObject}
	}
	var r row
	given := make(map[string]bool)
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return row{flaw: notJSON}
		}
		value, err := dec.Token()
		if err != nil {
			return row{flaw: notJSON}
		}
		key, _ := name.(string)
		key = strings.TrimSpace(key)
		if problem := misnamed(key, given); problem != nil {
			return row{flaw: problem}
		}
		given[key] = true
		if _, nested := value.(json.Delim); nested {
			_, problem := scalar(key, value)
			return row{flaw: problem}
		}
		r.names = append(r.names, key)
		r.values = append(r.values, value)
	}
	if _, err := dec.Token(); err != nil {
		return row{flaw: notJSON}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return row{flaw: notJSON}
	}
	return r
}

// misnamed says what is wrong with a name, beside those that were given before.
func misnamed(name string, given map[string]bool) *flaw {
	switch {
	case utf8.RuneCountInString(name) > MaxExternalID:
		return &flaw{"name_too_long", fmt.Sprintf("The name %s has more than %d characters.", quoted(name), MaxExternalID)}
	case given[name]:
		return &flaw{"name_twice", quoted(name) + " is given twice."}
	case len(given) == MaxColumns:
		return &flaw{"too_many_names", fmt.Sprintf("The row has more than %d names.", MaxColumns)}
	}
	return nil
}

// lineCounter remembers where the lines begin of what is read through it, as
// long as it has not been asked about what is behind them.
type lineCounter struct {
	r      io.Reader
	err    error // of r, but for its end
	offset int64
	breaks []int64
	passed int
}

// Read implements io.Reader.
func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			c.breaks = append(c.breaks, c.offset+int64(i))
		}
	}
	c.offset += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = fmt.Errorf("reading records: %w", err)
	}
	return n, err
}

// line returns the line that offset is on. Offsets may only grow.
func (c *lineCounter) line(offset int64) int {
	n := 0
	for n < len(c.breaks) && c.breaks[n] < offset {
		n++
	}
	c.breaks = c.breaks[n:]
	c.passed += n
	return c.passed + 1
}

// refused says why what should have begun an array did not, given the parser's
// error.
func (c *lineCounter) refused(err error) error {
	switch {
	case c.err != nil:
		return c.err
	case errors.Is(err, io.EOF):
		return &Error{Code: "empty", Detail: "There is nothing to read.", Fix: "Send an array of objects."}
	}
	return &Error{
		Code: "json_not_array", Detail: "This is not a JSON array.",
		Fix: "Send an array of objects, or one object a line as application/x-ndjson.",
	}
}
