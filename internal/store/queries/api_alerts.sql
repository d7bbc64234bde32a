-- name: PutAlerts :exec
INSERT INTO alerts (workspace_id, url, sealed_secret) VALUES (@workspace_id, @url, @sealed_secret)
ON CONFLICT (workspace_id) DO UPDATE SET url = excluded.url, sealed_secret = excluded.sealed_secret, updated_at = now();

-- name: Alerts :one
SELECT url, sealed_secret, updated_at FROM alerts WHERE workspace_id = @workspace_id;

-- name: DeleteAlerts :execrows
DELETE FROM alerts WHERE workspace_id = @workspace_id;

-- name: DismissGuide :exec
INSERT INTO dismissed_guides (connection_id, workspace_id) VALUES (@connection_id, @workspace_id)
ON CONFLICT (connection_id) DO NOTHING;

-- name: ShowGuide :exec
DELETE FROM dismissed_guides WHERE workspace_id = @workspace_id AND connection_id = @connection_id;

-- name: DismissedGuides :many
SELECT connection_id FROM dismissed_guides WHERE workspace_id = @workspace_id;
