package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"lockstep/internal/lockstep"
)

// How often the runs that somebody follows are looked at, how often the line is
// said to be up, and how long a follower may take to read what it is sent.
const (
	lookEvery  = time.Second
	beatEvery  = 15 * time.Second
	beatWithin = 30 * time.Second
)

// FollowRun implements StrictServerInterface.
func (s *Server) FollowRun(ctx context.Context, req FollowRunRequestObject) (FollowRunResponseObject, error) {
	key, _ := callerOf(ctx)
	run, err := s.Runs.Run(ctx, key.WorkspaceID, req.RunID)
	if err != nil {
		return nil, err
	}
	return &stream{ctx: ctx, server: s, run: run}, nil
}

// stream answers with the events of a run. It lives for one answer, as ctx does.
type stream struct {
	ctx    context.Context //nolint:containedctx // the generated interface hands none over
	server *Server
	run    lockstep.Run
	out    http.ResponseWriter
	line   *http.ResponseController
}

// VisitFollowRunResponse implements FollowRunResponseObject. Whoever has gone is
// no failure.
func (st *stream) VisitFollowRunResponse(w http.ResponseWriter) error {
	st.out, st.line = w, http.NewResponseController(w)
	_ = st.line.SetReadDeadline(time.Time{}) // nothing more is read, however long this goes on
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // of proxies
	w.WriteHeader(http.StatusOK)
	if err := st.follow(); err != nil && st.ctx.Err() == nil {
		st.server.Log.Debug("sending progress", zap.String("request", requestID(st.ctx)), zap.Error(err))
	}
	return nil
}

// follow sends what becomes of the run, until it ends or nobody listens.
func (st *stream) follow() error {
	changes, leave := st.server.lookout.follow(st.server, st.run.WorkspaceID, st.run.ID)
	defer leave()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	run := st.run
	for {
		if err := st.send(run); err != nil || run.FinishedAt != nil {
			return err
		}
		for waiting := true; waiting; {
			select {
			case now := <-changes:
				waiting = !moved(run, now)
				run = now
			case <-beat.C:
				if err := st.write(": the line is up\n\n"); err != nil {
					return err
				}
			case <-st.server.Done:
				return nil
			case <-st.ctx.Done():
				return nil
			}
		}
	}
}

// moved tells whether there is something to tell of a run.
func moved(before, now lockstep.Run) bool {
	return before.Counts != now.Counts || before.State != now.State || before.Reason != now.Reason || (before.FinishedAt == nil) != (now.FinishedAt == nil)
}

// send sends one event.
func (st *stream) send(run lockstep.Run) error {
	body, err := json.Marshal(st.server.showRun(run))
	if err != nil {
		return fmt.Errorf("writing a run: %w", err)
	}
	name := "progress"
	if run.FinishedAt != nil {
		name = "end"
	}
	return st.write("event: " + name + "\ndata: " + string(body) + "\n\n")
}

func (st *stream) write(text string) error {
	_ = st.line.SetWriteDeadline(time.Now().Add(beatWithin))
	if _, err := st.out.Write([]byte(text)); err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return st.line.Flush()
}

// lookout looks at the runs that somebody follows: once for all followers, and
// not at all while there are none. Its zero value is ready.
type lookout struct {
	every time.Duration // lookEvery, when it is 0

	mu        sync.Mutex
	followers map[*follower]struct{}
	looking   bool
}

// follower is told what becomes of a run. Of what it has not read yet, the latest
// stays.
type follower struct {
	workspace, run uuid.UUID
	changes        chan lockstep.Run
}

// follow returns what becomes of a run from now on, and what ends that.
func (l *lookout) follow(s *Server, workspace, run uuid.UUID) (changes <-chan lockstep.Run, leave func()) {
	f := &follower{workspace: workspace, run: run, changes: make(chan lockstep.Run, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.followers == nil {
		l.followers = make(map[*follower]struct{})
	}
	l.followers[f] = struct{}{}
	if !l.looking {
		l.looking = true
		go l.look(s)
	}
	return f.changes, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.followers, f)
	}
}

// look looks until nobody follows any more.
func (l *lookout) look(s *Server) {
	ticker := time.NewTicker(cmp.Or(l.every, lookEvery))
	defer ticker.Stop()
	for range ticker.C {
		workspaces, ids := l.followed()
		if len(ids) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
		runs, err := s.Runs.RunsNow(ctx, workspaces, ids)
		cancel()
		if err != nil {
			s.Log.Warn("looking at runs", zap.Error(err))
			continue
		}
		l.tell(runs)
	}
}

// followed returns what is followed, and notes when that is nothing that nobody
// looks any more.
func (l *lookout) followed() (workspaces, ids []uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := make(map[uuid.UUID]bool, len(l.followers))
	for f := range l.followers {
		if !seen[f.run] {
			seen[f.run] = true
			workspaces, ids = append(workspaces, f.workspace), append(ids, f.run)
		}
	}
	l.looking = len(ids) > 0
	return workspaces, ids
}

// tell hands runs to their followers.
func (l *lookout) tell(runs []lockstep.Run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, run := range runs {
		for f := range l.followers {
			if f.run != run.ID || f.workspace != run.WorkspaceID {
				continue
			}
			select {
			case <-f.changes: // what it has not read is old now
			default:
			}
			f.changes <- run
		}
	}
}
