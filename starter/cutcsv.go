package main

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

const (
	delimiters = ",;\t|" // those that the API recognises, the likeliest first
	rowBytes   = 8 << 20 // of a row that the API reads
	cellBytes  = 1 << 20 // of a quoted value that spans lines
)

// csvCutter cuts a CSV. A record may span lines, when a quoted value does; it
// begins and ends where the API, with package intake, says so: also where quotes
// are misplaced, because a bad row must not drag its neighbours into another
// part.
type csvCutter struct {
	lines     *lines
	most      int // rows of a part
	delimiter byte
	columns   int
	header    []byte // each part begins with it
	height    int    // of the header, in lines
}

func (c *csvCutter) parts(yield func(part, error) bool) {
	if err := c.readHeader(); err != nil {
		c.headerAlone(err, yield)
		return
	}
	h := c.begin()
	for first := true; ; {
		line := c.lines.number + 1
		raw, isRow, err := c.record()
		switch {
		case errors.Is(err, io.EOF) && first && h.rows == 0:
			c.headerAlone(err, yield)
			return
		case err != nil:
			finish(&h, err, yield)
			return
		}
		h.add(line, raw, isRow)
		if h.full(c.most) {
			if !yield(h.part, nil) {
				return
			}
			h, first = c.begin(), false
		}
	}
}

// headerAlone hands out a file that has nothing but a header, or not even that:
// the API says what there is to say about it.
func (c *csvCutter) headerAlone(err error, yield func(part, error) bool) {
	if !errors.Is(err, io.EOF) {
		yield(part{}, err)
		return
	}
	yield(part{body: c.header, header: c.height, line: c.height + 1}, nil)
}

func (c *csvCutter) begin() heap {
	return heap{part: part{body: slices.Clone(c.header), header: c.height}}
}

// readHeader reads up to the row that names the columns.
func (c *csvCutter) readHeader() error {
	for c.delimiter == 0 {
		line, err := c.lines.next()
		if err != nil {
			return err
		}
		text := withoutEnd(line)
		told, ok := bytes.CutPrefix(text, []byte("sep=")) // Excel's own way of telling
		switch {
		case ok && len(told) == 1:
			c.delimiter = told[0]
		case len(bytes.TrimSpace(text)) > 0:
			c.delimiter = delimiterOf(string(text))
			c.lines.unread([][]byte{line})
			continue
		}
		c.header = append(c.header, line...)
	}
	for isRow := false; !isRow; {
		raw, row, err := c.record()
		c.header = append(c.header, raw...)
		c.height = c.lines.number
		if err != nil {
			return err
		}
		isRow = row
	}
	if !bytes.HasSuffix(c.header, []byte("\n")) {
		return io.EOF
	}
	return nil
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
	return delimiters[slices.Index(counts[:], slices.Max(counts[:]))]
}

// record returns the lines of the next record, or a blank line, which is none.
// Lines that make no sense as one record are a bad one and the rest.
func (c *csvCutter) record() (raw []byte, isRow bool, err error) {
	first, err := c.lines.next()
	if err != nil {
		return nil, false, err
	}
	if len(bytes.TrimSpace(first)) == 0 {
		return first, false, nil
	}
	scan := csvScan{delimiter: c.delimiter}
	read := [][]byte{first}
	open, bad := scan.add(withoutEnd(first))
	for open && !bad {
		next, err := c.lines.next()
		if errors.Is(err, io.EOF) {
			bad = true
			break
		}
		if err != nil {
			return nil, false, err
		}
		read = append(read, next)
		open, bad = scan.add(withoutEnd(next))
	}
	if c.columns == 0 && !bad {
		c.columns = scan.cells // of the header
	}
	if bad || scan.cells != c.columns {
		c.lines.unread(read[1:])
		return first, true, nil
	}
	return bytes.Join(read, nil), true, nil
}

func withoutEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

// csvScan counts the cells of a record, a line at a time.
type csvScan struct {
	delimiter byte
	cells     int
	open      int // bytes of the quoted cell that goes on in the next line, plus one; 0 when there is none
}

// add takes a line. It tells whether the record goes on in the next one, and
// whether it makes no sense.
func (s *csvScan) add(text []byte) (open, bad bool) {
	if len(text) > rowBytes {
		return false, true
	}
	if s.open > 0 {
		s.open++
		var more bool
		if text, more, bad = s.quoted(text); !more {
			return s.open > 0, bad
		}
	}
	for {
		if inner := bytes.TrimLeft(text, " "); bytes.HasPrefix(inner, []byte(`"`)) {
			s.open = 1
			var more bool
			if text, more, bad = s.quoted(inner[1:]); !more {
				return s.open > 0, bad
			}
			continue
		}
		s.cells++
		i := bytes.IndexByte(text, s.delimiter)
		if i < 0 {
			return false, false
		}
		text = text[i+1:]
	}
}

// quoted reads the rest of a quoted cell. It returns what follows the delimiter
// behind it, and whether there is one.
func (s *csvScan) quoted(text []byte) (rest []byte, more, bad bool) {
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			s.open += len(text)
			return nil, false, s.open-1 > cellBytes
		}
		s.open += i
		text = text[i+1:]
		if bytes.HasPrefix(text, []byte(`"`)) { // two stand for one
			s.open++
			text = text[1:]
			continue
		}
		s.open = 0
		s.cells++
		text = bytes.TrimLeft(text, " ")
		switch {
		case len(text) == 0:
			return nil, false, false
		case text[0] == s.delimiter:
			return text[1:], true, false
		}
		return nil, false, true
	}
}
