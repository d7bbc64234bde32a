-- name: PutAPIKey :execrows
-- A key that is issued again under its id, because nobody knows its secret, has
-- another one.
INSERT INTO api_keys AS k (id, workspace_id, name, role, hash) VALUES (@id, @workspace_id, @name, @role, @hash)
ON CONFLICT (id) DO UPDATE SET hash = excluded.hash WHERE k.workspace_id = excluded.workspace_id AND k.revoked_at IS NULL;

-- name: APIKeys :many
SELECT id, name, role, created_at FROM api_keys WHERE workspace_id = @workspace_id AND revoked_at IS NULL ORDER BY created_at, id;

-- name: LockAdminKeys :many
SELECT id FROM api_keys WHERE workspace_id = @workspace_id AND role = 'admin' AND revoked_at IS NULL ORDER BY id FOR UPDATE;

-- name: RevokeAPIKey :execrows
UPDATE api_keys SET revoked_at = now() WHERE workspace_id = @workspace_id AND id = @id AND revoked_at IS NULL;
