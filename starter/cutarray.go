package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// arrayCutter cuts a JSON array into arrays. It knows where an element ends and
// not whether it is sound: that is the API's to say.
type arrayCutter struct {
	r    *bufio.Reader
	most int // rows of a part
	line int // that the next byte is on

	depth  int  // of brackets, the array's own not counted
	text   bool // inside a string
	escape bool // behind a backslash
	inside bool // an element has begun
	ended  bool
}

func (c *arrayCutter) parts(yield func(part, error) bool) {
	if err := c.open(); err != nil {
		yield(part{}, err)
		return
	}
	var h heap
	for !c.ended {
		b, err := c.r.ReadByte()
		if err != nil {
			c.unfinished(&h, err, yield)
			return
		}
		ends := c.take(b)
		if c.inside || ends || h.rows > 0 || !between(b) {
			c.keep(&h, b, ends)
		}
		if b == '\n' {
			c.line++
		}
		if len(h.body) > partBytes+lineBytes {
			yield(part{}, fmt.Errorf("reading records: the record on line %d is larger than %d MB", h.line, lineBytes>>20))
			return
		}
		if c.ended || ends && h.full(c.most) {
			if h.rows > 0 && !yield(h.close(), nil) {
				return
			}
			h = heap{}
		}
	}
	c.end(yield)
}

// open reads up to the bracket that opens the array.
func (c *arrayCutter) open() error {
	for {
		b, err := c.r.ReadByte()
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		if b == '\n' {
			c.line++
		}
		if b == '[' {
			return nil
		}
	}
}

// take takes the next byte and tells whether an element ended before it, as one
// does at a comma and at the end of the array.
func (c *arrayCutter) take(b byte) bool {
	switch {
	case c.escape:
		c.escape = false
	case c.text:
		c.escape = b == '\\'
		c.text = b != '"'
	case b == '"':
		c.text, c.inside = true, true
	case b == '[' || b == '{':
		c.depth++
		c.inside = true
	case c.depth > 0:
		if b == ']' || b == '}' {
			c.depth--
		}
	case b == ',' || b == ']':
		c.ended = b == ']'
		ends := c.inside
		c.inside = false
		return ends
	case !between(b):
		c.inside = true
	}
	return false
}

// between reports whether b may stand between elements.
func between(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' || b == ',' }

// keep puts a byte onto the heap, but for the comma or bracket behind its last
// element.
func (c *arrayCutter) keep(h *heap, b byte, ends bool) {
	if c.ended {
		if ends {
			h.rows++
		}
		return
	}
	if h.line == 0 {
		h.body = append(h.body, '[')
	}
	h.add(c.line, []byte{b}, ends)
}

// close returns the part as the array it is.
func (h *heap) close() part {
	p := h.part
	if p.body[len(p.body)-1] == ',' {
		p.body = p.body[:len(p.body)-1]
	}
	p.body = append(p.body, ']')
	return p
}

// unfinished hands out an array that the file ends in the middle of, as it is:
// the API says from where on it makes no sense.
func (c *arrayCutter) unfinished(h *heap, err error, yield func(part, error) bool) {
	if !errors.Is(err, io.EOF) {
		yield(part{}, fmt.Errorf("reading records: %w", err))
		return
	}
	if h.line == 0 {
		yield(part{}, fmt.Errorf("reading records: the array is not closed at the end, on line %d", c.line))
		return
	}
	yield(h.part, nil)
}

// end makes sure that nothing comes behind the array.
func (c *arrayCutter) end(yield func(part, error) bool) {
	for {
		b, err := c.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			yield(part{}, fmt.Errorf("reading records: %w", err))
			return
		case !between(b):
			yield(part{}, fmt.Errorf("reading records: there is more behind the end of the array, on line %d", c.line))
			return
		case b == '\n':
			c.line++
		}
	}
}
