package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"lockstep/internal/crm"
)

// Column is one column and what its values are kept under.
type Column struct {
	Name   string // as it was given
	Field  string // empty for an external id that is no field of ours
	Custom bool   // no field of ours, but an attribute of the workspace's own
}

// layout says what the names of a row mean.
type layout struct {
	id     int      // which of them is the external id; -1 when none is
	fields []string // empty for what is not kept as one
}

// columns finds out what column names mean. Rows of JSON may differ in theirs;
// each set is judged by itself, but all take their external ids from the same
// column.
type columns struct {
	object  crm.Object
	asked   string // the caller's choice of external id
	id      string // the column that was chosen, once one was
	seen    []Column
	known   map[Column]bool
	layouts map[string]layout
}

func newColumns(object crm.Object, asked string) *columns {
	return &columns{
		object: object, asked: strings.TrimSpace(asked),
		known: make(map[Column]bool), layouts: make(map[string]layout),
	}
}

// layout returns what names mean. It returns an *Error when there are too many
// of them.
func (c *columns) layout(names []string) (layout, error) {
	key := strings.Join(names, "\x00")
	if l, ok := c.layouts[key]; ok {
		return l, nil
	}
	l := layout{id: c.chooseID(names)}
	l.fields = fieldNames(c.object, names, l.id)
	for i, name := range names {
		field := l.fields[i]
		column := Column{Name: name, Field: field, Custom: field != "" && !recognised(c.object, field)}
		if !c.known[column] {
			c.known[column] = true
			c.seen = append(c.seen, column)
		}
	}
	if len(c.seen) > MaxColumns {
		return layout{}, &Error{
			Code: "too_many_columns", Detail: fmt.Sprintf("There are more than %d columns.", MaxColumns),
			Fix: "Leave out those that the CRM does not need.",
		}
	}
	c.layouts[key] = l
	return l, nil
}

// chooseID returns which of names is the external id: the one that was chosen
// before; else the one the caller asked for; else external_id; else the first
// that ends in the word "id".
func (c *columns) chooseID(names []string) int {
	if c.id != "" {
		return find(names, c.id)
	}
	i := find(names, cmp.Or(c.asked, "external_id"))
	if i < 0 && c.asked == "" {
		i = slices.IndexFunc(names, endsInID)
	}
	if i >= 0 {
		c.id = names[i]
	}
	return i
}

// find returns which of names is name, letter for letter or at least in all
// that is not case, space or punctuation.
func find(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(n string) bool { return plain(n) == plain(name) && plain(n) != "" })
}

// endsInID tells whether the last word of name is "id".
func endsInID(name string) bool {
	words := wordsOf(name)
	return len(words) > 0 && words[len(words)-1] == "id"
}

// wanted names what a row without external id lacks.
func (c *columns) wanted() string {
	switch {
	case c.id != "":
		return quoted(c.id) + ", which the external ids are taken from"
	case c.asked != "":
		return quoted(c.asked) + ", which was to hold the external ids"
	}
	return "external id"
}

// refusal says that no column holds the external ids, and which there are.
func (c *columns) refusal() *Error {
	names := make([]string, 0, len(c.seen))
	for _, column := range c.seen {
		names = append(names, quoted(column.Name))
	}
	const most = 50
	if more := len(names) - most; more > 0 {
		names = append(names[:most], "and "+strconv.Itoa(more)+" more")
	}
	r := &Error{
		Code: "no_external_id",
		Detail: "Each record needs an external id, by which it is recognised from then on: the column external_id, " +
			`else the first whose name ends in "Id". There are: ` + strings.Join(names, ", ") + ".",
		Fix: "Name the column that identifies each record, as id_column in the request, or rename it to external_id.",
	}
	if c.asked != "" {
		r.Code = "id_column_missing"
		r.Detail = "There is no column " + quoted(c.asked) + ". There are: " + strings.Join(names, ", ") + "."
	}
	return r
}

// fieldNames returns what each of names is kept under: a field of ours, given to
// the name that says it best, or else the name itself in snake case. No two are
// the same. The external id is kept as a field of ours, or as none.
func fieldNames(object crm.Object, names []string, id int) []string {
	alike := make(map[string][]int, len(names)) // plain name → those that have it
	for i, name := range names {
		alike[plain(name)] = append(alike[plain(name)], i)
	}
	fields := make([]string, len(names))
	taken := make(map[string]int, len(names)) // field or its base → how many
	for _, alias := range aliases[object] {
		for _, other := range alias.names {
			if candidates := alike[other]; len(candidates) > 0 {
				fields[closest(names, candidates, alias.field)] = alias.field
				taken[alias.field]++
				break
			}
		}
	}
	for i, name := range names {
		if i != id && fields[i] == "" {
			fields[i] = unique(taken, custom(name, i))
		}
	}
	return fields
}

// closest returns which of the candidates among names is spelled most like
// field: letter for letter, or at least in the same words; the first of several.
func closest(names []string, candidates []int, field string) int {
	return slices.MinFunc(candidates, func(a, b int) int {
		return cmp.Compare(distance(names[a], field), distance(names[b], field))
	})
}

func distance(name, field string) int {
	switch {
	case name == field:
		return 0
	case strings.Join(wordsOf(name), "_") == field:
		return 1
	}
	return 2
}

// custom returns what the values of an unknown column are kept under.
func custom(name string, i int) string {
	if words := wordsOf(name); len(words) > 0 {
		return strings.Join(words, "_")
	}
	return "column_" + strconv.Itoa(i+1)
}

// unique returns base, or base with a number that nobody has, and takes it.
func unique(taken map[string]int, base string) string {
	field := base
	for taken[field] > 0 {
		taken[base]++
		field = base + "_" + strconv.Itoa(taken[base])
	}
	taken[field]++
	return field
}

// plain returns the letters and digits of name, in lower case.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// wordsOf returns the words of name in lower case, whether they are set apart
// by space, by punctuation or by capitals.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0:
			after := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]) || unicode.IsUpper(runes[i-1]) && after {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return words
}
