-- name: InsertRun :exec
INSERT INTO runs (id, workspace_id, connection_id, kind, state, link_up)
VALUES (@id, @workspace_id, @connection_id, @kind, 'running', @link_up);

-- name: MarkAll :execrows
-- Marks every record of an object for a run. What is deleted in the CRM is
-- marked too: a person asked.
INSERT INTO ledger AS l (connection_id, record_id, workspace_id, object, state, desired, run_id, force)
SELECT @connection_id, r.id, r.workspace_id, r.object, 'pending', r.revision, @run_id, @force
FROM records r WHERE r.workspace_id = @workspace_id AND r.object = @object AND NOT r.test
ORDER BY r.id
ON CONFLICT (connection_id, record_id) DO UPDATE SET
    state = 'pending', desired = excluded.desired, run_id = excluded.run_id, force = excluded.force,
    attempts = 0, not_before = NULL, problem = NULL, detail = NULL;

-- name: Yield :exec
-- What other open runs of the connection have not come to, all of it or one
-- record, will be this run's: they have as much less to do.
WITH theirs AS (
    SELECT l.run_id FROM ledger l
    WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.state = 'pending'
      AND l.run_id IS NOT NULL AND l.run_id <> @run_id::uuid AND l.object = @object
      AND (sqlc.narg('record_id')::uuid IS NULL OR l.record_id = sqlc.narg('record_id'))
    FOR UPDATE
)
UPDATE runs r SET total = r.total - t.rows
FROM (SELECT run_id, count(*) AS rows FROM theirs GROUP BY run_id) t
WHERE r.workspace_id = @workspace_id AND r.id = t.run_id;

-- name: AdoptChanges :execrows
-- Gives a run what has changed and belongs to none yet.
WITH changed AS (
    SELECT l.connection_id, l.record_id FROM ledger l
    WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.run_id IS NULL AND l.state = 'pending'
    ORDER BY l.record_id LIMIT @max
    FOR UPDATE SKIP LOCKED
)
UPDATE ledger l SET run_id = @run_id FROM changed c
WHERE l.connection_id = c.connection_id AND l.record_id = c.record_id;

-- name: AdoptFailed :execrows
-- Gives a run what failed a while ago for reasons that pass by themselves.
WITH failed AS (
    SELECT l.connection_id, l.record_id FROM ledger l
    WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.state = 'failed'
      AND l.problem = ANY(@problems::text[]) AND l.settled_at < clock_timestamp() - make_interval(secs => @rest_seconds::float8)
    ORDER BY l.record_id LIMIT @max
    FOR UPDATE SKIP LOCKED
)
UPDATE ledger l SET run_id = @run_id, state = 'pending', attempts = 0, not_before = NULL FROM failed f
WHERE l.connection_id = f.connection_id AND l.record_id = f.record_id;

-- name: HasChanges :one
SELECT (EXISTS (SELECT FROM ledger l WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id
        AND l.run_id IS NULL AND l.state = 'pending')
    OR EXISTS (SELECT FROM ledger l WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id
        AND l.state = 'failed' AND l.problem = ANY(@problems::text[])
        AND l.settled_at < clock_timestamp() - make_interval(secs => @rest_seconds::float8))
    OR EXISTS (SELECT FROM runs r WHERE r.workspace_id = @workspace_id AND r.connection_id = @connection_id
        AND r.kind = 'sync' AND r.finished_at IS NULL))::boolean AS there;

-- name: MarkFailed :execrows
-- Gives a run what failed or waits for a person, all of it or one problem; and,
-- where the problem is named, what was left alone for it.
UPDATE ledger l SET run_id = @run_id, state = 'pending', attempts = 0, not_before = NULL
WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id
  AND CASE WHEN @problem::text = '' THEN l.state IN ('failed', 'waiting')
      ELSE l.problem = @problem AND l.state IN ('failed', 'waiting', 'skipped') END;

-- name: MarkOne :exec
-- Marks one record for a run, whatever else is under way with it: a claim that
-- somebody holds counts no more, and what they may have written is in doubt.
INSERT INTO ledger AS l (connection_id, record_id, workspace_id, object, state, desired, run_id, force)
VALUES (@connection_id, @record_id, @workspace_id, @object, 'pending', @desired, @run_id, true)
ON CONFLICT (connection_id, record_id) DO UPDATE SET
    state = 'pending', desired = excluded.desired, run_id = excluded.run_id, force = true,
    claim_until = CASE WHEN l.claim IS NOT NULL THEN '-infinity'::timestamptz END,
    attempts = 0, not_before = NULL, problem = NULL, detail = NULL;

-- name: ReleaseRows :execrows
-- Gives back what a run has not come to, for whoever comes next.
UPDATE ledger l SET run_id = NULL,
    claim_until = CASE WHEN l.claim IS NOT NULL THEN '-infinity'::timestamptz END
WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.run_id = @run_id AND l.state = 'pending';

-- name: LockOpenRun :one
-- The open run of a kind, held so that it does not end meanwhile.
SELECT * FROM runs WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND kind = @kind AND finished_at IS NULL
FOR UPDATE;

-- name: LockRun :one
SELECT * FROM runs WHERE workspace_id = @workspace_id AND id = @id FOR UPDATE;

-- name: CountOpenRows :one
SELECT count(*) FROM ledger
WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND run_id = @run_id AND state = 'pending';

-- name: AddRunTotal :exec
UPDATE runs SET total = total + @rows WHERE workspace_id = @workspace_id AND id = @id;

-- name: SetSynced :exec
UPDATE connections SET synced_at = now() WHERE workspace_id = @workspace_id AND id = @id;

-- name: SetProven :exec
UPDATE connections SET proven_at = now() WHERE workspace_id = @workspace_id AND id = @id;

-- name: AllOpenRuns :many
-- Of every workspace: for the reconciler, which shows nobody anything.
SELECT r.*, c.vendor FROM runs r JOIN connections c ON c.workspace_id = r.workspace_id AND c.id = r.connection_id
WHERE r.finished_at IS NULL ORDER BY r.id;

-- name: AnalyzeLedger :exec
-- A run marks more rows than autovacuum learns of before they are drained, and
-- without statistics the planner takes both for small tables.
ANALYZE ledger, records;

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
