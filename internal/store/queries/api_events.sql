-- name: SyncLog :many
-- Newest first; before is the id of the last one seen, or the largest bigint.
SELECT e.id, e.at, e.run_id, e.record_id, r.external_id, e.object, e.outcome, e.crm_type, e.crm_id, e.problem, e.detail
FROM events e LEFT JOIN records r ON r.workspace_id = e.workspace_id AND r.id = e.record_id
WHERE e.workspace_id = @workspace_id AND e.connection_id = @connection_id AND e.id < @before::bigint
  AND (sqlc.narg('run_id')::uuid IS NULL OR e.run_id = sqlc.narg('run_id'))
  AND (sqlc.narg('record_id')::uuid IS NULL OR e.record_id = sqlc.narg('record_id'))
  AND (sqlc.narg('outcome')::text IS NULL OR e.outcome = sqlc.narg('outcome'))
  AND (sqlc.narg('problem')::text IS NULL OR e.problem = sqlc.narg('problem'))
  AND (sqlc.narg('since')::timestamptz IS NULL OR e.at >= sqlc.narg('since'))
  AND (sqlc.narg('until')::timestamptz IS NULL OR e.at < sqlc.narg('until'))
ORDER BY e.id DESC LIMIT @page_size;
