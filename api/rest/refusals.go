package rest

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// told is a problem of a request and the status that tells it.
type told struct {
	lockstep.Problem

	status int
}

func refuse(status int, title, meaning, fix string) told {
	return told{status: status, Problem: lockstep.Problem{Title: title, Meaning: meaning, Fix: fix, Retry: lockstep.RetryFixed}}
}

// refusals are the problems that a request can meet here. Those of records are
// package lockstep's.
var refusals = map[string]told{
	codeUnauthenticated:      refuse(http.StatusUnauthorized, "No valid API key", "The request presents no API key that is valid.", "Send the header \"Authorization: Bearer lsk_…\" with a key of the workspace; `starter workspace create` makes the first one."),
	codeRoleForbidden:        refuse(http.StatusForbidden, "Role not allowed", "The role of the key may not do this.", "Use a key with another role: spectators read, standard keys also load records, all others run connections, and admins issue keys and read the audit log."),
	codeNotFound:             refuse(http.StatusNotFound, "Not found", "There is nothing here, or it belongs to another workspace.", "Check the address and the ids in it."),
	"method_not_allowed":     refuse(http.StatusMethodNotAllowed, "Method not allowed", "The address is known, but not with this method.", "Look at /docs for what there is."),
	codeRequestInvalid:       refuse(http.StatusBadRequest, "Request not valid", "The request is not what the API's document says.", "Correct what \"errors\" names; /docs says what is expected."),
	"body_too_large":         refuse(http.StatusRequestEntityTooLarge, "Body too large", "The request's body is larger than is read here.", "Split it: a load takes up to 64 MB and 10,000 rows, every other request 1 MB."),
	codeTooSlow:              refuse(http.StatusRequestTimeout, "Body too slow", "The request's body did not arrive within five minutes.", "Split it, or send it over a faster line."),
	"media_type_unsupported": refuse(http.StatusUnsupportedMediaType, "Content type not supported", "The request's Content-Type is not one that is read here.", "Look at /docs for what is."),
	"too_many_requests":      refuse(http.StatusTooManyRequests, "Too many requests", "The key makes more calls than one key may.", "Wait a second, then go on more slowly."),
	"conflict":               refuse(http.StatusConflict, "Conflict", "Somebody else was faster, or it is there already.", "Read it again, then decide."),
	codeUnavailable:          refuse(http.StatusServiceUnavailable, "Not available", "A part of Lockstep does not answer at the moment.", "Try again in a moment; if it lasts, look at /readyz."),
	codeInternal:             refuse(http.StatusInternalServerError, "Internal problem", "Lockstep met something it did not expect.", "Try again; if it happens again, tell support the instance."),

	"vendor_unknown":    refuse(http.StatusUnprocessableEntity, "CRM not available", "There is no such CRM, or Lockstep has no app to connect it with.", "Choose another one, or give Lockstep the app's settings."),
	"target_unknown":    refuse(http.StatusUnprocessableEntity, "CRM type not available", "The CRM does not keep such records under that type.", "Choose one of the types it has, or leave it out."),
	"connect_link_used": refuse(http.StatusGone, "Link no longer valid", "The link was opened before, or is older than ten minutes. Each works once.", "Ask for a new link where you got this one."),

	codeNotLive:                      refuse(http.StatusConflict, "Connection not live", "The connection is not live.", "Look at its status and what it asks for."),
	string(lockstep.CodeSwitchedOff): refuse(http.StatusConflict, "Contacts switched off", "Somebody has switched contacts off for this connection.", "Switch them on in its settings, then try again."),
	flow.RefusedNotReady:             refuse(http.StatusConflict, "Connection not ready", "This takes a connection that has been authorised and set up.", "Look at its status. If it is being set up, wait until it is ready; if it says something else, do what its reason asks for."),
	flow.RefusedChosen:               refuse(http.StatusConflict, "Starting point chosen already", "The starting point is chosen once.", "Use resync to send every record again."),
	flow.RefusedChoice:               refuse(http.StatusUnprocessableEntity, "Starting point not known", "The starting point is import or skip.", "Choose one of the two."),
	flow.RefusedMapping:              refuse(http.StatusConflict, "Mapping changed meanwhile", "The version of the mapping that was looked at is not the newest.", "Read the mapping again and approve that version."),
	"mapping_invalid":                refuse(http.StatusUnprocessableEntity, "Mapping not possible", "Some rules cannot work in the CRM.", "Correct what \"errors\" names. If a field is new in the CRM, discover the connection again."),
	"mapping_version_missing":        refuse(http.StatusPreconditionRequired, "Version not named", "A mapping is saved over a version that was read.", "Read the mapping and send its ETag as If-Match."),
	"mapping_version_old":            refuse(http.StatusPreconditionFailed, "Mapping changed meanwhile", "The version that If-Match names is not the newest.", "Read the mapping again, look at what has changed, and save it over that version."),
	"alert_url_invalid":              refuse(http.StatusUnprocessableEntity, "Address not possible", "Alerts cannot be sent to that address.", "Give an https address on the public Internet, without a user or password in it."),
	"last_admin_key":                 refuse(http.StatusConflict, "Last admin key", "This is the only key of an admin that is left, and without one nobody can issue keys.", "Issue another key with the role admin first."),
	"owner_unknown":                  refuse(http.StatusUnprocessableEntity, "Owner not known", "New records cannot be given to that user of the CRM.", "Choose one of the connection's active owners, or null."),
	"problem_unknown":                refuse(http.StatusUnprocessableEntity, "Problem not known", "No record can have a problem with that code.", "Choose one that GET /v1/problems explains, or leave it out to retry everything."),
	"confirmation_missing":           refuse(http.StatusUnprocessableEntity, "Not confirmed", "This ends the connection, so it has to be confirmed.", "If that is what you want, send \"confirm\": true. With \"keep_mapping\": true the field mapping is kept."),
	"import_open":                    refuse(http.StatusConflict, "Import under way", "An import of this connection has not ended.", "Wait until it has, or cancel it."),
	"run_ended":                      refuse(http.StatusConflict, "Run ended already", "The run has ended.", "Look at its counts and events."),
	"run_short":                      refuse(http.StatusConflict, "Run not cancellable", "Only an import or a retry can be cancelled: a sync or a test contact ends by itself within moments.", "Pause or disconnect the connection to stop what is sent."),
	"supervisor_unreachable":         refuse(http.StatusServiceUnavailable, "Temporal does not answer", "What was asked for could not be handed to the connection's workflow, or that has not answered in time.", "Try again in a moment; if it lasts, look whether Temporal and a worker run."),

	codeKeyReused:             refuse(http.StatusUnprocessableEntity, "Idempotency key used before", "Another request was made with this Idempotency-Key within the last day.", "Use a key of its own for each request, and the same one only to repeat it unchanged."),
	"idempotency_in_progress": refuse(http.StatusConflict, "Request under way", "The same request, with the same Idempotency-Key, is still being carried out.", "Repeat it in a few seconds for its answer."),

	codeNoRecords:       refuse(http.StatusUnprocessableEntity, "Nothing to take", "None of the rows could be taken.", "Correct what \"report\" names and load it again."),
	"empty":             refuse(http.StatusUnprocessableEntity, "Nothing to read", "The body is empty.", "Send at least one record."),
	"no_external_id":    refuse(http.StatusUnprocessableEntity, "No external id", "No column holds external ids.", "Name the column, as id_column in the request, or rename it to external_id."),
	"id_column_missing": refuse(http.StatusUnprocessableEntity, "No such column", "The column that was to hold the external ids is not there.", "Name one that is."),
	"too_many_rows":     refuse(http.StatusUnprocessableEntity, "Too many rows", "There are more than 10,000 rows.", "Split them into requests of at most 10,000 rows each."),
	"too_many_columns":  refuse(http.StatusUnprocessableEntity, "Too many columns", "There are more than 1,000 columns.", "Leave out those that the CRM does not need."),
	"header_unreadable": refuse(http.StatusUnprocessableEntity, "Header not readable", "The first row, which names the columns, cannot be read.", "Correct the first row."),
	"json_not_array":    refuse(http.StatusUnprocessableEntity, "Not an array", "The body is not a JSON array.", "Send an array of objects, or one object a line as application/x-ndjson."),
	"not_text":          refuse(http.StatusUnprocessableEntity, "Not text", "The body is not text.", "Save it as CSV in UTF-8 and send that."),
}

// ListProblems implements StrictServerInterface.
func (s *Server) ListProblems(context.Context, ListProblemsRequestObject) (ListProblemsResponseObject, error) {
	all := make(map[lockstep.Code]lockstep.Problem)
	for _, p := range slices.Concat(lockstep.Problems(), s.Problems) {
		all[p.Code] = p
	}
	for code, t := range refusals {
		t.Code = lockstep.Code(code)
		all[t.Code] = t.Problem
	}
	out := ProblemList{Items: make([]Explanation, 0, len(all))}
	for _, code := range slices.Sorted(maps.Keys(all)) {
		out.Items = append(out.Items, explanation(all[code]))
	}
	return ListProblems200JSONResponse(out), nil
}

func explanation(p lockstep.Problem) Explanation {
	return Explanation{Code: string(p.Code), Title: p.Title, Meaning: p.Meaning, Fix: p.Fix, Retry: ExplanationRetry(p.Retry)}
}
