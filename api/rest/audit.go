package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// AuditRow is one change: who has made it, and of what. It holds no secret and
// no record's values. ID and At are the log's to give.
type AuditRow struct {
	ID        int64
	At        time.Time
	Actor     string     // what kind of somebody: "api_key", "browser", "temporal-ui"
	KeyID     *uuid.UUID // of an API key
	KeyName   string
	Role      lockstep.Role
	Action    string // such as "saveMapping"
	Target    string // such as "connection/<id>"
	Detail    string
	RequestID string
}

// Audits has the workspaces' audit logs.
type Audits interface {
	RecordAudit(ctx context.Context, workspace uuid.UUID, e AuditRow) error

	// Audit returns up to limit changes before the one with this id, newest first;
	// before 0 starts with the newest. A target that is not empty narrows them.
	Audit(ctx context.Context, workspace uuid.UUID, target string, before int64, limit int) ([]AuditRow, error)
}

// change is a request that changes something, as the audit log will have it.
type change struct {
	row   AuditRow
	kept  bool // in the transaction of the change, or before it
	ahead bool // before it: if it is refused, that is noted as well
	made  bool // whatever is answered
}

type changeKey struct{}

// audit notes every request that has changed something. What a handler notes in
// the transaction of the change is not noted again.
func (s *Server) audit(doc *document) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			key, known := callerOf(r.Context())
			operation, ok := doc.operations[route(c)]
			if !known || !ok || r.Method == http.MethodGet || r.Method == http.MethodHead {
				return next(c)
			}
			ch := &change{row: AuditRow{
				Actor: "api_key", KeyID: &key.ID, KeyName: key.Name, Role: key.Role,
				Action: operation.Operation.OperationID, Target: targetOf(c), RequestID: requestID(r.Context()),
			}}
			c.SetRequest(r.WithContext(context.WithValue(r.Context(), changeKey{}, ch)))
			err := next(c)
			switch {
			case ch.ahead && !ch.made && err != nil:
				ch.row.Detail = strings.TrimSpace(ch.row.Detail + " " + unanswered(refusal(err)))
				s.recordAudit(r.Context(), key.WorkspaceID, ch.row)
			case !ch.kept && (ch.made || err == nil && c.Response().Status < http.StatusBadRequest):
				s.recordAudit(r.Context(), key.WorkspaceID, ch.row)
			}
			return err
		}
	}
}

// unanswered says what became of something that a supervisor was asked: refused,
// or, when it has not answered, perhaps carried out all the same.
func unanswered(r *Error) string {
	if r.problem("").Status < http.StatusInternalServerError {
		return "refused: " + string(r.Code)
	}
	return "not answered: " + string(r.Code)
}

// targetOf names what a request's address is of.
func targetOf(c echo.Context) string {
	for _, kind := range []string{"connection", "run", "key"} {
		if id, err := uuid.Parse(c.Param(kind + "_id")); err == nil {
			return kind + "/" + id.String()
		}
	}
	return ""
}

// recordAudit notes a change that was made, also of somebody who has gone. It is
// too late to refuse it, so that one that cannot be noted is logged instead.
func (s *Server) recordAudit(ctx context.Context, workspace uuid.UUID, row AuditRow) {
	if err := s.Audits.RecordAudit(context.WithoutCancel(ctx), workspace, row); err != nil {
		s.Log.Error("noting a change", zap.String("request", row.RequestID), zap.String("action", row.Action),
			zap.String("target", row.Target), zap.Stringer("workspace", workspace), zap.Error(err))
	}
}

// changing returns what the audit log will have of the request that ctx is of.
func changing(ctx context.Context) *change {
	if ch, ok := ctx.Value(changeKey{}).(*change); ok {
		return ch
	}
	return &change{}
}

// noted returns the row for whoever keeps it together with the change.
func (ch *change) noted() AuditRow {
	ch.kept = true
	return ch.row
}

// told returns the supervisors for what a caller asks of them: the audit log has
// it before they do, for once they have been told it is done, also when we die
// before we answer.
func (s *Server) told() Supervisors { return noting{s.Supervisors, s.Audits} }

type noting struct {
	Supervisors

	audits Audits
}

func (n noting) note(ctx context.Context) error {
	key, _ := callerOf(ctx)
	ch := changing(ctx)
	ch.ahead = true
	return n.audits.RecordAudit(ctx, key.WorkspaceID, ch.noted())
}

// Signal implements Supervisors.
func (n noting) Signal(ctx context.Context, in flow.ConnectionInput, signal string) error {
	if err := n.note(ctx); err != nil {
		return err
	}
	return n.Supervisors.Signal(ctx, in, signal)
}

// Retry implements Supervisors.
func (n noting) Retry(ctx context.Context, in flow.ConnectionInput, retry flow.Request) error {
	if err := n.note(ctx); err != nil {
		return err
	}
	return n.Supervisors.Retry(ctx, in, retry)
}

// ChooseStartingPoint implements Supervisors.
func (n noting) ChooseStartingPoint(ctx context.Context, in flow.ConnectionInput, choice flow.Choice, key string) (flow.Started, error) {
	if err := n.note(ctx); err != nil {
		return flow.Started{}, err
	}
	return n.Supervisors.ChooseStartingPoint(ctx, in, choice, key)
}

// ApproveMapping implements Supervisors.
func (n noting) ApproveMapping(ctx context.Context, in flow.ConnectionInput, review flow.MappingReview, key string) error {
	if err := n.note(ctx); err != nil {
		return err
	}
	return n.Supervisors.ApproveMapping(ctx, in, review, key)
}

// Discover implements Supervisors.
func (n noting) Discover(ctx context.Context, in flow.ConnectionInput, key string) error {
	if err := n.note(ctx); err != nil {
		return err
	}
	return n.Supervisors.Discover(ctx, in, key)
}

// Disconnect implements Supervisors.
func (n noting) Disconnect(ctx context.Context, in flow.ConnectionInput, how flow.Disconnection, key string) error {
	if err := n.note(ctx); err != nil {
		return err
	}
	return n.Supervisors.Disconnect(ctx, in, how, key)
}

// TestContact implements Supervisors.
func (n noting) TestContact(ctx context.Context, in flow.ConnectionInput, key string) (flow.TestContactResult, error) {
	if err := n.note(ctx); err != nil {
		return flow.TestContactResult{}, err
	}
	return n.Supervisors.TestContact(ctx, in, key)
}

// ListAudit implements StrictServerInterface.
func (s *Server) ListAudit(ctx context.Context, req ListAuditRequestObject) (ListAuditResponseObject, error) {
	key, _ := callerOf(ctx)
	before, err := parseCursor(deref(req.Params.Before))
	if err != nil {
		return nil, err
	}
	limit := sizeOf(req.Params.Limit)
	rows, err := s.Audits.Audit(ctx, key.WorkspaceID, deref(req.Params.Target), before, limit+1)
	if err != nil {
		return nil, err
	}
	out := ListAudit200JSONResponse{Items: make([]AuditEntry, 0, limit)}
	for _, r := range rows[:min(limit, len(rows))] {
		out.Items = append(out.Items, AuditEntry{
			ID: strconv.FormatInt(r.ID, 10), At: r.At, Actor: AuditEntryActor(r.Actor), KeyID: r.KeyID, KeyName: r.KeyName, Role: string(r.Role),
			Action: r.Action, Target: r.Target, Detail: r.Detail, RequestID: r.RequestID,
		})
	}
	if len(rows) > limit {
		out.Next = &out.Items[limit-1].ID
	}
	return out, nil
}
