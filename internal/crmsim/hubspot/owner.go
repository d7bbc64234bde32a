package hubspot

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// maxOwners is how many owners a page holds at most (crm/hubspot.md §5 asks
// for 100; 500 is the documented bound).
const maxOwners = 500

// owner is PublicOwner (openapi-derived/owners.json). A record's owner is its
// id, not the user's.
type owner struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Type      string `json:"type"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	UserID    int64  `json:"userId,omitempty"` // none of an archived one
	EverID    int64  `json:"userIdIncludingInactive"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	Archived  bool   `json:"archived"`
	Teams     []team `json:"teams,omitempty"`
}

type team struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Primary bool   `json:"primary"`
}

// staff are an account's owners: the connected user, two sellers, and one who
// has left.
func staff(connected user) []owner {
	at := spell(time.Date(2024, 3, 5, 18, 12, 37, 0, time.UTC).UnixMilli())
	_, domain, _ := strings.Cut(connected.email, "@")
	all := []owner{
		{FirstName: "Ada", LastName: "Admin"},
		{FirstName: "Sam", LastName: "Seller", Teams: []team{{ID: "178588", Name: "Sales", Primary: true}}},
		{FirstName: "Sue", LastName: "Support"},
		{FirstName: "Leo", LastName: "Left", Archived: true},
	}
	for i := range all {
		o := &all[i]
		o.ID, o.Type, o.CreatedAt, o.UpdatedAt = strconv.FormatInt(connected.id*10+int64(i)+1, 10), "PERSON", at, at
		o.Email, o.EverID = strings.ToLower(o.FirstName)+"@"+domain, connected.id+int64(i)*10
		if !o.Archived {
			o.UserID = o.EverID
		}
	}
	return all
}

// listOwners pages by the id to go on after.
func listOwners(c *call) crmsim.Answer {
	q := c.request.URL.Query()
	limit, bad := pageSize(q, maxPage, maxOwners)
	if bad != nil {
		return bad.answer()
	}
	page := []owner{}
	next := ""
	for _, o := range c.portal.owners {
		if o.Archived != (q.Get("archived") == "true") || q.Get("email") != "" && !strings.EqualFold(o.Email, q.Get("email")) || o.ID <= q.Get("after") {
			continue
		}
		if len(page) == limit {
			next = page[limit-1].ID
			break
		}
		page = append(page, o)
	}
	c.Records = len(page)
	out := appendJSON([]byte(`{"results":`), page)
	if next != "" {
		out = appendPaging(out, c.Request, next)
	}
	return jsonAnswer(http.StatusOK, append(out, '}'))
}

func retrieveOwner(c *call) crmsim.Answer {
	q := c.request.URL.Query()
	for _, o := range c.portal.owners {
		id := o.ID
		if strings.EqualFold(q.Get("idProperty"), "userId") {
			id = strconv.FormatInt(o.EverID, 10)
		}
		if id == c.request.PathValue("id") && o.Archived == (q.Get("archived") == "true") {
			return encoded(http.StatusOK, o)
		}
	}
	return noRecord(c.request.PathValue("id")).answer()
}
