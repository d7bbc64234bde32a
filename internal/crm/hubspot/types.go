package hubspot

import "encoding/json"

// The shapes of the wire, as far as they are used.

// account is the account itself (amp-labs-fixtures/post-auth/account-info.json).
type account struct {
	PortalID    int64  `json:"portalId"`
	AccountType string `json:"accountType"`
}

// owner is somebody a record can be assigned to (openapi-derived/owners.json).
type owner struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Archived  bool   `json:"archived"`
}

// page is a page of a listing; what follows it is named as long as there is
// anything (crm/hubspot.md §4).
type page[T any] struct {
	Results []T `json:"results"`
	Paging  struct {
		Next struct {
			After string `json:"after"`
		} `json:"next"`
	} `json:"paging"`
}

// input is one record of a batch (openapi-derived/contacts.json). All values
// are texts (§2).
type input struct {
	ID         string            `json:"id"`
	IDProperty string            `json:"idProperty,omitempty"`
	TraceID    string            `json:"objectWriteTraceId,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
}

// batchWrite is a call that upserts or updates.
type batchWrite struct {
	Inputs []input `json:"inputs"`
}

// batchRead is a call that reads by id, or by another unique property.
type batchRead struct {
	IDProperty string   `json:"idProperty,omitempty"`
	Properties []string `json:"properties"`
	History    []string `json:"propertiesWithHistory"` // required, though there is nothing to say
	Inputs     []input  `json:"inputs"`
}

// batchAnswer is what became of the records of a batch. With 207, Errors tell
// of those that are not among Results (§3).
type batchAnswer struct {
	Results []record `json:"results"`
	Errors  []fault  `json:"errors"`
}

// record is a record as far as it is asked for. A write is answered with what
// was written and some more.
type record struct {
	ID         string     `json:"id"`
	TraceID    string     `json:"objectWriteTraceId"`
	New        bool       `json:"new"` // of an upsert
	Properties properties `json:"properties"`
}

type properties struct {
	ExternalID       string `json:"lockstep_external_id"`
	Email            string `json:"email"`
	AdditionalEmails string `json:"hs_additional_emails"` // a;b
	MergedIDs        string `json:"hs_merged_object_ids"` // 1;2
}

// fault is one error: of a call, of a record of a batch, or inside of either.
// "All fields of an error body are optional" (§8).
type fault struct {
	Category   string  `json:"category"`
	Code       string  `json:"code"`  // of an inner error
	Error      string  `json:"error"` // of the token endpoints
	PolicyName string  `json:"policyName"`
	Message    string  `json:"message"`
	Context    details `json:"context"`
	Errors     []fault `json:"errors"`
}

// details are the values that an error is about, by what they are.
type details map[string][]string

// UnmarshalJSON implements json.Unmarshaler. What is not a text, or a list of
// texts, is left out rather than making an error unreadable.
func (d *details) UnmarshalJSON(body []byte) error {
	var raw map[string]json.RawMessage
	_ = json.Unmarshal(body, &raw)
	*d = make(details, len(raw))
	for name, value := range raw {
		var one string
		var list []string
		switch {
		case json.Unmarshal(value, &list) == nil:
			(*d)[name] = list
		case json.Unmarshal(value, &one) == nil:
			(*d)[name] = []string{one}
		}
	}
	return nil
}

// property is what a field is (openapi-derived/properties.json).
type property struct {
	Name            string       `json:"name"`
	Label           string       `json:"label"`
	Description     string       `json:"description"`
	Type            string       `json:"type"`
	FieldType       string       `json:"fieldType"`
	GroupName       string       `json:"groupName"`
	Options         []option     `json:"options,omitempty"`
	ReferencedType  string       `json:"referencedObjectType,omitempty"`
	HasUniqueValue  bool         `json:"hasUniqueValue"`
	Calculated      bool         `json:"calculated,omitempty"`
	ExternalOptions bool         `json:"externalOptions,omitempty"`
	HubSpotDefined  bool         `json:"hubspotDefined,omitempty"`
	Modification    modification `json:"modificationMetadata,omitzero"`
}

type option struct {
	Value  string `json:"value"`
	Label  string `json:"label"`
	Hidden bool   `json:"hidden"`
}

type modification struct {
	ReadOnlyValue bool `json:"readOnlyValue"`
}
