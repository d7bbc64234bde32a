package salesforce

// The shapes of the wire, as far as they are used.

// organization is the row of the org itself (describe/_record_Organization.json).
type organization struct {
	ID               string `json:"Id"`
	Name             string
	OrganizationType string
	IsSandbox        bool
}

// userInfo is who a token was issued for (crm/salesforce.md §1).
type userInfo struct {
	UserID string `json:"user_id"`
}

// user is a row of User (§5).
type user struct {
	ID       string `json:"Id"`
	Name     string
	Email    string
	IsActive bool
	UserType string
}

// page is a page of rows (§4). Next is a path, followed as it is.
type page[T any] struct {
	TotalSize int    `json:"totalSize"`
	Done      bool   `json:"done"`
	Next      string `json:"nextRecordsUrl"`
	Records   []T    `json:"records"`
}

// row is a record as far as a look-up asks for it; what its type does not have
// is not selected and stays empty.
type row struct {
	ID                 string `json:"Id"`
	ExternalID         string `json:"Lockstep_External_Id__c"`
	Email              string
	IsDeleted          bool
	MasterRecordID     string `json:"MasterRecordId"`
	IsConverted        bool
	ConvertedContactID string `json:"ConvertedContactId"`
}

// result is what became of one record of a collections call (§3).
type result struct {
	ID      string  `json:"id"`
	Success bool    `json:"success"`
	Created bool    `json:"created"`
	Errors  []fault `json:"errors"`
}

// fault is one error. Its code is statusCode in the result of a record, and
// errorCode at the top of an answer (§3).
type fault struct {
	StatusCode string   `json:"statusCode"`
	ErrorCode  string   `json:"errorCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

// oauthFault is an error of the token endpoints (§1).
type oauthFault struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// describe is what an object's fields are (§2).
type describe struct {
	Fields []field `json:"fields"`
}

type field struct {
	Name               string     `json:"name"`
	Label              string     `json:"label"`
	InlineHelpText     string     `json:"inlineHelpText"`
	Type               string     `json:"type"`
	Length             int        `json:"length"`
	PicklistValues     []picklist `json:"picklistValues"`
	RestrictedPicklist bool       `json:"restrictedPicklist"`
	Nillable           bool       `json:"nillable"`
	DefaultedOnCreate  bool       `json:"defaultedOnCreate"`
	Createable         bool       `json:"createable"`
	Updateable         bool       `json:"updateable"`
	Unique             bool       `json:"unique"`
	CaseSensitive      bool       `json:"caseSensitive"`
	ExternalID         bool       `json:"externalId"`
	Custom             bool       `json:"custom"`
}

type picklist struct {
	Value  string `json:"value"`
	Label  string `json:"label"`
	Active bool   `json:"active"`
}

// customField is a field to be made, in the Tooling API's words (§2).
type customField struct {
	FullName string              `json:"FullName"`
	Metadata customFieldMetadata `json:"Metadata"`
}

type customFieldMetadata struct {
	Label         string `json:"label"`
	Description   string `json:"description"`
	Type          string `json:"type"`
	Length        int    `json:"length"`
	Unique        bool   `json:"unique"`
	CaseSensitive bool   `json:"caseSensitive"`
	ExternalID    bool   `json:"externalId"`
	Required      bool   `json:"required"`
}

// permissionSet, fieldPermissions and assignment make a field visible: to a
// set of permissions, and the set to a user (§2,
// amp-labs-fixtures/metadata/write).
type permissionSet struct {
	ID          string `json:"Id,omitempty"`
	Name        string `json:"Name,omitempty"`
	Label       string `json:"Label,omitempty"`
	Description string `json:"Description,omitempty"`
}

type fieldPermissions struct {
	ID              string `json:"Id,omitempty"`
	ParentID        string `json:"ParentId,omitempty"`
	SobjectType     string `json:"SobjectType,omitempty"`
	Field           string `json:"Field,omitempty"`
	PermissionsRead bool   `json:"PermissionsRead"`
	PermissionsEdit bool   `json:"PermissionsEdit"`
}

type assignment struct {
	AssigneeID      string `json:"AssigneeId"`
	PermissionSetID string `json:"PermissionSetId"`
}
