-- name: UpsertRecords :one
-- Adds records and merges what is given into those that are there. Whatever
-- changed is marked pending for every connection that has a mapping for it, in
-- the same statement; a record that was deleted in a CRM is left alone there.
-- The connections are held while it runs: a starting point that is chosen
-- meanwhile either finds the records, or is found.
WITH conns AS (
    SELECT * FROM connections c WHERE c.workspace_id = @workspace_id ORDER BY c.id FOR SHARE
), input AS (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@external_ids::text[]) AS external_id, unnest(@fields::text[])::jsonb AS fields
), changed AS (
    INSERT INTO records AS r (id, workspace_id, object, external_id, fields)
    SELECT i.id, @workspace_id, @object, i.external_id, i.fields FROM input i ORDER BY i.id
    ON CONFLICT (workspace_id, object, external_id) DO UPDATE
        SET fields = r.fields || excluded.fields, revision = r.revision + 1, updated_at = now()
        WHERE r.fields IS DISTINCT FROM r.fields || excluded.fields
    RETURNING r.id, r.revision
), marked AS (
    INSERT INTO ledger AS l (connection_id, record_id, workspace_id, object, state, desired)
    SELECT c.id, ch.id, @workspace_id, @object, 'pending', ch.revision
    FROM changed ch, conns c
    WHERE c.starting_point <> '' AND c.status <> 'disconnected'
      AND EXISTS (SELECT FROM mappings m WHERE m.workspace_id = c.workspace_id AND m.connection_id = c.id AND m.object = @object)
    ORDER BY c.id, ch.id
    ON CONFLICT (connection_id, record_id) DO UPDATE SET
        desired = excluded.desired,
        run_id = CASE WHEN l.state = 'pending' THEN l.run_id END, -- what a run has settled is not its to do again
        state = CASE WHEN l.state = 'skipped' AND l.problem = 'deleted_in_crm' THEN 'skipped' ELSE 'pending' END,
        problem = CASE WHEN l.state = 'skipped' AND l.problem = 'deleted_in_crm' THEN l.problem END,
        attempts = 0, not_before = NULL
)
SELECT count(*) FILTER (WHERE revision = 1) AS created, count(*) FILTER (WHERE revision > 1) AS updated FROM changed;

-- name: CountRecords :one
SELECT count(*) FROM records WHERE workspace_id = @workspace_id AND object = @object AND NOT test;

-- name: PutTestRecord :one
-- The one record that proves a connection, as it was made the first time.
INSERT INTO records AS r (id, workspace_id, object, external_id, fields, test)
VALUES (@id, @workspace_id, @object, @external_id, @fields, true)
ON CONFLICT (workspace_id, object, external_id) DO UPDATE SET test = true
RETURNING r.id, r.revision;

-- name: Records :many
SELECT id, object, external_id, revision, fields, created_at, updated_at FROM records
WHERE workspace_id = @workspace_id AND object = @object AND NOT test AND id > @after
ORDER BY id LIMIT @page_size;

-- name: RecordLedger :many
SELECT l.*, r.external_id FROM ledger l JOIN records r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
WHERE l.workspace_id = @workspace_id AND l.record_id = @record_id;

-- name: Stranded :many
-- What has not arrived: what failed, waits, or was left alone on purpose.
SELECT l.*, r.external_id FROM ledger l JOIN records r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.state IN ('failed', 'waiting', 'skipped')
  AND (sqlc.narg('state')::text IS NULL OR l.state = sqlc.narg('state'))
  AND (sqlc.narg('problem')::text IS NULL OR l.problem = sqlc.narg('problem'))
  AND l.record_id > @after
ORDER BY l.record_id LIMIT @page_size;
