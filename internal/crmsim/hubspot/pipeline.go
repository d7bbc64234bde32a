package hubspot

import (
	"net/http"
	"slices"
	"strconv"

	"lockstep/internal/crmsim"
)

// defaultPipeline is the id of the sales pipeline that an account begins with.
const defaultPipeline = "default"

// stage is one stage of the sales pipeline
// (metadata-deals-external-pipelines.json).
type stage struct {
	id, label, probability string
	closed                 bool
}

func salesStages() []stage {
	return []stage{
		{id: "appointmentscheduled", label: "Appointment Scheduled", probability: "0.2"},
		{id: "qualifiedtobuy", label: "Qualified To Buy", probability: "0.4"},
		{id: "presentationscheduled", label: "Presentation Scheduled", probability: "0.6"},
		{id: "decisionmakerboughtin", label: "Decision Maker Bought-In", probability: "0.8"},
		{id: "contractsent", label: "Contract Sent", probability: "0.9"},
		{id: "closedwon", label: "Closed Won", probability: "1.0", closed: true},
		{id: "closedlost", label: "Closed Lost", probability: "0.0", closed: true},
	}
}

// knownStage reports whether a deal's pipeline or stage is one there is.
func knownStage(property, value string) bool {
	if property == "pipeline" {
		return value == defaultPipeline
	}
	return slices.ContainsFunc(salesStages(), func(s stage) bool { return s.id == value })
}

// listPipelines answers for deals and contacts, as both were recorded; other
// objects have none.
func listPipelines(c *call) crmsim.Answer {
	pipelines := []map[string]any{}
	switch c.Object {
	case "deals":
		var all []map[string]any
		for i, s := range salesStages() {
			all = append(all, stageView(i, s.id, s.label, map[string]string{"isClosed": strconv.FormatBool(s.closed), "probability": s.probability}))
		}
		pipelines = append(pipelines, pipelineView(defaultPipeline, "Sales Pipeline", all))
	case "contacts":
		var all []map[string]any
		for i, s := range stages() {
			closed, state := s.value == "other", "OPEN"
			if closed {
				state = "CLOSED"
			}
			all = append(all, stageView(i, s.value, s.label, map[string]string{"isClosed": strconv.FormatBool(closed), "state": state}))
		}
		pipelines = append(pipelines, pipelineView("contacts-lifecycle-pipeline", "Lifecycle Stage Pipeline", all))
	}
	return encoded(http.StatusOK, map[string]any{"results": pipelines})
}

const epoch = "1970-01-01T00:00:00Z"

func pipelineView(id, label string, stages []map[string]any) map[string]any {
	return map[string]any{
		"id": id, "label": label, "displayOrder": 0, "stages": stages, "createdAt": epoch, "updatedAt": epoch, "archived": false,
	}
}

func stageView(order int, id, label string, metadata map[string]string) map[string]any {
	return map[string]any{
		"id": id, "label": label, "displayOrder": order, "metadata": metadata, "createdAt": epoch, "updatedAt": epoch,
		"writePermissions": "CRM_PERMISSIONS_ENFORCEMENT", "archived": false,
	}
}
