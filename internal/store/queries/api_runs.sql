-- name: RunsNow :many
SELECT r.* FROM runs r
WHERE (r.workspace_id, r.id) IN (SELECT unnest(@workspace_ids::uuid[]), unnest(@ids::uuid[]));
