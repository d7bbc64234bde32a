package main

import (
	"bytes"
	"fmt"
	"io"
)

// sampleRows is how many contacts `starter up` loads when nobody names a file.
const sampleRows = 500

// sample returns a CSV of made-up contacts, always the same. Its columns are
// named as common exports name them.
func sample() io.Reader {
	first := []string{
		"Ada", "Ben", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kavya", "Liam", "Mei",
		"Noor", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tove",
	}
	last := []string{
		"Abbott", "Brandt", "Costa", "Dahl", "Endo", "Fischer", "García", "Haddad", "Ivanova", "Jensen", "Khan", "Lindqvist",
		"Moreau", "Nakamura", "Okafor", "Petrov", "Quispe", "Rossi", "Schmidt", "Tran", "Ueda", "Varga", "Weber", "Xu", "Yilmaz",
	}
	company := []string{"Aurora Labs", "Birch & Stone", "Copperline", "Driftwood Media", "Evergreen Foods", "Foxglove, Inc.", "Granite Works"}
	title := []string{"Account Executive", "Buyer", "CEO", "Designer", "Engineer", "Finance Lead"}

	var b bytes.Buffer
	b.WriteString("Contact Id,First Name,Last Name,Email,Phone,Company,Title,Website,Source\n")
	for i := range sampleRows {
		given, family, firm := first[i%len(first)], last[i/len(first)], company[i%len(company)]
		fmt.Fprintf(&b, "c%04d,%s,%s,contact%d@example.com,+1 555 01%02d %03d,%q,%s,https://www.example.com/%d,Trade show\n",
			i+1, given, family, i+1, i%100, i, firm, title[i%len(title)], i%len(company))
	}
	return &b
}
