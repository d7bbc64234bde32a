package hubspot

import (
	"net/http"

	"lockstep/internal/crmsim"
)

// routePages makes the pages known on which people see records (crm/hubspot.md
// §9).
func (s *Sim) routePages() {
	s.pages = http.NewServeMux()
	s.pages.HandleFunc("GET /contacts/{portal}/record/{type}/{id}", s.showRecord)
}

// showRecord shows a record to whoever has its address. The id of one
// that was merged means, in the API, what it became; here it tells of that.
func (s *Sim) showRecord(w http.ResponseWriter, r *http.Request) {
	page := crmsim.Page{Vendor: "HubSpot"}
	for _, p := range s.portals {
		for _, t := range p.tables {
			if p.account() == r.PathValue("portal") && t.schema.Load().typeID == r.PathValue("type") {
				t.show(&page, r.PathValue("id"))
			}
		}
	}
	_ = page.Write(w) // a reader that has gone away is no trouble of ours
}

// show puts the record with that id, archived or not, on page.
func (t *table) show(page *crmsim.Page, id string) {
	t.portal.mu.RLock()
	defer t.portal.mu.RUnlock()
	r := t.exact(id)
	if r == nil {
		return
	}
	shown := t.view(r)
	shown.Fields = t.fields(r)
	page.Record = &shown
	if r.into != nil {
		into := t.view(r.into)
		page.Into, page.IntoURL = into.ID, "/contacts/"+into.Account+"/record/"+t.schema.Load().typeID+"/"+into.ID
	}
}
