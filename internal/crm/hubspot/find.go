package hubspot

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lockstep/internal/crm"
)

const findOp = "hubspot.find"

var (
	errTypeName  = errors.New("malformed name of a type")
	errFindBatch = errors.New("look-up is larger than a call takes")
)

// Find implements crm.Finder. A batch is read from the records themselves,
// without those in the bin, and not from the search index (crm/hubspot.md §4).
//
// A contact is found by each of its e-mail addresses, the additional ones too,
// and is answered once for each address that was asked for, as its Email.
func (c *Connector) Find(ctx context.Context, typ string, key crm.Key, values []string) ([]crm.Found, error) {
	if len(values) > findBatch {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: findOp, Err: errFindBatch}
	}
	t, err := shapeOf(typ)
	if err != nil {
		return nil, err
	}
	switch key {
	case crm.KeyExternalID:
		return c.findByExternalID(ctx, t, distinct(values, isText))
	case crm.KeyEmail:
		if t.email != "" {
			return c.findByEmail(ctx, t, distinct(lowered(values), isEmail))
		}
	case crm.KeyID:
		return c.findByID(ctx, t, distinct(values, isID))
	}
	return nil, &crm.Error{Kind: crm.KindUnsupported, Op: findOp}
}

func (c *Connector) findByExternalID(ctx context.Context, t shape, asked []string) ([]crm.Found, error) {
	a, err := c.read(ctx, t, externalIDField, asked)
	if err != nil {
		return nil, err
	}
	found := make([]crm.Found, len(a.Results))
	for i, r := range a.Results {
		found[i] = r.found()
	}
	return found, nil
}

// findByEmail reads whose each address is from the records, because the answer
// does not repeat what it was asked for.
func (c *Connector) findByEmail(ctx context.Context, t shape, asked []string) ([]crm.Found, error) {
	a, err := c.read(ctx, t, t.email, asked)
	if err != nil {
		return nil, err
	}
	var found []crm.Found
	for _, r := range a.Results {
		met := slices.DeleteFunc(r.addresses(), func(address string) bool {
			return !slices.Contains(asked, strings.ToLower(address))
		})
		if len(met) == 0 && len(asked) == 1 {
			met = asked // an answer to one address is about it
		}
		for _, address := range met {
			f := r.found()
			f.Email = address
			found = append(found, f)
		}
	}
	return found, nil
}

// findByID reports the records that are gone, and where merged ones live on: a
// merge leaves a record with an id of its own, which is answered for those that
// it was made of ("Updated merge functionality for contacts and companies"; §4).
func (c *Connector) findByID(ctx context.Context, t shape, asked []string) ([]crm.Found, error) {
	a, err := c.read(ctx, t, "", asked)
	if err != nil {
		return nil, err
	}
	found, rest := a.byID(t.name, asked)
	for _, id := range rest {
		a, err := c.read(ctx, t, "", []string{id})
		if err != nil {
			return nil, err
		}
		one, _ := a.byID(t.name, []string{id})
		found = append(found, one...)
	}
	return found, nil
}

// byID says what became of the ids that were asked for, and returns the rest,
// which have to be asked for by themselves: an answer to one id is about it.
func (a batchAnswer) byID(typ string, asked []string) (found []crm.Found, rest []string) {
	seen := make(map[string]bool, len(asked))
	add := func(f crm.Found) {
		if !seen[f.ID] && slices.Contains(asked, f.ID) {
			seen[f.ID] = true
			found = append(found, f)
		}
	}
	for _, r := range a.Results {
		add(r.found())
	}
	unnamed := false
	for _, r := range a.Results {
		ids := r.merged()
		if len(asked) == 1 {
			ids = asked
		}
		for _, id := range ids {
			add(crm.Found{ID: id, MovedTo: &crm.Moved{Type: typ, ID: r.ID}})
		}
		unnamed = unnamed || !slices.Contains(asked, r.ID)
	}
	for _, f := range a.Errors {
		ids := f.about("ids", "id")
		if len(asked) == 1 && f.Category == notFound {
			ids = asked
		}
		for _, id := range ids {
			add(crm.Found{ID: id, Deleted: true})
		}
		unnamed = unnamed || len(ids) == 0
	}
	if len(asked) > 1 && unnamed {
		rest = slices.DeleteFunc(slices.Clone(asked), func(id string) bool { return seen[id] })
	}
	return found, rest
}

// read reads records by a unique property, or by their ids. Its answer's Errors
// are of values that nobody has.
func (c *Connector) read(ctx context.Context, t shape, idProperty string, values []string) (batchAnswer, error) {
	if len(values) == 0 {
		return batchAnswer{}, nil
	}
	request := batchRead{IDProperty: idProperty, Properties: t.properties(), History: []string{}}
	for _, v := range values {
		request.Inputs = append(request.Inputs, input{ID: v})
	}
	var a batchAnswer
	if err := c.client.ask(ctx, findOp, objectsPath+t.name+"/batch/read", request, &a); err != nil {
		return batchAnswer{}, err
	}
	for _, f := range a.Errors {
		if f.Category == notFound || f.Category == "VALIDATION_ERROR" { // a value that cannot be, and so is nobody's
			continue
		}
		e := f.explain(findOp)
		e.Kind = cmp.Or(e.Kind, crm.KindUnavailable)
		return batchAnswer{}, e
	}
	return a, nil
}

// Count implements crm.Finder by listing, because the total of a search lags. It
// costs a call for each page up to limit, and one for the usual question of
// whether there is anything.
func (c *Connector) Count(ctx context.Context, typ string, limit int) (int, error) {
	const op = "hubspot.count"
	if _, err := shapeOf(typ); err != nil {
		return 0, err
	}
	n := 0
	for after := ""; ; {
		size := min(max(1, limit-n), listPage)
		var p page[record]
		if err := c.client.get(ctx, op, objectsPath+typ+"?limit="+strconv.Itoa(size)+afterQuery(after), &p); err != nil {
			return 0, err
		}
		n += len(p.Results)
		if after = p.Paging.Next.After; after == "" || n >= limit {
			return n, nil
		}
	}
}

// List implements crm.Finder. A cursor is the vendor's own, the id of the record
// that comes next ("Using Object APIs"). Of several e-mail addresses a record is
// listed with the first.
func (c *Connector) List(ctx context.Context, typ, cursor string) ([]crm.Found, string, error) {
	t, err := shapeOf(typ)
	if err != nil {
		return nil, "", err
	}
	var p page[record]
	path := objectsPath + typ + pageQuery(cursor) + "&properties=" + url.QueryEscape(strings.Join(t.properties(), ","))
	if err := c.client.get(ctx, "hubspot.list", path, &p); err != nil {
		return nil, "", err
	}
	found := make([]crm.Found, len(p.Results))
	for i, r := range p.Results {
		found[i] = r.found()
	}
	return found, p.Paging.Next.After, nil
}

// pageQuery asks for a full page.
func pageQuery(after string) string {
	return "?limit=" + strconv.Itoa(listPage) + afterQuery(after)
}

func afterQuery(after string) string {
	if after == "" {
		return ""
	}
	return "&after=" + url.QueryEscape(after)
}

// The types that Lockstep knows something of, as paths name them.
const (
	contacts  = "contacts"
	companies = "companies"
	deals     = "deals"
)

// objectTypeID returns how a page's address names a type (§9).
func objectTypeID(typ string) string {
	switch typ {
	case contacts:
		return "0-1"
	case companies:
		return "0-2"
	case deals:
		return "0-3"
	}
	return typ
}

// shape is what the records of a type have besides an id.
type shape struct {
	name  string
	email string // the property that every e-mail address of a record is found by
}

func shapeOf(typ string) (shape, error) {
	if !named(typ) {
		return shape{}, &crm.Error{Kind: crm.KindInternal, Op: findOp, Err: errTypeName}
	}
	if typ == contacts {
		return shape{name: typ, email: "email"}, nil
	}
	return shape{name: typ}, nil
}

// properties are those that fill a record. What was not provisioned, or is not
// of the type, is left out of the answer ("Contacts": Retrieve contacts).
func (s shape) properties() []string {
	names := []string{externalIDField, "hs_merged_object_ids"}
	if s.email != "" {
		names = append(names, s.email, "hs_additional_emails")
	}
	return names
}

// distinct returns the possible among values, each once: the vendor refuses a
// batch that names one twice (err-duplicate-ids.json).
func distinct(values []string, possible func(string) bool) []string {
	seen := make(map[string]bool, len(values))
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		twice := seen[v]
		seen[v] = true
		return twice || !possible(v)
	})
}

// lowered returns values as the vendor keeps e-mail addresses.
func lowered(values []string) []string {
	lower := make([]string, len(values))
	for i, v := range values {
		lower[i] = strings.ToLower(v)
	}
	return lower
}

// isText tells whether s can be an external id.
func isText(s string) bool {
	const most = 255
	return s != "" && len(s) <= most
}

// isEmail tells whether s can be an e-mail address. One that cannot would have
// the whole look-up refused, and nobody has it.
func isEmail(s string) bool {
	const most = 254
	name, domain, ok := strings.Cut(s, "@")
	return ok && name != "" && domain != "" && len(s) <= most && !strings.ContainsAny(s, " \t\r\n;,\"\\") && !strings.Contains(domain, "@")
}

// isID tells whether s can be an id.
func isID(s string) bool {
	const most = 20
	return s != "" && len(s) <= most && strings.Trim(s, "0123456789") == ""
}
