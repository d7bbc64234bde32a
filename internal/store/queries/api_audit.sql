-- name: InsertAudit :exec
INSERT INTO audit (workspace_id, actor, key_id, key_name, role, action, target, detail, request_id)
VALUES (@workspace_id, @actor, @key_id, @key_name, @role, @action, @target, @detail, @request_id);

-- name: Audit :many
-- Newest first; before is the id of the last one seen, or the largest bigint.
SELECT * FROM audit
WHERE workspace_id = @workspace_id AND id < @before::bigint
  AND (sqlc.narg('target')::text IS NULL OR target = sqlc.narg('target'))
ORDER BY id DESC LIMIT @page_size;
