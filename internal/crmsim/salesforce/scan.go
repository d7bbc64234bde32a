package salesforce

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// errJSON is what is wrong with a body that is not JSON, or not the JSON that
// was expected.
var errJSON = errors.New("unexpected token")

// scanner walks through JSON without building a tree of it. Two hundred
// records a call, thousands a second, would otherwise be mostly maps.
//
// The first thing wrong sets err, after which nothing moves. What is returned
// is a part of data wherever possible: whoever keeps it, keeps all of data.
type scanner struct {
	data string
	pos  int
	err  error
}

// peek returns the next byte that is not white space, or 0.
func (s *scanner) peek() byte {
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
func (s *scanner) take(c byte) bool {
	if s.err == nil && s.peek() != c {
		s.err = errJSON
	}
	if s.err != nil {
		return false
	}
	s.pos++
	return true
}

// members calls member for each member of the object that comes next; member
// must consume the value.
func (s *scanner) members(member func(key string)) {
	s.list('{', '}', func() {
		key := s.quoted()
		if s.take(':') {
			member(key)
		}
	})
}

// items calls item for each element of the array that comes next; item must
// consume it.
func (s *scanner) items(item func()) {
	s.list('[', ']', item)
}

func (s *scanner) list(open, end byte, element func()) {
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

// quoted consumes a string and returns what is between the quotes, unescaped.
func (s *scanner) quoted() string {
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
			s.err = errJSON
			return ""
		}
	}
	s.err = errJSON
	return ""
}

func (s *scanner) unescape(raw string) string {
	var text string
	if json.Unmarshal([]byte(raw), &text) != nil {
		s.err = errJSON
	}
	return text
}

// raw consumes one value of any kind and returns it as it is spelled.
func (s *scanner) raw() string {
	c := s.peek()
	start := s.pos
	switch c {
	case '{':
		s.members(func(string) { s.raw() })
	case '[':
		s.items(func() { s.raw() })
	case '"':
		s.quoted()
	default:
		s.literal()
	}
	if s.err != nil {
		return ""
	}
	return s.data[start:s.pos]
}

// literal consumes a number, true, false or null.
func (s *scanner) literal() {
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
		s.err = errJSON
	}
}

// end fails unless nothing but white space is left.
func (s *scanner) end() error {
	if s.peek(); s.err == nil && s.pos < len(s.data) {
		s.err = errJSON
	}
	return s.err
}
