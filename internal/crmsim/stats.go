package crmsim

import "net/http"

// Stats are a vendor's totals, over all its accounts.
type Stats struct {
	// Records counts live records by object, Deleted the deleted ones.
	Records map[string]int `json:"records"`
	Deleted map[string]int `json:"deleted"`
	// Duplicates are surplus live records: n records of one object and account
	// that share a value make n-1.
	Duplicates      int               `json:"duplicates"`       // by external id
	EmailDuplicates int               `json:"email_duplicates"` // by e-mail address, where there is one
	Calls           map[CallKind]int  `json:"calls"`
	Throttled       int               `json:"throttled"` // limit answers, scripted ones included
	Faults          map[FaultKind]int `json:"faults"`    // calls struck
	Statuses        map[int]int       `json:"statuses"`  // 0 is a cut
}

// Count adds up what v holds and has been through.
func Count(v Vendor) Stats {
	s := Stats{
		Records:  make(map[string]int),
		Deleted:  make(map[string]int),
		Calls:    make(map[CallKind]int),
		Faults:   v.Rig.Script.Fired(),
		Statuses: make(map[int]int),
	}
	s.countRecords(v)
	for _, call := range v.Rig.Calls.All() {
		s.Calls[call.Kind]++
		s.Statuses[call.Status]++
		if call.Throttled || call.Status == http.StatusTooManyRequests {
			s.Throttled++
		}
	}
	return s
}

func (s *Stats) countRecords(v Vendor) {
	type value struct{ account, object, text string }
	byID, byEmail := make(map[value]struct{}), make(map[value]struct{})
	surplus := func(seen map[value]struct{}, r Record, text string) int {
		key := value{account: r.Account, object: r.Object, text: text}
		if _, again := seen[key]; again {
			return 1
		}
		seen[key] = struct{}{}
		return 0
	}
	for r := range v.Book.Records("", false) {
		if r.Deleted {
			s.Deleted[r.Object]++
			continue
		}
		s.Records[r.Object]++
		if r.ExternalID != nil {
			s.Duplicates += surplus(byID, r, *r.ExternalID)
		}
		if r.Email != "" {
			s.EmailDuplicates += surplus(byEmail, r, r.Email)
		}
	}
}
