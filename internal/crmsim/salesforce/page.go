package salesforce

import (
	"net/http"
	"strings"

	"lockstep/internal/crmsim"
)

// routePages makes the pages known on which people see records
// (crm/salesforce.md §9). Describe tells of the short form, which leads to the
// explicit one.
func (s *Sim) routePages() {
	s.pages = http.NewServeMux()
	s.pages.HandleFunc("GET /lightning/r/{object}/{id}/view", s.showRecord)
	s.pages.HandleFunc("GET /{id}", func(w http.ResponseWriter, r *http.Request) {
		page := s.page(r.PathValue("id"))
		if page.Record == nil {
			_ = page.Write(w)
			return
		}
		http.Redirect(w, r, recordPage(page.Record.Object, page.Record.ID), http.StatusFound)
	})
}

// shows tells whether r asks for a record's page: a path of one part is none
// unless it is an id.
func (s *Sim) shows(r *http.Request) bool {
	if id := strings.TrimPrefix(r.URL.Path, "/"); !strings.Contains(id, "/") {
		_, ok := longID(id)
		return ok && (r.Method == http.MethodGet || r.Method == http.MethodHead)
	}
	_, pattern := s.pages.Handler(r)
	return pattern != ""
}

// showRecord shows a record to whoever has its address. One that is not of the
// object that the address names is not there, which is unverified.
func (s *Sim) showRecord(w http.ResponseWriter, r *http.Request) {
	page := s.page(r.PathValue("id"))
	if page.Record != nil && !strings.EqualFold(page.Record.Object, r.PathValue("object")) {
		page.Record = nil
	}
	_ = page.Write(w) // a reader that has gone away is no trouble of ours
}

// page returns the page of the record with that id, deleted or not.
func (s *Sim) page(id string) crmsim.Page {
	page := crmsim.Page{Vendor: "Salesforce"}
	full, ok := longID(id)
	if !ok {
		return page
	}
	for _, o := range s.orgs {
		t := o.tableOf(full)
		if t == nil {
			continue
		}
		o.mu.RLock()
		if r := t.get(full); r != nil {
			shown := t.view(r)
			shown.Fields = t.fields(r)
			page.Record = &shown
			if r.master != "" {
				page.Into, page.IntoURL = r.master, recordPage(shown.Object, r.master)
			}
		}
		o.mu.RUnlock()
	}
	return page
}

func recordPage(object, id string) string { return "/lightning/r/" + object + "/" + id + "/view" }
