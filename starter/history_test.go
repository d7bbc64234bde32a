package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

// TestActionsOfAnImportWhoseWorkerWasKilled counts a history that was exported
// from a real import: its start, two activities, one of them tried twice, and an
// upsert.
func TestActionsOfAnImportWhoseWorkerWasKilled(t *testing.T) {
	t.Parallel()

	file, err := os.Open("testdata/import-killed.json")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	exported, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	require.NoError(t, err)
	require.Equal(t, 5, actions(exported.Events))
}

func TestActionsByTypeOfEvent(t *testing.T) {
	t.Parallel()

	of := func(kinds ...enums.EventType) []*history.HistoryEvent {
		var events []*history.HistoryEvent
		for _, kind := range kinds {
			events = append(events, &history.HistoryEvent{EventType: kind})
		}
		return events
	}
	require.Equal(t, 7, actions(of(
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
		enums.EVENT_TYPE_TIMER_STARTED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
		enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
	)), "each is one")
	require.Zero(t, actions(of(
		enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
		enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
		enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
		enums.EVENT_TYPE_TIMER_FIRED,
		enums.EVENT_TYPE_MARKER_RECORDED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
	)), "these are free")
	require.Equal(t, 3, actions([]*history.HistoryEvent{
		{EventType: enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED},
		{
			EventType: enums.EVENT_TYPE_ACTIVITY_TASK_STARTED,
			Attributes: &history.HistoryEvent_ActivityTaskStartedEventAttributes{
				ActivityTaskStartedEventAttributes: &history.ActivityTaskStartedEventAttributes{Attempt: 3},
			},
		},
	}), "an activity and two more attempts")
}
