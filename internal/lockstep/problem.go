package lockstep

import (
	"maps"
	"slices"
	"strings"

	"lockstep/internal/crm"
)

// Code names a problem. It is stored with what it befell, and is the last part
// of a problem document's type.
type Code string

// The problems a record can have besides those that an adapter names with a
// crm.Reason.
const (
	CodeSameRecord      Code = "same_crm_record"
	CodeForeignRecord   Code = "foreign_external_id"
	CodeMissingEmail    Code = "missing_email"
	CodeNotPermitted    Code = "not_permitted"
	CodeRefused         Code = "refused"
	CodeUnavailable     Code = "crm_unavailable"
	CodeRateLimited     Code = "rate_limited"
	CodeQuotaSpent      Code = "quota_spent"
	CodeUnauthorized    Code = "authorization_lost"
	CodeUnsupported     Code = "unsupported"
	CodeInternal        Code = "internal"
	CodeNotFound        Code = "not_found_in_crm"
	CodeConflict        Code = "conflict_in_crm"
	CodeUnknownOutcome  Code = "outcome_unknown"
	CodeMappingEmpty    Code = "mapping_empty"
	CodeWrongAccount    Code = "wrong_account"
	CodeAccountInUse    Code = "account_in_use"
	CodeProvisionDenied Code = "provisioning_denied"
	CodeRunCancelled    Code = "run_cancelled"
	CodeNotAuthorized   Code = "authorization_not_given"
	CodeNotLive         Code = "connection_not_live"
	CodeSwitchedOff     Code = "contacts_switched_off"
	CodeOwnHouse        Code = "lockstep_unavailable"
)

// Retry says who can make a problem go away.
type Retry string

// The retry classes.
const (
	RetryItself  Retry = "by_itself"     // Lockstep tries again
	RetryFixed   Retry = "after_fix"     // once a person has mended what the problem names
	RetrySettled Retry = "not_necessary" // nothing is wrong: the record was left alone on purpose
)

// Problem explains a code to a person: what it means and what to do.
type Problem struct {
	Code    Code   `json:"code"`
	Title   string `json:"title"`
	Meaning string `json:"meaning"`
	Fix     string `json:"fix"`
	Retry   Retry  `json:"retry"`
}

// problems is the registry, one line of prose each.
var problems = map[Code]Problem{
	Code(crm.ReasonRequiredMissing): {Title: "Required field missing", Meaning: "The CRM refuses this record because a field it requires is empty.", Fix: "Fill the field in the record, which sends it again, or map a fixed value to it and retry.", Retry: RetryFixed},
	Code(crm.ReasonValueInvalid):    {Title: "Field validation", Meaning: "The CRM refuses a value, such as an e-mail address that is not one.", Fix: "Correct the value in the record: that sends it again.", Retry: RetryFixed},
	Code(crm.ReasonValueTooLong):    {Title: "Value too long", Meaning: "A value is longer than its CRM field holds.", Fix: "Shorten the value in the record, which sends it again, or map it to a longer field and retry.", Retry: RetryFixed},
	Code(crm.ReasonOptionUnknown):   {Title: "Unknown picklist value", Meaning: "The CRM field only takes values from its list, and this is not one.", Fix: "Change the value in the record, which sends it again, or add it to the picklist in the CRM and retry.", Retry: RetryFixed},
	Code(crm.ReasonValidationRule):  {Title: "Validation rule", Meaning: "A validation rule of your CRM refuses this record.", Fix: "Change the record so that it follows the rule, which sends it again, or ask the CRM's administrator to relax the rule and retry.", Retry: RetryFixed},
	Code(crm.ReasonFieldUnknown):    {Title: "Unknown CRM field", Meaning: "The mapping names a field that the CRM does not have, or that the connected user cannot see.", Fix: "Review the field mapping, or give the connected user access to the field, then retry.", Retry: RetryFixed},
	Code(crm.ReasonFieldReadOnly):   {Title: "Read-only CRM field", Meaning: "The mapping writes a field that the CRM does not let anyone write.", Fix: "Remove the field from the mapping, then retry.", Retry: RetryFixed},
	Code(crm.ReasonDuplicate):       {Title: "Duplicate in the CRM", Meaning: "A duplicate rule of your CRM says that this record is there already under another id.", Fix: "Merge the duplicates in the CRM and retry, or correct the record, which sends it again.", Retry: RetryFixed},
	Code(crm.ReasonAmbiguous):       {Title: "Several matches", Meaning: "More than one record in the CRM has this e-mail address, so Lockstep does not guess which one is meant.", Fix: "Merge the duplicates in the CRM, then retry.", Retry: RetryFixed},
	Code(crm.ReasonDeleted):         {Title: "Deleted in the CRM", Meaning: "Somebody deleted this record in the CRM. Lockstep does not bring it back by itself.", Fix: "Nothing to do. If you want it created again, retry this problem.", Retry: RetrySettled},
	Code(crm.ReasonConverted):       {Title: "Lead converted", Meaning: "The lead was converted to a contact in the CRM and can no longer be changed.", Fix: "Nothing to do: the link follows to the contact.", Retry: RetrySettled},
	Code(crm.ReasonLocked):          {Title: "Record locked", Meaning: "Somebody else was changing the record, or one it belongs to, at that moment.", Fix: "Nothing to do: Lockstep tries again.", Retry: RetryItself},
	Code(crm.ReasonBatch):           {Title: "Batch refused", Meaning: "The CRM refused a whole batch without saying which record is at fault.", Fix: "Nothing to do: Lockstep sends the records apart from each other.", Retry: RetryItself},
	Code(crm.ReasonExternalID):      {Title: "External id field missing", Meaning: "The field in which Lockstep keeps its ids is gone, or the connected user cannot see it.", Fix: "Nothing to do if Lockstep may change the CRM's fields: it creates the field again. Otherwise ask the CRM's administrator to restore it.", Retry: RetryItself},
	Code(crm.ReasonAccess):          {Title: "Permission denied", Meaning: "The connected user may not write this record or field.", Fix: "Give the user the permission in the CRM, then retry.", Retry: RetryFixed},
	Code(crm.ReasonAutomation):      {Title: "CRM automation refused", Meaning: "A trigger, flow or process in your CRM refused the record.", Fix: "Ask the CRM's administrator to look at the automation, then retry.", Retry: RetryFixed},

	CodeSameRecord:      {Title: "Same CRM record", Meaning: "Another record of yours, the one that the detail names, stands for the same person or is linked to the same record in the CRM.", Fix: "Nothing to do. If they are two people, give the second an e-mail address of its own.", Retry: RetrySettled},
	CodeForeignRecord:   {Title: "Another workspace's record", Meaning: "The matching CRM record carries the external id of another workspace. It was linked by its CRM id and its external id left alone.", Fix: "Nothing to do.", Retry: RetrySettled},
	CodeMissingEmail:    {Title: "No e-mail address", Meaning: "Contacts without an e-mail address are not sent, because there is nothing to recognise them by.", Fix: "Add an e-mail address to the record: that sends it.", Retry: RetrySettled},
	CodeNotPermitted:    {Title: "Permission denied", Meaning: "The connected user may not write this record.", Fix: "Give the user the permission in the CRM, then retry.", Retry: RetryFixed},
	CodeRefused:         {Title: "Record refused", Meaning: "The CRM refused this record.", Fix: "Read the CRM's own message and correct the record: that sends it again.", Retry: RetryFixed},
	CodeUnavailable:     {Title: "CRM unavailable", Meaning: "The CRM did not answer, or answered that it is having trouble.", Fix: "Nothing to do: Lockstep tries again.", Retry: RetryItself},
	CodeRateLimited:     {Title: "Rate limited", Meaning: "The CRM asks for fewer calls.", Fix: "Nothing to do: Lockstep waits and tries again.", Retry: RetryItself},
	CodeQuotaSpent:      {Title: "Daily quota spent", Meaning: "The CRM account has used up its calls for today.", Fix: "Nothing to do: Lockstep goes on when the quota is reset. A larger quota can be bought from the CRM.", Retry: RetryItself},
	CodeUnauthorized:    {Title: "Authorisation lost", Meaning: "The CRM no longer accepts the login of this connection: it was revoked, or it expired.", Fix: "Reconnect the CRM. Nothing is lost meanwhile.", Retry: RetryFixed},
	CodeUnsupported:     {Title: "Not supported", Meaning: "This CRM has no such feature.", Fix: "Change the settings of the connection.", Retry: RetryFixed},
	CodeInternal:        {Title: "Internal problem", Meaning: "Lockstep met something it did not expect.", Fix: "Retry; if it happens again, tell support the run's id.", Retry: RetryFixed},
	CodeNotFound:        {Title: "Not found in the CRM", Meaning: "The CRM has no such record any more.", Fix: "Retry if you want it created again.", Retry: RetryFixed},
	CodeConflict:        {Title: "Changed in the CRM meanwhile", Meaning: "Somebody changed the record in the CRM at the same moment.", Fix: "Nothing to do: Lockstep tries again.", Retry: RetryItself},
	CodeUnknownOutcome:  {Title: "Answer lost", Meaning: "The CRM's answer did not arrive, so Lockstep is finding out whether the record was written.", Fix: "Nothing to do: Lockstep tries again without creating a second record.", Retry: RetryItself},
	CodeMappingEmpty:    {Title: "Nothing mapped", Meaning: "No field of this record is mapped to a CRM field.", Fix: "Map at least one field, then retry.", Retry: RetryFixed},
	CodeWrongAccount:    {Title: "Another CRM account", Meaning: "The login belongs to another CRM account than the one this connection is linked to. It was discarded, and nothing else was changed.", Fix: "Sign in with a user of that account, or add a connection for the other account.", Retry: RetryFixed},
	CodeRunCancelled:    {Title: "Run cancelled", Meaning: "The run was cancelled before this record's turn.", Fix: "Start a resync to send it.", Retry: RetryFixed},
	CodeNotAuthorized:   {Title: "Not authorised yet", Meaning: "Nobody signed in to the CRM within an hour.", Fix: "Ask for a new connect link and sign in.", Retry: RetryFixed},
	CodeNotLive:         {Title: "Connection not live", Meaning: "The connection is not in a state in which records are sent.", Fix: "Look at the connection's status and do what it asks for, then try again.", Retry: RetryFixed},
	CodeOwnHouse:        {Title: "Lockstep unavailable", Meaning: "A part of Lockstep, its database or Temporal, did not answer.", Fix: "Nothing to do: Lockstep tries again. If it lasts, see whether PostgreSQL and Temporal are well.", Retry: RetryItself},
	CodeSwitchedOff:     {Title: "Contacts switched off", Meaning: "Somebody has switched contacts off for this connection. What changes meanwhile is kept for when they are on again.", Fix: "Switch contacts on in the connection's settings, then try again.", Retry: RetryFixed},
	CodeAccountInUse:    {Title: "Account already connected", Meaning: "This CRM account is connected to the workspace already.", Fix: "Use the existing connection.", Retry: RetrySettled},
	CodeProvisionDenied: {Title: "Field not created", Meaning: "The connected user may not create the field in which Lockstep keeps its ids.", Fix: "Reconnect as a System Administrator, or ask one to create the field as the README says.", Retry: RetryFixed},
}

// Explain returns the problem with this code; one that the registry does not
// know reads as an internal one.
func Explain(code Code) Problem {
	p, ok := problems[code]
	if !ok {
		p = problems[CodeInternal]
	}
	p.Code = code
	return p
}

// Known tells whether the registry has a problem with this code.
func Known(code Code) bool {
	_, known := problems[code]
	return known
}

// Problems returns every problem there is, in order of their codes.
func Problems() []Problem {
	all := make([]Problem, 0, len(problems))
	for _, code := range slices.Sorted(maps.Keys(problems)) {
		all = append(all, Explain(code))
	}
	return all
}

// Passing returns the codes of the problems that pass by themselves.
func Passing() []Code {
	var codes []Code
	for _, p := range Problems() {
		if p.Retry == RetryItself {
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// kinds are the codes of errors that carry no reason of their own.
var kinds = map[crm.Kind]Code{
	crm.KindInternal:     CodeInternal,
	crm.KindInvalid:      CodeRefused,
	crm.KindUnauthorized: CodeUnauthorized,
	crm.KindForbidden:    CodeNotPermitted,
	crm.KindNotFound:     CodeNotFound,
	crm.KindConflict:     CodeConflict,
	crm.KindRateLimited:  CodeRateLimited,
	crm.KindQuota:        CodeQuotaSpent,
	crm.KindUnavailable:  CodeUnavailable,
	crm.KindUnknown:      CodeUnknownOutcome,
	crm.KindUnsupported:  CodeUnsupported,
}

// CodeOf returns the code of what e says. Of what is unavailable it tells whose:
// the CRM's or our own.
func CodeOf(e *crm.Error) Code {
	if e.Reason != "" {
		return Code(e.Reason)
	}
	house, _, _ := strings.Cut(e.Op, ".")
	if e.Kind == crm.KindUnavailable && (house == "store" || house == "temporal") {
		return CodeOwnHouse
	}
	return kinds[e.Kind]
}
