// Command gosalesforce does with go-salesforce what an application does with it,
// against the org at the address in the environment: connect with a token,
// describe, upsert, query, and see one record of several fail. It prints what it
// got as one JSON object.
//
// It is a module of its own, so that what it is built from stays out of
// Lockstep's.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/k-capehart/go-salesforce/v3"
)

// person is a contact, by the names of the org's fields.
type person = map[string]any

// found is what is asked of a contact.
type found struct {
	LastName string
	Email    string
}

// report is what is printed.
type report struct {
	Fields  []string
	Created []salesforce.SalesforceResult
	Updated []salesforce.SalesforceResult
	Failed  salesforce.SalesforceResults
	Found   []found
	Changed salesforce.SalesforceResults
	Removed salesforce.SalesforceResults
	Refused bool
}

func main() {
	r, err := run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gosalesforce:", err)
		os.Exit(1)
	}
}

func run() (*report, error) {
	org, err := salesforce.Init(salesforce.Creds{Domain: os.Getenv("LOGIN_URL"), AccessToken: os.Getenv("ACCESS_TOKEN")})
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	r := new(report)
	if r.Fields, err = describe(org); err != nil {
		return nil, fmt.Errorf("describing: %w", err)
	}
	external := os.Getenv("EXTERNAL_ID")
	people := []person{
		{"LastName": "Person 1", "Email": "go1@example.com", external: "go.1"},
		{"LastName": "Person 2", "Email": "go2@example.com", external: "go.2"},
		{"LastName": "Person 3", "Email": "go3@example.com", external: "go.3"},
	}
	created, err := org.UpsertCollection("Contact", external, people, 200)
	if err != nil {
		return nil, fmt.Errorf("creating: %w", err)
	}
	updated, err := org.UpsertCollection("Contact", external, people, 2)
	if err != nil {
		return nil, fmt.Errorf("updating: %w", err)
	}
	r.Created, r.Updated = created.Results, updated.Results
	r.Failed, err = org.InsertCollection("Contact", []person{{"LastName": "Fine"}, {"LastName": "Bad", "Email": "badone"}}, 200)
	if err != nil {
		return nil, fmt.Errorf("creating in part: %w", err)
	}
	if err := org.Query("SELECT Id, LastName, Email FROM Contact WHERE Email LIKE 'go%' ORDER BY Email", &r.Found); err != nil {
		return nil, fmt.Errorf("querying: %w", err)
	}
	r.Changed, err = org.UpdateCollection("Contact", []person{{"Id": r.Created[0].Id, "LastName": "Countess"}}, 200)
	if err != nil {
		return nil, fmt.Errorf("changing: %w", err)
	}
	r.Removed, err = org.DeleteCollection("Contact", []person{{"Id": r.Created[2].Id}}, 200)
	if err != nil {
		return nil, fmt.Errorf("removing: %w", err)
	}
	r.Refused = org.Query("SELECT Nothing FROM Contact", &[]found{}) != nil
	return r, nil
}

// describe returns the names of a contact's fields.
func describe(org *salesforce.Salesforce) ([]string, error) {
	answer, err := org.DoRequest(http.MethodGet, "/sobjects/Contact/describe", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	var d struct{ Fields []struct{ Name string } }
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, err
	}
	var names []string
	for _, f := range d.Fields {
		names = append(names, f.Name)
	}
	return names, nil
}
