package salesforce

import (
	"encoding/json"
)

// unique refuses values that another record holds, then what a duplicate rule
// objects to.
func (b *batch) unique(d *draft, r *record) *failure {
	o := b.shape()
	for _, c := range d.changes {
		f := o.fields[c.Field]
		if !f.unique || c.Text == "" {
			continue
		}
		for _, holder := range b.table.find(c.Field, c.Text) {
			if holder != r {
				return failed(codeDuplicate, "duplicate value found: "+f.name+" duplicates value on record with id: "+holder.id[:shortID])
			}
		}
	}
	return b.duplicate(d, r)
}

func (b *batch) duplicate(d *draft, r *record) *failure {
	o := b.shape()
	rule, on := b.table.org.rules[o.name]
	if !on || b.allowSave {
		return nil
	}
	for _, c := range d.changes {
		if o.fields[c.Field].name != rule || c.Text == "" {
			continue
		}
		for _, holder := range b.table.find(c.Field, c.Text) {
			if holder != r {
				return b.detected(o, holder)
			}
		}
	}
	return nil
}

// detected is DUPLICATES_DETECTED with the members that the WSDL's
// DuplicateResult, MatchResult and MatchRecord have.
func (b *batch) detected(o *object, holder *record) *failure {
	const message = "Use one of these records?"
	type attributes struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	}
	match := map[string]any{
		"additionalInformation": []string{}, "fieldDiffs": []string{}, "matchConfidence": 100.0,
		"record": map[string]any{
			"attributes": attributes{Type: o.name, URL: recordURL(b.version, o.name, holder.id)},
			"Id":         holder.id,
		},
	}
	result, err := json.Marshal(map[string]any{
		"allowSave": true, "duplicateRule": "Standard_" + o.name + "_Duplicate_Rule", "duplicateRuleEntityType": o.name,
		"errorMessage": message,
		"matchResults": []any{map[string]any{
			"entityType": o.name, "errors": []string{}, "matchEngine": "ExactMatchEngine", "matchRecords": []any{match},
			"rule": "Standard_" + o.name + "_Match_Rule_v1_0", "size": 1, "success": true,
		}},
	})
	if err != nil {
		result = nil
	}
	return &failure{code: codeDuplicates, message: message, duplicate: result}
}
