package main

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"lockstep/activities"
	"lockstep/internal/crm"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
)

// schedules implements activities.Schedules, and with it activities.Estate, with
// a Temporal client.
type schedules struct {
	client client.Client
	queues flow.Queues
}

var (
	_ activities.Schedules = (*schedules)(nil)
	_ activities.Estate    = (*schedules)(nil)
)

// jitter spreads cycles that fall due at one moment.
const jitter = 5 * time.Second

// memoQueue names the queue that a Schedule is for, so that two databases on
// one namespace leave each other's alone.
const memoQueue = "lockstep-queue"

// Put implements activities.Schedules.
func (s *schedules) Put(ctx context.Context, in flow.SyncInput, every time.Duration, paused bool, note string) error {
	handle := s.client.ScheduleClient().GetHandle(ctx, flow.SyncID(in.Connection))
	spec := client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: every, Offset: offset(in.Connection, every)}},
		Jitter:    jitter,
	}
	policy := client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: every}
	_, err := s.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: flow.SyncID(in.Connection), Spec: spec, Overlap: policy.Overlap, CatchupWindow: policy.CatchupWindow,
		Paused: paused, Note: note, Action: s.action(in),
		Memo:                  map[string]any{memoQueue: s.queues.Bulk},
		TypedSearchAttributes: dial.Attributes(in.ConnectionRef, in.Vendor),
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return reached("temporal.schedule", err)
	}
	err = handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(there client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := there.Description.Schedule
			schedule.Spec, schedule.Policy, schedule.Action = &spec, &policy, s.action(in)
			if schedule.State == nil {
				schedule.State = &client.ScheduleState{}
			}
			schedule.State.Paused, schedule.State.Note = paused, note
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
	return reached("temporal.schedule", err)
}

// action starts a cycle.
func (s *schedules) action(in flow.SyncInput) *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID: flow.SyncID(in.Connection), Workflow: flow.SyncName, Args: []any{in}, TaskQueue: s.queues.Bulk,
		StaticSummary:         string(in.Vendor) + " sync · connection " + in.Connection.String()[:8],
		TypedSearchAttributes: dial.Attributes(in.ConnectionRef, in.Vendor),
	}
}

// offset spreads connections over the interval, each at a moment of its own.
func offset(connection uuid.UUID, every time.Duration) time.Duration {
	seconds := binary.BigEndian.Uint32(connection[12:])
	return time.Duration(seconds) * time.Second % every
}

// Trigger implements activities.Schedules.
func (s *schedules) Trigger(ctx context.Context, connection uuid.UUID) error {
	err := s.client.ScheduleClient().GetHandle(ctx, flow.SyncID(connection)).Trigger(ctx, client.ScheduleTriggerOptions{
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
	})
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return &crm.Error{Kind: crm.KindNotFound, Op: "temporal.schedule", Err: err}
	}
	return reached("temporal.schedule", err)
}

// Delete implements activities.Schedules.
func (s *schedules) Delete(ctx context.Context, connection uuid.UUID) error {
	err := s.client.ScheduleClient().GetHandle(ctx, flow.SyncID(connection)).Delete(ctx)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil
	}
	return reached("temporal.schedule", err)
}

// listPage is how many entries a listing asks for at once.
const listPage = 200

// Syncs implements activities.Estate.
func (s *schedules) Syncs(ctx context.Context) (map[uuid.UUID]activities.SyncState, error) {
	list, err := s.client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: listPage})
	if err != nil {
		return nil, reached("temporal.schedules", err)
	}
	found := make(map[uuid.UUID]activities.SyncState)
	for list.HasNext() {
		entry, err := list.Next()
		if err != nil {
			return nil, reached("temporal.schedules", err)
		}
		connection, ok := s.connectionOf(entry)
		if !ok {
			continue
		}
		state := activities.SyncState{Paused: entry.Paused}
		if entry.Spec != nil && len(entry.Spec.Intervals) > 0 {
			state.Every = entry.Spec.Intervals[0].Every
		}
		found[connection] = state
	}
	return found, nil
}

// connectionOf returns whose Schedule an entry is, if it is one of ours.
func (s *schedules) connectionOf(entry *client.ScheduleListEntry) (uuid.UUID, bool) {
	var queue string
	payload, ok := entry.Memo.GetFields()[memoQueue]
	if !ok || converter.GetDefaultDataConverter().FromPayload(payload, &queue) != nil || queue != s.queues.Bulk {
		return uuid.Nil, false
	}
	return flow.ConnectionOf(flow.SyncID, entry.ID)
}
