package main

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/client"
)

// keyForCI is an API key that is in force.
func keyForCI() client.Key {
	return client.Key{ID: uuid.MustParse("01a8c7a0-0000-7000-8000-0000000000c1"), Name: "CI", Role: client.RoleStandard, CreatedAt: time.Now()}
}

// administration answers what the commands ask that look after a workspace and
// its mappings.
func administration() map[string]http.HandlerFunc {
	key := keyForCI()
	nothing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	remapped := always(client.SavedMapping{Object: client.ObjectContact, Type: "Contact", Version: 2, Records: 1})
	return map[string]http.HandlerFunc{
		"GET /v1/keys": always(client.KeyList{Items: []client.Key{key}}),
		"POST /v1/keys": func(w http.ResponseWriter, _ *http.Request) {
			replyWith(w, http.StatusCreated, client.NewKey{ID: key.ID, Name: key.Name, Role: key.Role, Secret: "lsk_once"})
		},
		"DELETE /v1/keys/{key}": nothing,
		"GET /v1/alerts":        always(client.Alerts{URL: "https://alerts.example.com", UpdatedAt: time.Now()}),
		"PUT /v1/alerts":        always(client.NewAlerts{URL: "https://alerts.example.com", Secret: "whs_once"}),
		"DELETE /v1/alerts":     nothing,
		"GET /v1/audit":         always(client.AuditPage{Items: []client.AuditEntry{{ID: "1", At: time.Now(), KeyName: "CI", Action: "saveMapping"}}}),
		"GET /v1/problems":      always(client.ProblemList{Items: []client.Explanation{{Code: "validation_rule", Title: "Refused by a rule"}}}),
		"GET /v1/records":       always(client.RecordPage{Items: []client.Record{{ExternalID: "7", Fields: client.Fields{"title": "Dr"}}}}),

		"POST /v1/connections/{id}/authorize":     always(client.Authorization{ExpiresAt: time.Now().Add(time.Hour)}),
		"PUT /v1/connections/{id}/guide":          always(client.Guide{Dismissed: true}),
		"PUT /v1/connections/{id}/mapping":        remapped,
		"POST /v1/connections/{id}/mapping/reset": remapped,
	}
}
