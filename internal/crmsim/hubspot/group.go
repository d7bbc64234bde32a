package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"

	"lockstep/internal/crmsim"
)

// group is a group of properties (custom/create/2-response-create-property-group.json).
type group struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	DisplayOrder int    `json:"displayOrder"`
	Archived     bool   `json:"archived"`
}

// allGroups returns the groups of an object: those that its properties are in,
// and those that were made. The caller holds the lock.
func (t *table) allGroups() []group {
	o := t.schema.Load()
	var all []group
	for _, p := range o.properties {
		if !slices.ContainsFunc(all, func(g group) bool { return g.Name == p.group }) {
			all = append(all, group{Name: p.group, Label: p.group, DisplayOrder: len(all)})
		}
	}
	for _, g := range t.portal.groups[o.name] {
		if !slices.ContainsFunc(all, func(other group) bool { return other.Name == g.Name }) {
			all = append(all, g)
		}
	}
	return all
}

// hasGroup reports whether there is such a group. The caller holds the lock.
func (t *table) hasGroup(name string) bool {
	return slices.ContainsFunc(t.allGroups(), func(g group) bool { return g.Name == name })
}

func listGroups(c *call) crmsim.Answer {
	c.portal.mu.RLock()
	defer c.portal.mu.RUnlock()
	return encoded(http.StatusOK, map[string][]group{"results": c.table.allGroups()})
}

func retrieveGroup(c *call) crmsim.Answer {
	c.portal.mu.RLock()
	defer c.portal.mu.RUnlock()
	name := c.request.PathValue("group")
	for _, g := range c.table.allGroups() {
		if g.Name == name {
			return encoded(http.StatusOK, g)
		}
	}
	return failed(http.StatusNotFound, catNotFound, "No property group named '"+name+"' exists.").answer()
}

func createGroup(c *call) crmsim.Answer {
	var in group
	if json.Unmarshal(c.Body, &in) != nil {
		return badJSON().answer()
	}
	if in.Name == "" {
		return missingField("name").answer()
	}
	c.portal.mu.Lock()
	defer c.portal.mu.Unlock()
	all := c.table.allGroups()
	if slices.ContainsFunc(all, func(g group) bool { return g.Name == in.Name }) {
		bad := failed(http.StatusConflict, catExists, "A property group named '"+in.Name+"' already exists.")
		return bad.answer()
	}
	in.DisplayOrder, in.Archived = len(all), false
	c.portal.groups[c.Object] = append(c.portal.groups[c.Object], in)
	c.Records, c.Created = 1, 1
	return encoded(http.StatusCreated, in)
}
