package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"lockstep/internal/crm"
)

// question is what is asked of a connector when a recorded answer is served.
type question func(ctx context.Context, s *stage, r recording) (any, error)

// page is what a listing answers, and what it was asked with.
type page struct {
	found []crm.Found
	next  string
	typ   string
}

func write(typ string, match crm.Match, writes ...crm.Write) question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		return writing(ctx, s, crm.Batch{Type: typ, Match: match, Writes: slices.Clone(writes)})
	}
}

// writeAsRecorded writes what the recorded request wrote.
func writeAsRecorded(typ string, match crm.Match) question {
	return func(ctx context.Context, s *stage, r recording) (any, error) {
		writes, err := recordedWrites(r)
		if err != nil {
			return nil, err
		}
		return writing(ctx, s, crm.Batch{Type: typ, Match: match, Writes: writes})
	}
}

// recordedWrites reads the inputs of HubSpot's batches and the records of
// Salesforce's collections. A record that was created has the id that it was
// answered with.
func recordedWrites(r recording) ([]crm.Write, error) {
	var sent struct {
		Inputs []struct {
			ID         string
			Properties map[string]any
		}
		Records []map[string]any
	}
	if err := json.Unmarshal(r.request, &sent); err != nil {
		return nil, fmt.Errorf("reading the recorded request: %w", err)
	}
	var answered []struct{ ID string }
	_ = json.Unmarshal(r.body, &answered) // HubSpot's is no list
	var writes []crm.Write
	for _, in := range sent.Inputs {
		writes = append(writes, crm.Write{ID: in.ID, Fields: in.Properties})
	}
	for i, in := range sent.Records {
		w := crm.Write{Fields: maps.Clone(in)}
		if i < len(answered) {
			w.ID = answered[i].ID
		}
		for key, value := range in {
			switch key {
			case "attributes":
				delete(w.Fields, key)
			case "id", "Id":
				if id, ok := value.(string); ok {
					w.ID = id
				}
				delete(w.Fields, key)
			}
		}
		writes = append(writes, w)
	}
	return writes, nil
}

// writing makes one call with batch and returns the outcomes in the order of
// its writes. What a batch must have and a table need not say is filled in.
func writing(ctx context.Context, s *stage, batch crm.Batch) (any, error) {
	w, err := crm.As[crm.Writer](s.conn)
	if err != nil {
		return nil, err
	}
	for i := range batch.Writes {
		in := &batch.Writes[i]
		in.Ref = "ref-" + strconv.Itoa(i)
		if batch.Match == crm.ByID && in.ID == "" {
			in.ID = fmt.Sprintf("0034S0000%06dAAA", i)
		}
		if batch.Match == crm.ByExternalID && in.ExternalID == "" {
			in.ExternalID = "k1." + strconv.Itoa(i)
		}
		if batch.Match == crm.ByID {
			in.ExternalID = ""
		} else {
			in.ID = ""
		}
	}
	outcomes, err := w.Write(ctx, batch)
	if err != nil {
		return outcomes, err
	}
	ordered := make([]crm.Outcome, 0, len(outcomes))
	for _, in := range batch.Writes {
		for _, o := range outcomes {
			if o.Ref == in.Ref {
				ordered = append(ordered, o)
			}
		}
	}
	if len(ordered) != len(batch.Writes) || len(outcomes) != len(batch.Writes) {
		return ordered, fmt.Errorf("%d outcomes of %d writes", len(outcomes), len(batch.Writes))
	}
	return ordered, nil
}

func find(typ string, key crm.Key, values ...string) question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		f, err := crm.As[crm.Finder](s.conn)
		if err != nil {
			return nil, err
		}
		return f.Find(ctx, typ, key, values)
	}
}

func listing(typ string) question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		f, err := crm.As[crm.Finder](s.conn)
		if err != nil {
			return nil, err
		}
		found, next, err := f.List(ctx, typ, "")
		return page{found: found, next: next, typ: typ}, err
	}
}

func count(typ string) question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		f, err := crm.As[crm.Finder](s.conn)
		if err != nil {
			return nil, err
		}
		return f.Count(ctx, typ, 1000)
	}
}

func fields(typ string) question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		schema, err := crm.As[crm.Schema](s.conn)
		if err != nil {
			return nil, err
		}
		return schema.Fields(ctx, typ)
	}
}

func provision(typ string) question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		schema, err := crm.As[crm.Schema](s.conn)
		if err != nil {
			return nil, err
		}
		return nil, schema.Provision(ctx, typ)
	}
}

func identify() question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) { return s.conn.Identify(ctx) }
}

// identifyAnew is identify of a connection whose account and user are not known
// yet.
func identifyAnew() question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) {
		conn, err := s.connect("", "")
		if err != nil {
			return nil, err
		}
		return conn.Identify(ctx)
	}
}

func check() question {
	return func(ctx context.Context, s *stage, _ recording) (any, error) { return nil, s.conn.Check(ctx) }
}
