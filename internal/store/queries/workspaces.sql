-- name: InsertWorkspace :exec
INSERT INTO workspaces (id, key, name) VALUES (@id, @key, @name);

-- name: InsertAPIKey :exec
INSERT INTO api_keys (id, workspace_id, name, role, hash) VALUES (@id, @workspace_id, @name, @role, @hash);

-- name: APIKeyByHash :one
SELECT k.id, k.workspace_id, k.name, k.role, w.key AS workspace_key
FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id
WHERE k.hash = @hash AND k.revoked_at IS NULL;

-- name: Workspace :one
SELECT id, key, name, created_at FROM workspaces WHERE id = @id;
