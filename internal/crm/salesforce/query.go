package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"lockstep/internal/crm"
)

// maxURL bounds the URL of a query. URL and headers together may have 16,384
// bytes, or the call is answered 414 or 431 (help.salesforce.com article
// 000386264); a quarter is left for the headers, a long token among them.
const maxURL = 12_000

const (
	queryPath    = dataPath + "/query"
	queryAllPath = dataPath + "/queryAll" // deleted rows too (crm/salesforce.md §4)
)

// query returns all rows of a SOQL statement.
func query[T any](ctx context.Context, c client, op, soql string) ([]T, error) {
	return rows[T](ctx, c, op, queryPath+"?q="+url.QueryEscape(soql))
}

// rows returns the rows of the page at path and of all that follow.
func rows[T any](ctx context.Context, c client, op, path string) ([]T, error) {
	var all []T
	for path != "" {
		p, err := readPage[T](ctx, c, op, path)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Records...)
		path = p.Next
	}
	return all, nil
}

// readPage returns the page at path. Its Next is empty after the last.
func readPage[T any](ctx context.Context, c client, op, path string) (page[T], error) {
	var p page[T]
	if err := c.get(ctx, op, path, &p); err != nil {
		return page[T]{}, err
	}
	switch {
	case p.Done:
		p.Next = ""
	case !isCursor(p.Next):
		return page[T]{}, unreadable(op, crm.KindUnavailable, errors.New("no next page of an unfinished query"))
	}
	return p, nil
}

// isCursor tells whether path is the path of a further page. It is put behind
// the account's own host, so one that could name another is none.
func isCursor(path string) bool {
	rest, ok := strings.CutPrefix(path, "/services/data/")
	return ok && strings.Contains(rest, "/query") && !strings.ContainsAny(path, "\\?#") && !strings.Contains(path, "..")
}

// statements returns the SOQL statements that together select the rows where
// column is one of values, each short enough for a URL at base.
func statements(base, selection, column string, values []string) []string {
	head := selection + " WHERE " + column + " IN ("
	room := maxURL - len(base) - len(queryAllPath+"?q=") - len(url.QueryEscape(head+")"))

	var all []string
	var list strings.Builder
	left := room
	for _, v := range values {
		lit := literal(v)
		size := len(url.QueryEscape("," + lit))
		if size > left && list.Len() > 0 {
			all = append(all, head+list.String()+")")
			list.Reset()
			left = room
		}
		if list.Len() > 0 {
			list.WriteByte(',')
		}
		list.WriteString(lit)
		left -= size
	}
	if list.Len() > 0 {
		all = append(all, head+list.String()+")")
	}
	return all
}

// literal returns s as a SOQL string. It is the only way a value gets into a
// statement.
func literal(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// named tells whether s can be the name of a type or field, and so stand in a
// statement or a path as it is.
func named(s string) bool {
	if s == "" || len(s) > 80 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}
