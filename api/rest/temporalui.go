package rest

import "net/url"

// TemporalUI is where Temporal's Web UI shows our workflows.
type TemporalUI struct {
	Address   string // without a trailing slash
	Namespace string
}

// workflow returns the page of the workflow with this id, or nil when there is
// no Web UI.
func (t TemporalUI) workflow(id string) *string { return t.page("workflows", id) }

// schedule returns the page of the Schedule with this id, or nil when there is
// no Web UI.
func (t TemporalUI) schedule(id string) *string { return t.page("schedules", id) }

func (t TemporalUI) page(kind, id string) *string {
	if t.Address == "" {
		return nil
	}
	page := t.Address + "/namespaces/" + url.PathEscape(t.Namespace) + "/" + kind + "/" + url.PathEscape(id)
	return &page
}
