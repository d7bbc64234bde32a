-- name: InsertRun :exec
INSERT INTO runs (id, workspace_id, connection_id, kind, state, link_up)
VALUES (@id, @workspace_id, @connection_id, @kind, 'running', @link_up);

-- name: MarkAll :execrows
-- Marks every record of an object for a run. What is deleted in the CRM is
-- marked too: a person asked.
INSERT INTO ledger AS l (connection_id, record_id, workspace_id, object, state, desired, run_id, force)
SELECT @connection_id, r.id, r.workspace_id, r.object, 'pending', r.revision, @run_id, @force
FROM records r WHERE r.workspace_id = @workspace_id AND r.object = @object
ORDER BY r.id
ON CONFLICT (connection_id, record_id) DO UPDATE SET
    state = 'pending', desired = excluded.desired, run_id = excluded.run_id, force = excluded.force,
    attempts = 0, not_before = NULL, problem = NULL, detail = NULL;

-- name: AnalyzeLedger :exec
-- A run marks more rows than autovacuum learns of before they are drained, and
-- without statistics the planner takes the ledger for a small table.
ANALYZE ledger;

-- name: SetRunTotal :exec
UPDATE runs SET total = @total WHERE workspace_id = @workspace_id AND id = @id;

-- name: SetRunState :execrows
-- A run that a person has paused is not moved but by a person: ResumeRuns.
UPDATE runs SET state = @state, reason = @reason, parked_until = @parked_until
WHERE workspace_id = @workspace_id AND id = @id AND finished_at IS NULL AND state <> 'cancelled'
  AND NOT (state = 'paused' AND @state::text IN ('running', 'parked'));

-- name: ResumeRuns :many
-- Sets the open runs of a connection going again. What the CRM was known to
-- lack when they stopped is no longer known.
UPDATE runs SET state = 'running', reason = '', parked_until = NULL, link_up = 'keys'
WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND finished_at IS NULL AND state IN ('paused', 'parked')
RETURNING *;

-- name: FinishRun :one
-- Ends a run that is open. What a cancelled run has not sent is left alone, and
-- says so.
WITH left_over AS (
    UPDATE ledger l SET state = 'skipped', problem = 'run_cancelled', detail = NULL, in_doubt = l.in_doubt OR l.claim IS NOT NULL,
        claim = NULL, claim_until = NULL, settled_at = now()
    WHERE @state::text = 'cancelled' AND EXISTS (SELECT FROM runs o WHERE o.id = @id AND o.finished_at IS NULL) AND l.workspace_id = @workspace_id AND l.connection_id = @connection_id
      AND l.run_id = @id AND l.state = 'pending'
    RETURNING l.record_id, l.object
), told AS (
    INSERT INTO events (workspace_id, connection_id, run_id, record_id, object, outcome, problem)
    SELECT @workspace_id, @connection_id, @id, o.record_id, o.object, 'skipped', 'run_cancelled' FROM left_over o
)
UPDATE runs r SET state = @state, reason = @reason, parked_until = NULL, finished_at = now(),
    skipped = r.skipped + (SELECT count(*) FROM left_over)
WHERE r.workspace_id = @workspace_id AND r.connection_id = @connection_id AND r.id = @id AND r.finished_at IS NULL
RETURNING r.*;

-- name: Run :one
SELECT * FROM runs WHERE workspace_id = @workspace_id AND id = @id;

-- name: OpenRuns :many
SELECT * FROM runs WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND finished_at IS NULL
ORDER BY started_at;

-- name: Runs :many
SELECT * FROM runs WHERE workspace_id = @workspace_id AND connection_id = @connection_id
ORDER BY started_at DESC, id DESC LIMIT @page_size;

-- name: EnsureEventPartitions :exec
SELECT ensure_event_partitions();

-- name: InsertEvent :exec
INSERT INTO events (workspace_id, connection_id, run_id, outcome, problem, detail)
VALUES (@workspace_id, @connection_id, @run_id, @outcome, @problem, @detail);

-- name: Events :many
-- Newest first; before is the id of the last one seen, or the largest bigint.
SELECT e.id, e.at, e.run_id, e.record_id, r.external_id, e.object, e.outcome, e.crm_type, e.crm_id, e.problem, e.detail
FROM events e LEFT JOIN records r ON r.workspace_id = e.workspace_id AND r.id = e.record_id
WHERE e.workspace_id = @workspace_id AND e.connection_id = @connection_id AND e.id < @before::bigint
  AND (sqlc.narg('run_id')::uuid IS NULL OR e.run_id = sqlc.narg('run_id'))
  AND (sqlc.narg('outcome')::text IS NULL OR e.outcome = sqlc.narg('outcome'))
  AND (sqlc.narg('problem')::text IS NULL OR e.problem = sqlc.narg('problem'))
ORDER BY e.id DESC LIMIT @page_size;
