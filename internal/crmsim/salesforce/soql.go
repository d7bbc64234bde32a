package salesforce

import (
	"net/http"
	"strconv"
	"strings"
)

// statement is a SOQL query as it is written.
type statement struct {
	text   string
	count  bool // SELECT COUNT()
	fields []name
	from   name
	where  *condition // nil: all
	order  []ordering
	limit  int // -1: none
	offset int
}

// name is an identifier, dotted for a parent's field, and where it stands.
type name struct {
	text string
	pos  int
}

type ordering struct {
	name
	descending bool
	nullsLast  bool
}

// condition is a comparison, or several conditions joined.
type condition struct {
	join  string // AND, OR, NOT; empty for a comparison
	parts []*condition

	field  name
	op     string // =, !=, <, <=, >, >=, LIKE, IN, NOT IN
	values []literal
}

type literalKind int

const (
	literalString literalKind = iota
	literalNumber
	literalMoment
	literalWord // true, false, null
)

type literal struct {
	kind literalKind
	text string
}

// parser reads one statement. The first thing wrong sets bad.
type parser struct {
	text string
	pos  int
	tok  token
	bad  *failure
}

type token struct {
	kind tokenKind
	text string // unescaped
	pos  int
}

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
	tokenNumber
	tokenSign
)

// parseSOQL reads a query.
func parseSOQL(text string) (*statement, *failure) {
	p := &parser{text: text}
	p.next()
	s := &statement{text: text, limit: -1}
	p.keyword("SELECT")
	p.selection(s)
	p.keyword("FROM")
	s.from = p.identifier()
	if p.accept("WHERE") {
		s.where = p.conditions()
	}
	if p.accept("ORDER") {
		p.keyword("BY")
		s.order = p.orderings()
	}
	if p.accept("LIMIT") {
		s.limit = p.number()
	}
	if p.accept("OFFSET") {
		s.offset = p.number()
	}
	if p.bad == nil && p.tok.kind != tokenEnd {
		p.unexpected()
	}
	return s, p.bad
}

func (p *parser) selection(s *statement) {
	for p.bad == nil {
		field := p.identifier()
		if p.sign("(") {
			p.function(s, field)
		} else {
			s.fields = append(s.fields, field)
		}
		if !p.sign(",") {
			return
		}
	}
}

// function reads what may follow COUNT( and FIELDS(.
func (p *parser) function(s *statement, f name) {
	switch strings.ToUpper(f.text) {
	case "COUNT":
		s.count = true
	case "FIELDS":
		group := p.identifier()
		s.fields = append(s.fields, name{text: "FIELDS(" + strings.ToUpper(group.text) + ")", pos: f.pos})
	default:
		p.unexpected()
	}
	p.expect(")")
}

// conditions reads conditions joined by AND, or by OR; mixing the two takes
// parentheses in SOQL.
func (p *parser) conditions() *condition {
	first := p.condition()
	join := ""
	all := []*condition{first}
	for p.bad == nil {
		word := strings.ToUpper(p.tok.text)
		if p.tok.kind != tokenWord || word != "AND" && word != "OR" {
			break
		}
		if join != "" && join != word {
			p.unexpected()
			break
		}
		join = word
		p.next()
		all = append(all, p.condition())
	}
	if join == "" {
		return first
	}
	return &condition{join: join, parts: all}
}

func (p *parser) condition() *condition {
	if p.bad != nil {
		return &condition{}
	}
	if p.accept("NOT") {
		return &condition{join: "NOT", parts: []*condition{p.condition()}}
	}
	if p.sign("(") {
		c := p.conditions()
		p.expect(")")
		return c
	}
	c := &condition{field: p.identifier()}
	switch {
	case p.accept("LIKE"):
		c.op, c.values = "LIKE", []literal{p.literal()}
	case p.accept("IN"):
		c.op, c.values = "IN", p.literals()
	case p.accept("NOT"):
		p.keyword("IN")
		c.op, c.values = "NOT IN", p.literals()
	default:
		c.op, c.values = p.operator(), []literal{p.literal()}
	}
	return c
}

func (p *parser) operator() string {
	op := p.tok.text
	if p.tok.kind != tokenSign || !strings.Contains("= != <> < <= > >=", op) || op == "(" || op == ")" || op == "," {
		p.unexpected()
		return ""
	}
	p.next()
	if op == "<>" {
		return "!="
	}
	return op
}

func (p *parser) literals() []literal {
	p.expect("(")
	var all []literal
	for p.bad == nil {
		all = append(all, p.literal())
		if !p.sign(",") {
			break
		}
	}
	p.expect(")")
	return all
}

func (p *parser) literal() literal {
	tok := p.tok
	l := literal{text: tok.text}
	switch tok.kind {
	case tokenString:
	case tokenNumber:
		l.kind = literalNumber
		if strings.ContainsAny(tok.text, "T:") || strings.Count(tok.text, "-") > 1 {
			l.kind = literalMoment
		}
	case tokenWord:
		l.kind, l.text = literalWord, strings.ToLower(tok.text)
		if l.text != "true" && l.text != "false" && l.text != "null" {
			p.unexpected()
		}
	case tokenEnd, tokenSign:
		p.unexpected()
	}
	p.next()
	return l
}

func (p *parser) orderings() []ordering {
	var all []ordering
	for p.bad == nil {
		o := ordering{name: p.identifier()}
		if !p.accept("ASC") {
			o.descending = p.accept("DESC")
		}
		if p.accept("NULLS") {
			o.nullsLast = p.accept("LAST")
			if !o.nullsLast {
				p.keyword("FIRST")
			}
		}
		all = append(all, o)
		if !p.sign(",") {
			break
		}
	}
	return all
}

func (p *parser) number() int {
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != tokenNumber || err != nil {
		p.unexpected()
	}
	p.next()
	return n
}

func (p *parser) identifier() name {
	tok := p.tok
	if tok.kind != tokenWord {
		p.unexpected()
		return name{}
	}
	p.next()
	return name{text: tok.text, pos: tok.pos}
}

func (p *parser) keyword(word string) {
	if !p.accept(word) {
		p.unexpected()
	}
}

// accept consumes the word if it is next.
func (p *parser) accept(word string) bool {
	if p.bad != nil || p.tok.kind != tokenWord || !strings.EqualFold(p.tok.text, word) {
		return false
	}
	p.next()
	return true
}

// sign consumes the sign if it is next.
func (p *parser) sign(sign string) bool {
	if p.bad != nil || p.tok.kind != tokenSign || p.tok.text != sign {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(sign string) {
	if !p.sign(sign) {
		p.unexpected()
	}
}

func (p *parser) unexpected() {
	if p.bad != nil {
		return
	}
	what := "unexpected token: '" + p.tok.text + "'"
	if p.tok.kind == tokenEnd {
		what = "unexpected token: '<EOF>'"
	}
	p.bad = queryFailure(p.text, p.tok.pos, codeMalformedQuery, what)
}

// next reads the next token.
func (p *parser) next() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	start := p.pos
	if start == len(p.text) {
		p.tok = token{pos: start}
		return
	}
	c := p.text[start]
	switch {
	case c == '\'':
		p.quoted()
		return
	case c >= '0' && c <= '9' || c == '-' || c == '+':
		p.run("0123456789.-+:TZeE")
		p.tok = token{kind: tokenNumber}
	case alphanumeric(c) || c == '_':
		p.run("_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
		p.tok = token{kind: tokenWord}
	default:
		p.pos++
		if p.pos < len(p.text) && strings.Contains("!= <> <= >=", p.text[start:p.pos+1]) && c != ' ' && p.text[p.pos] != ' ' {
			p.pos++
		}
		p.tok = token{kind: tokenSign}
	}
	p.tok.text, p.tok.pos = p.text[start:p.pos], start
}

func (p *parser) run(of string) {
	for p.pos < len(p.text) && strings.IndexByte(of, p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// quoted reads a string; a backslash escapes.
func (p *parser) quoted() {
	start := p.pos
	var b strings.Builder
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case '\'':
			p.pos++
			p.tok = token{kind: tokenString, text: b.String(), pos: start}
			return
		case '\\':
			p.pos++
			if p.pos < len(p.text) {
				b.WriteByte(unescaped(p.text[p.pos]))
			}
		default:
			b.WriteByte(c)
		}
	}
	p.tok = token{pos: start}
	if p.bad == nil {
		p.bad = queryFailure(p.text, start, codeMalformedQuery, "line 1:"+strconv.Itoa(start)+" mismatched character '<EOF>' expecting '''")
	}
}

func unescaped(c byte) byte {
	switch c {
	case 'n', 'N':
		return '\n'
	case 'r', 'R':
		return '\r'
	case 't', 'T':
		return '\t'
	}
	return c
}

// queryFailure points at the place in the query, as recorded in
// cumulusci-cassettes/TestCountSObjects.
func queryFailure(text string, pos int, c code, what string) *failure {
	return failedWith(http.StatusBadRequest, c,
		"\n"+text+"\n"+strings.Repeat(" ", pos)+"^\nERROR at Row:1:Column:"+strconv.Itoa(pos+1)+"\n"+what)
}
