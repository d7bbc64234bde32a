package crmsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
)

// Page is where a person sees a record, at the address that the vendor gives
// it. Nobody has to sign in, and looking is no call: it is in no log and uses up
// no limit.
type Page struct {
	Vendor string // as people know it
	Record *Record
	// Into and IntoURL are the record that this one was merged into, if it was,
	// and its page.
	Into, IntoURL string
}

const recordPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{with .Record}}{{.Object}} {{.ID}}{{else}}No such record{{end}}: {{.Vendor}} sandbox</title></head>
<body>
{{with .Record}}<h1>{{.Object}} {{.ID}}</h1>
{{if $.Into}}<p>Merged into <a href="{{$.IntoURL}}">{{$.Into}}</a>.</p>
{{else if .Deleted}}<p>Deleted.</p>
{{end}}<p>{{$.Vendor}} sandbox, account {{.Account}}. Created {{.CreatedAt.Format "2006-01-02 15:04:05 MST"}}, changed {{.UpdatedAt.Format "2006-01-02 15:04:05 MST"}}. Writes, creation included: {{.Writes}}.</p>
<table>
<tr><th scope="col">Field</th><th scope="col">Value</th></tr>
{{range $.Fields}}<tr><th scope="row">{{.Name}}</th><td>{{.Value}}</td></tr>
{{end}}</table>
{{else}}<h1>No such record</h1>
<p>The {{.Vendor}} sandbox has no record at this address. It keeps all records in memory: those of an earlier start are gone.</p>
{{end}}</body></html>
`

// Write answers with the page, or with 404 when there is no record.
func (p Page) Write(w http.ResponseWriter) error {
	page, err := template.New("record").Parse(recordPage)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := page.Execute(&out, p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	if p.Record == nil {
		w.WriteHeader(http.StatusNotFound)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// PageField is one line of a page's table.
type PageField struct{ Name, Value string }

// Fields returns the record's fields in their order.
func (p Page) Fields() ([]PageField, error) {
	var fields []PageField
	dec := json.NewDecoder(bytes.NewReader(p.Record.Fields))
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("reading fields: %w", err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("reading fields: %w", err)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("reading fields: %w", err)
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		fields = append(fields, PageField{Name: fmt.Sprint(name), Value: text})
	}
	return fields, nil
}
