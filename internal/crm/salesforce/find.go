package salesforce

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lockstep/internal/crm"
)

const findOp = "salesforce.find"

// maxMoves bounds how often a record that moved is followed. A kept record can
// have been merged again, but not for ever.
const maxMoves = 8

var (
	errTypeName  = errors.New("malformed name of a type")
	errFindBatch = errors.New("look-up is larger than a call takes")
	errCursor    = errors.New("malformed cursor")
)

// Find implements crm.Finder. SOQL reads what is committed, deleted rows
// included when asked by id, and compares e-mail addresses without regard to
// case. A record that is gone even from the bin, or that the user may not see,
// is not mentioned.
func (c *Connector) Find(ctx context.Context, typ string, key crm.Key, values []string) ([]crm.Found, error) {
	if len(values) > findBatch {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: findOp, Err: errFindBatch}
	}
	t, err := shapeOf(typ)
	if err != nil {
		return nil, err
	}
	column, path, possible := "", queryPath, isText
	switch key {
	case crm.KeyExternalID:
		column = externalIDField
	case crm.KeyEmail:
		column = t.email
	case crm.KeyID:
		column, path, possible = "Id", queryAllPath, isID
	}
	if column == "" {
		return nil, &crm.Error{Kind: crm.KindUnsupported, Op: findOp}
	}
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !possible(v) })
	found, err := c.find(ctx, typ, path, t.selection(), column, values)
	if err != nil {
		return nil, err
	}
	return found, c.follow(ctx, found)
}

func (c *Connector) find(ctx context.Context, typ, path, selection, column string, values []string) ([]crm.Found, error) {
	var found []crm.Found
	for _, soql := range statements(c.client.base, selection, column, values) {
		matches, err := rows[row](ctx, c.client, findOp, path+"?q="+url.QueryEscape(soql))
		if err != nil {
			return nil, err
		}
		for _, r := range matches {
			found = append(found, r.found(typ))
		}
	}
	return found, nil
}

// follow points the moved among found to where they are now. What they were
// moved to may have moved in turn, or have been deleted.
func (c *Connector) follow(ctx context.Context, found []crm.Found) error {
	settled := make(map[crm.Moved]crm.Found)
	for range maxMoves {
		asked := make(map[string][]string)
		for _, f := range found {
			if f.MovedTo == nil {
				continue
			}
			if _, known := settled[*f.MovedTo]; !known {
				settled[*f.MovedTo] = crm.Found{}
				asked[f.MovedTo.Type] = append(asked[f.MovedTo.Type], f.MovedTo.ID)
			}
		}
		if len(asked) == 0 {
			return nil
		}
		for typ, ids := range asked {
			t, err := shapeOf(typ)
			if err != nil {
				return err
			}
			kept, err := c.find(ctx, typ, queryAllPath, t.whereabouts(), "Id", ids)
			if err != nil {
				return err
			}
			for _, f := range kept {
				settled[crm.Moved{Type: typ, ID: f.ID}] = f
			}
		}
		for i := range found {
			redirect(&found[i], settled)
		}
	}
	return nil
}

// redirect follows f as far as settled goes.
func redirect(f *crm.Found, settled map[crm.Moved]crm.Found) {
	for range maxMoves {
		if f.MovedTo == nil {
			return
		}
		to := settled[*f.MovedTo]
		if to.Deleted {
			f.MovedTo, f.Deleted = nil, true
			return
		}
		if to.MovedTo == nil {
			return
		}
		f.MovedTo = to.MovedTo
	}
}

// Count implements crm.Finder.
func (c *Connector) Count(ctx context.Context, typ string, limit int) (int, error) {
	const op = "salesforce.count"
	if _, err := shapeOf(typ); err != nil {
		return 0, err
	}
	soql := "SELECT COUNT() FROM " + typ + " LIMIT " + strconv.Itoa(max(1, limit))
	p, err := readPage[row](ctx, c.client, op, queryPath+"?q="+url.QueryEscape(soql))
	if err != nil {
		return 0, err
	}
	return p.TotalSize, nil
}

// List implements crm.Finder. A cursor is the path of the next page; it lives
// two days (crm/salesforce.md §4), after which the page is KindNotFound and the
// listing starts over.
func (c *Connector) List(ctx context.Context, typ, cursor string) ([]crm.Found, string, error) {
	const op = "salesforce.list"
	t, err := shapeOf(typ)
	if err != nil {
		return nil, "", err
	}
	path := cursor
	switch {
	case cursor == "":
		path = queryPath + "?q=" + url.QueryEscape(t.selection())
	case !isCursor(cursor):
		return nil, "", &crm.Error{Kind: crm.KindInternal, Op: op, Err: errCursor}
	}
	p, err := readPage[row](ctx, c.client, op, path)
	if err != nil {
		return nil, "", err
	}
	found := make([]crm.Found, len(p.Records))
	for i, r := range p.Records {
		found[i] = r.found(typ)
	}
	return found, p.Next, nil
}

// shape is what the records of a type have besides an id: not every type has
// an e-mail address, can be merged, or be converted
// (specs/salesforce/describe).
type shape struct {
	name     string
	email    string
	merges   bool
	converts bool
}

func shapeOf(typ string) (shape, error) {
	switch typ {
	case "Contact":
		return shape{name: typ, email: "Email", merges: true}, nil
	case "Lead":
		return shape{name: typ, email: "Email", merges: true, converts: true}, nil
	case "Account":
		return shape{name: typ, merges: true}, nil
	}
	if !named(typ) {
		return shape{}, &crm.Error{Kind: crm.KindInternal, Op: findOp, Err: errTypeName}
	}
	return shape{name: typ}, nil
}

// selection is the statement, up to its condition, that fills a row.
func (s shape) selection() string {
	keys := []string{externalIDField}
	if s.email != "" {
		keys = append(keys, s.email)
	}
	return s.selecting(keys...)
}

// whereabouts is selection without the keys. A record can move to a type on
// which nothing was provisioned, as a lead does to a contact.
func (s shape) whereabouts() string { return s.selecting() }

func (s shape) selecting(keys ...string) string {
	columns := append([]string{"Id", "IsDeleted"}, keys...)
	if s.merges {
		columns = append(columns, "MasterRecordId")
	}
	if s.converts {
		columns = append(columns, "IsConverted", "ConvertedContactId")
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + s.name
}

// isText tells whether s can be the value of a text field of ours or an e-mail
// address. The empty one would match every record without.
func isText(s string) bool {
	const longest = 255 // characters of such a field
	return s != "" && utf8.RuneCountInString(s) <= longest
}

// isID tells whether s can be an id. One that cannot would have the whole query
// refused, and nobody has it.
func isID(s string) bool {
	if len(s) != 15 && len(s) != 18 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
