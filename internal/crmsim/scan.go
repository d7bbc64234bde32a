package crmsim

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// ErrJSON is what is wrong with a body that is not JSON, or not the JSON that
// was expected.
var ErrJSON = errors.New("unexpected token")

// Scanner walks through JSON without building a tree of it. Hundreds of
// records a call, thousands a second, would otherwise be mostly maps.
//
// After the first thing wrong nothing moves, and End tells. What is returned
// is a part of the text scanned wherever possible: whoever keeps it, keeps all
// of that.
type Scanner struct {
	data string
	pos  int
	err  error
}

// NewScanner returns a Scanner at the beginning of data.
func NewScanner(data string) *Scanner { return &Scanner{data: data} }

// peek returns the next byte that is not white space, or 0.
func (s *Scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take consumes the byte c or fails.
func (s *Scanner) take(c byte) bool {
	if s.err == nil && s.peek() != c {
		s.err = ErrJSON
	}
	if s.err != nil {
		return false
	}
	s.pos++
	return true
}

// Members calls member for each member of the object that comes next; member
// must consume the value.
func (s *Scanner) Members(member func(key string)) {
	s.list('{', '}', func() {
		key := s.Quoted()
		if s.take(':') {
			member(key)
		}
	})
}

// Items calls item for each element of the array that comes next; item must
// consume it.
func (s *Scanner) Items(item func()) {
	s.list('[', ']', item)
}

func (s *Scanner) list(open, end byte, element func()) {
	if !s.take(open) {
		return
	}
	if s.peek() == end {
		s.pos++
		return
	}
	for s.err == nil {
		element()
		if s.err == nil && s.peek() == end {
			s.pos++
			return
		}
		s.take(',')
	}
}

// Quoted consumes a string and returns what is between the quotes, unescaped.
func (s *Scanner) Quoted() string {
	if !s.take('"') {
		return ""
	}
	start, plain := s.pos, true
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '\\':
			plain = false
			s.pos++
		case c == '"':
			raw := s.data[start:s.pos]
			s.pos++
			if plain && utf8.ValidString(raw) {
				return raw
			}
			return s.unescape(s.data[start-1 : s.pos])
		case c < ' ':
			s.err = ErrJSON
			return ""
		}
	}
	s.err = ErrJSON
	return ""
}

func (s *Scanner) unescape(raw string) string {
	var text string
	if json.Unmarshal([]byte(raw), &text) != nil {
		s.err = ErrJSON
	}
	return text
}

// Raw consumes one value of any kind and returns it as it is spelled.
func (s *Scanner) Raw() string {
	c := s.peek()
	start := s.pos
	switch c {
	case '{':
		s.Members(func(string) { s.Raw() })
	case '[':
		s.Items(func() { s.Raw() })
	case '"':
		s.Quoted()
	default:
		s.literal()
	}
	if s.err != nil {
		return ""
	}
	return s.data[start:s.pos]
}

// literal consumes a number, true, false or null.
func (s *Scanner) literal() {
	start := s.pos
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
		default:
			s.pos++
			continue
		}
		break
	}
	if s.err == nil && !json.Valid([]byte(s.data[start:s.pos])) {
		s.err = ErrJSON
	}
}

// End fails unless nothing but white space is left.
func (s *Scanner) End() error {
	if s.peek(); s.err == nil && s.pos < len(s.data) {
		s.err = ErrJSON
	}
	return s.err
}
