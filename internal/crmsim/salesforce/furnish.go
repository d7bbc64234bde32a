package salesforce

import "lockstep/internal/crmsim"

// furnish gives a fresh org its organization row, users, profile and the
// profile's own permission set. The first user is the one who connects.
func (o *org) furnish() {
	o.id = o.put("Organization", map[string]string{
		"Name": o.name, "OrganizationType": o.edition, "InstanceName": "SIM" + o.instance[:1], "IsSandbox": truth(o.sandbox),
		"Country": "US", "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "America/Los_Angeles", "LanguageLocaleKey": "en_US",
		"PrimaryContact": "Ada Admin",
	})
	admins := o.put("Profile", map[string]string{"Name": "System Administrator"})
	standard := o.put("Profile", map[string]string{"Name": "Standard User"})
	o.user = o.put("User", map[string]string{
		"Username": "ada@" + o.domain(), "FirstName": "Ada", "LastName": "Admin", "Email": "ada@" + o.domain(),
		"IsActive": "true", "UserType": "Standard", "ProfileId": admins,
	})
	o.put("User", map[string]string{
		"Username": "sam@" + o.domain(), "FirstName": "Sam", "LastName": "Seller", "Email": "sam@" + o.domain(),
		"IsActive": "true", "UserType": "Standard", "ProfileId": standard,
	})
	o.put("User", map[string]string{
		"Username": "gus@" + o.domain(), "FirstName": "Gus", "LastName": "Gone", "Email": "gus@" + o.domain(),
		"IsActive": "false", "UserType": "Standard", "ProfileId": standard,
	})
	own := o.put("PermissionSet", map[string]string{
		"Name": "X00e_System_Administrator", "Label": "System Administrator", "IsOwnedByProfile": "true", "ProfileId": admins,
	})
	o.put("PermissionSetAssignment", map[string]string{"PermissionSetId": own, "AssigneeId": o.user})
}

// domain is what the org's e-mail addresses end in.
func (o *org) domain() string {
	if o.sandbox {
		return "sandbox.crmsim.example"
	}
	return "crmsim.example"
}

// put inserts a record by field name, past all validation.
func (o *org) put(object string, values map[string]string) string {
	t := o.table(object)
	shape := t.schema.Load()
	var changes []crmsim.Change
	for i, f := range shape.fields {
		if value, ok := values[f.name]; ok {
			changes = append(changes, crmsim.Change{Field: i, Text: value})
		}
	}
	return t.insert(changes).id
}
