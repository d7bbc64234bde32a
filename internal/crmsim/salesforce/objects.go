package salesforce

import "slices"

// objects returns every object of a fresh org. The CRM objects follow
// describe/{Account,Contact,Lead}.json field by field; the others hold what
// the API is asked about them.
func objects() []object {
	return []object{
		account(), contact(), lead(), user(), organization(),
		profile(), permissionSet(), permissionSetAssignment(), fieldPermissions(), customField(),
	}
}

func account() object {
	name := text("Name", "Account Name", 255).needed().in("Name")
	name.extra, name.nameField = "switchablepersonname", true
	return object{
		name: "Account", label: "Account", plural: "Accounts", prefix: "001",
		fields: slices.Concat(
			[]*field{
				idField("Account ID"), deletedField(), masterField("Account"), name,
				pick("Type", "Account Type", 40, "Prospect", "Customer - Direct", "Customer - Channel",
					"Channel Partner / Reseller", "Installation Partner", "Technology Partner", "Other"),
				reference("ParentId", "Parent Account ID", "Parent", "Account"),
			},
			address("Billing", "Billing "), address("Shipping", "Shipping "),
			[]*field{
				phone("Phone", "Account Phone"), phone("Fax", "Account Fax"),
				text("AccountNumber", "Account Number", 40), link("Website", "Website"), photoField(),
				text("Sic", "SIC Code", 20), industries(40),
				number64(typeCurrency, "AnnualRevenue", "Annual Revenue", 18, 0), whole("NumberOfEmployees", "Employees"),
				pick("Ownership", "Ownership", 40, "Public", "Private", "Subsidiary", "Other"),
				text("TickerSymbol", "Ticker Symbol", 20), area("Description", "Account Description", 32000),
				ratings("Account Rating", 40), text("Site", "Account Site", 80), ownerField("User"),
			},
			audit(), seen(),
			[]*field{
				text("Jigsaw", "Data.com Key", 20), jigsaw("Company"), cleanStatus(),
				sources("AccountSource", "Account Source", 40), text("DunsNumber", "D-U-N-S Number", 9),
				text("Tradestyle", "Tradestyle", 255), text("NaicsCode", "NAICS Code", 8), text("NaicsDesc", "NAICS Description", 120),
				text("YearStarted", "Year Started", 4), text("SicDesc", "SIC Description", 80),
				reference("DandbCompanyId", "D&B Company ID", "DandbCompany", "DandBCompany"),
				reference("OperatingHoursId", "Operating Hour ID", "OperatingHours", "OperatingHours"),
			},
		),
	}
}

func contact() object {
	bounced := flag("IsEmailBounced", "Is Email Bounced").readOnly()
	return object{
		name: "Contact", label: "Contact", plural: "Contacts", prefix: "003",
		fields: slices.Concat(
			[]*field{
				idField("Contact ID"), deletedField(), masterField("Contact"),
				reference("AccountId", "Account ID", "Account", "Account"),
			},
			person("Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
			address("Other", "Other "), address("Mailing", "Mailing "),
			[]*field{
				phone("Phone", "Business Phone"), phone("Fax", "Business Fax"), phone("MobilePhone", "Mobile Phone"),
				phone("HomePhone", "Home Phone"), phone("OtherPhone", "Other Phone"), phone("AssistantPhone", "Asst. Phone"),
				reference("ReportsToId", "Reports To ID", "ReportsTo", "Contact"), email("Email", "Email"),
				text("Title", "Title", 128), text("Department", "Department", 80), text("AssistantName", "Assistant's Name", 40),
				sources("LeadSource", "Lead Source", 255), day("Birthdate", "Birthdate"),
				area("Description", "Contact Description", 32000), ownerField("User"),
			},
			audit(), seen(),
			[]*field{
				moment("LastCURequestDate", "Last Stay-in-Touch Request Date").readOnly(),
				moment("LastCUUpdateDate", "Last Stay-in-Touch Save Date").readOnly(),
				text("EmailBouncedReason", "Email Bounced Reason", 255).basic(),
				moment("EmailBouncedDate", "Email Bounced Date").basic(), bounced, photoField(),
				text("Jigsaw", "Data.com Key", 20), jigsaw("Contact"), cleanStatus(),
				reference("IndividualId", "Individual ID", "Individual", "Individual").basic(),
			},
		),
	}
}

func lead() object {
	status := pick("Status", "Status", 255, "Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
	converted := flag("IsConverted", "Converted").basic()
	converted.updateable = false
	reason := text("EmailBouncedReason", "Email Bounced Reason", 255).basic()
	bounced := moment("EmailBouncedDate", "Email Bounced Date").basic()
	reason.createable, bounced.createable = false, false
	return object{
		name: "Lead", label: "Lead", plural: "Leads", prefix: "00Q",
		fields: slices.Concat(
			[]*field{idField("Lead ID"), deletedField(), masterField("Lead")},
			person("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."),
			[]*field{text("Title", "Title", 128), text("Company", "Company", 255).needed()},
			address("", ""),
			[]*field{
				phone("Phone", "Phone"), phone("MobilePhone", "Mobile Phone"), phone("Fax", "Fax"), email("Email", "Email"),
				link("Website", "Website"), photoField(), area("Description", "Description", 32000),
				sources("LeadSource", "Lead Source", 255), status.always("Open - Not Contacted"), industries(255),
				ratings("Rating", 255), number64(typeCurrency, "AnnualRevenue", "Annual Revenue", 18, 0),
				whole("NumberOfEmployees", "Employees"), ownerField("Group", "User"), converted,
				day("ConvertedDate", "Converted Date").readOnly(),
				reference("ConvertedAccountId", "Converted Account ID", "ConvertedAccount", "Account").readOnly(),
				reference("ConvertedContactId", "Converted Contact ID", "ConvertedContact", "Contact").readOnly(),
				reference("ConvertedOpportunityId", "Converted Opportunity ID", "ConvertedOpportunity", "Opportunity").readOnly(),
				flag("IsUnreadByOwner", "Unread By Owner").basic(),
			},
			audit(), seen(),
			[]*field{
				text("Jigsaw", "Data.com Key", 20), jigsaw("Contact"), cleanStatus(),
				text("CompanyDunsNumber", "Company D-U-N-S Number", 9),
				reference("DandbCompanyId", "D&B Company ID", "DandbCompany", "DandBCompany"), reason, bounced,
				reference("IndividualId", "Individual ID", "Individual", "Individual").basic(),
			},
		),
	}
}

// user follows the SOQL that integrations ask (crm/salesforce.md §5); no
// describe of it was recorded.
func user() object {
	return object{
		name: "User", label: "User", plural: "Users", prefix: "005", setup: true, fixed: true,
		fields: slices.Concat(
			[]*field{
				idField("User ID"), text("Username", "Username", 80).needed(), text("LastName", "Last Name", 80).needed().in("Name"),
				text("FirstName", "First Name", 40).in("Name"), text("Name", "Full Name", 121).by(fullName), email("Email", "Email"),
				flag("IsActive", "Active"), pick("UserType", "User Type", 40, "Standard", "PowerPartner", "CspLitePortal", "AutomatedProcess"),
				reference("ProfileId", "Profile ID", "Profile", "Profile"),
				text("TimeZoneSidKey", "Time Zone", 40), text("LocaleSidKey", "Locale", 40), text("LanguageLocaleKey", "Language", 40),
			},
			audit(),
		),
	}
}

// organization follows describe/_record_Organization.json.
func organization() object {
	return object{
		name: "Organization", label: "Organization", plural: "Organizations", prefix: "00D", setup: true, fixed: true,
		fields: slices.Concat(
			[]*field{idField("Organization ID"), text("Name", "Name", 80).needed(), text("Division", "Division", 80)},
			address("", ""),
			[]*field{
				phone("Phone", "Phone"), phone("Fax", "Fax"), text("PrimaryContact", "Primary Contact", 80),
				text("DefaultLocaleSidKey", "Locale", 40), text("TimeZoneSidKey", "Time Zone", 40), text("LanguageLocaleKey", "Language", 40),
				pick("OrganizationType", "Edition", 40, "Developer Edition", "Enterprise Edition", "Unlimited Edition"),
				text("NamespacePrefix", "Namespace Prefix", 15), text("InstanceName", "Instance Name", 5),
				flag("IsSandbox", "Is Sandbox"), flag("IsReadOnly", "Is Read Only"), moment("TrialExpirationDate", "Trial Expiration Date"),
			},
			audit(),
		),
	}
}

func profile() object {
	return object{
		name: "Profile", label: "Profile", plural: "Profiles", prefix: "00e", setup: true, fixed: true,
		fields: slices.Concat([]*field{idField("Profile ID"), text("Name", "Name", 255).needed()}, audit()),
	}
}

func permissionSet() object {
	name := text("Name", "Permission Set Name", 80).needed()
	name.unique = true
	return object{
		name: "PermissionSet", label: "Permission Set", plural: "Permission Sets", prefix: "0PS", setup: true,
		fields: slices.Concat(
			[]*field{
				idField("PermissionSet ID"), name, text("Label", "Permission Set Label", 80).needed(),
				text("Description", "Description", 255).basic(), flag("IsCustom", "Is Custom").readOnly(),
				flag("IsOwnedByProfile", "Is Owned By Profile").readOnly(),
				reference("ProfileId", "Profile ID", "Profile", "Profile").readOnly(), text("NamespacePrefix", "Namespace Prefix", 15).readOnly(),
			},
			audit(),
		),
	}
}

func permissionSetAssignment() object {
	return object{
		name: "PermissionSetAssignment", label: "Permission Set Assignment", plural: "Permission Set Assignments", prefix: "0Pa", setup: true,
		fields: []*field{
			idField("PermissionSetAssignment ID"),
			reference("PermissionSetId", "PermissionSet ID", "PermissionSet", "PermissionSet").needed(),
			reference("AssigneeId", "Assignee ID", "Assignee", "User").needed(),
			audit()[4],
		},
	}
}

func fieldPermissions() object {
	return object{
		name: "FieldPermissions", label: "Field Permissions", plural: "Field Permissions", prefix: "01k", setup: true,
		fields: []*field{
			idField("Field Permissions ID"),
			reference("ParentId", "Parent ID", "Parent", "PermissionSet").needed(),
			text("SobjectType", "Sobject Type Name", 40).needed(),
			text("Field", "Field Name", 255).needed(),
			flag("PermissionsEdit", "Edit Field").basic(), flag("PermissionsRead", "Read Field").basic(),
			audit()[4],
		},
	}
}

// customField is the Tooling API's object for a field; what is written to it
// takes another way, see tooling.go.
func customField() object {
	return object{
		name: "CustomField", label: "Custom Field", plural: "Custom Fields", prefix: "00N", setup: true, fixed: true,
		fields: slices.Concat(
			[]*field{
				idField("Custom Field ID"), text("DeveloperName", "Developer Name", 40), text("TableEnumOrId", "Entity Enum Or Id", 40),
				text("NamespacePrefix", "Namespace Prefix", 15), text("FullName", "Full Name", 255), text("ManageableState", "Manageable State", 40),
			},
			audit(),
		),
	}
}
