package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
)

// columns are those of the file of contacts, named as common exports name them.
// The first is the external id.
func columns() []string {
	return []string{"Contact Id", "First Name", "Last Name", "Email", "Phone", "Title", "City", "Country"}
}

// contact returns the row of the contact with a number, always the same.
func contact(n int) []string {
	first := []string{"Ada", "Ben", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kavya", "Liam", "Mei"}
	last := []string{"Abbott", "Brandt", "Costa", "Dahl", "Endo", "Fischer", "García", "Haddad", "O'Neill", "Jensen, Jr.", "Khan"}
	title := []string{"Account Executive", "Buyer", "CEO", "Designer", "Engineer", "Finance Lead", "VP Sales"}
	city, country := []string{"Lisbon", "Zürich", "Austin", "Osaka", "Nairobi"}, []string{"Portugal", "Switzerland", "United States", "Japan", "Kenya"}
	return []string{
		fmt.Sprintf("c%07d", n),
		first[n%len(first)],
		last[n%len(last)],
		email(n),
		fmt.Sprintf("+1 555 %03d %04d", n/10_000, n%10_000),
		title[n%len(title)],
		city[n%len(city)],
		country[n%len(country)],
	}
}

// email returns the address of the contact with a number; numberOf is its inverse.
func email(n int) string { return fmt.Sprintf("contact%d@example.com", n) }

func numberOf(email string) (n int, ok bool) {
	if _, err := fmt.Sscanf(email, "contact%d@example.com", &n); err != nil {
		return 0, false
	}
	return n, true
}

// fields returns the CRM's fields by the columns that go to them. They are those
// of Lockstep's default mapping.
func fields(vendor crm.Vendor) map[string]string {
	to := []string{"FirstName", "LastName", "Email", "Phone", "Title", "MailingCity", "MailingCountry"}
	if vendor == crm.HubSpot {
		to = []string{"firstname", "lastname", "email", "phone", "jobtitle", "city", "country"}
	}
	by := map[string]string{columns()[0]: all.Factories()[vendor].ExternalIDField}
	for i, field := range to {
		by[columns()[i+1]] = field
	}
	return by
}

// writeContacts writes a file of so many contacts.
func (b *bench) writeContacts(many int) (path string, err error) {
	f, err := os.CreateTemp(b.dir, strconv.Itoa(many)+"-contacts-*.csv")
	if err != nil {
		return "", fmt.Errorf("writing contacts: %w", err)
	}
	w := csv.NewWriter(f)
	_ = w.Write(columns()) // Error tells
	for n := range many {
		_ = w.Write(contact(n))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		_ = f.Close()
		return "", fmt.Errorf("writing contacts: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("writing contacts: %w", err)
	}
	return f.Name(), nil
}
