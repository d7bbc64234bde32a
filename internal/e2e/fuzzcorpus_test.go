package e2e_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// corpus is what a party has seen in the API's answers, by kind: what the API
// has named once, it can be asked for.
type corpus struct {
	mu   sync.Mutex
	seen map[string][]string
	news map[string]int
}

// The most values of a kind that are kept: the first ones, and the latest.
const (
	keptFirst  = 20
	keptLatest = 100
)

func newCorpus() *corpus { return &corpus{seen: make(map[string][]string), news: make(map[string]int)} }

func (c *corpus) add(kind string, values ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range values {
		switch all := c.seen[kind]; {
		case v == "" || slices.Contains(all, v):
		case len(all) < keptFirst+keptLatest:
			c.seen[kind] = append(all, v)
		default:
			all[keptFirst+c.news[kind]%keptLatest] = v
			c.news[kind]++
		}
	}
}

// pick returns the value that n stands for, if there is one.
func (c *corpus) pick(kind string, n uint64) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.seen[kind]
	if len(all) == 0 {
		return "", false
	}
	return all[n%uint64(len(all))], true
}

// put keeps a value instead of the one there was.
func (c *corpus) put(kind, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[kind] = []string{value}
}

// learn takes in what an answer names.
func (p *party) learn(r *fuzzRequest, a fuzzAnswer) {
	if r.op.id == "revokeKey" {
		secret, _ := p.corpus.pick("secret "+anyUUID.FindString(r.target), 0)
		p.corpus.add("revoked", secret)
		return
	}
	var v any
	body := a.body
	if _, event, ok := strings.Cut(string(body), "data: "); ok && strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		body = []byte(event)
	}
	if json.Unmarshal(body, &v) != nil {
		return
	}
	p.walk(v)
	top, _ := v.(map[string]any)
	if next, ok := top["next"].(string); ok {
		p.corpus.add(r.op.id+".next", next)
	}
	if secret := textOf(top["secret"]); secret != "" && r.op.id == "createKey" {
		p.corpus.put("secret "+textOf(top["id"]), secret)
	}
	if tag := a.header.Get("ETag"); tag != "" && top["rules"] != nil {
		p.corpus.add("etag", tag)
		p.corpus.put("etag "+mappingOf(r.target), tag)
		rules, err := json.Marshal(top["rules"])
		if err == nil {
			p.corpus.put("rules "+mappingOf(r.target), string(rules))
		}
	}
}

// mappingOf names the mapping that a target is about.
func mappingOf(target string) string {
	path, query, _ := strings.Cut(target, "?")
	object := "contact"
	if strings.Contains(query, "object=company") {
		object = "company"
	}
	return anyUUID.FindString(path) + " " + object
}

var anyUUID = regexp.MustCompile(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

// walk takes in what v names, and whose the ids are.
func (p *party) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			p.walk(item)
		}
	case map[string]any:
		kind := kindOf(v)
		id, _ := v["id"].(string)
		if kind != "" && !p.own[id] {
			p.corpus.add(kind, id)
		}
		for _, name := range []string{"id", "connection_id", "run_id", "record_id", "key_id"} {
			if text, ok := v[name].(string); ok && name != "id" || ok && kind != "" {
				p.fuzz.owned(p, text)
			}
		}
		for name, kind := range map[string]string{
			"run_id": "run", "record_id": "record", "target": "target", "code": "code", "external_id": "external", "type": "type",
		} {
			if text, ok := v[name].(string); ok && len(text) < 300 {
				p.corpus.add(kind, text)
			}
		}
		if kind == "run" && v["finished_at"] == nil {
			p.corpus.put("open", id)
		}
		if version, ok := v["version"].(float64); ok {
			p.corpus.add("version", strconv.Itoa(int(version)))
		}
		if _, field := v["creatable"]; field {
			name, _ := v["name"].(string)
			p.corpus.add("field", name)
		}
		if _, ticket, ok := strings.Cut(textOf(v["authorize_url"]), "/v1/connect/"); ok {
			p.corpus.add("ticket", ticket)
		}
		for _, item := range v {
			p.walk(item)
		}
	}
}

func textOf(v any) string {
	text, _ := v.(string)
	return text
}

// kindOf tells what an object of an answer is, by the members it has.
func kindOf(v map[string]any) string {
	for _, kind := range []struct {
		name    string
		members []string
	}{
		{"connection", []string{"vendor", "checklist"}},
		{"run", []string{"kind", "counts"}},
		{"record", []string{"revision", "fields"}},
		{"event", []string{"at", "crm_type"}},
		{"audit", []string{"actor", "action"}},
		{"owner", []string{"email", "active"}},
		{"key", []string{"role", "id"}},
	} {
		if !slices.ContainsFunc(kind.members, func(m string) bool { _, ok := v[m]; return !ok }) {
			return kind.name
		}
	}
	return ""
}
