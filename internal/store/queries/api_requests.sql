-- name: BeginRequest :one
-- Takes a request up: one that was never made, or was made too long ago to be
-- remembered, or that nobody is at any more and that has no answer. Of another
-- request with the same key nothing is changed, and no row is returned.
INSERT INTO requests AS r (workspace_id, key_hash, asked, body, made_id, token, held_until, expires_at)
VALUES (@workspace_id, @key_hash, @asked, @body, @made_id, @token,
    clock_timestamp() + make_interval(secs => @hold_seconds::float8), clock_timestamp() + make_interval(secs => @keep_seconds::float8))
ON CONFLICT (workspace_id, key_hash) DO UPDATE SET
    asked = excluded.asked, body = coalesce(excluded.body, CASE WHEN r.expires_at > clock_timestamp() THEN r.body END),
    made_id = CASE WHEN r.expires_at > clock_timestamp() THEN r.made_id ELSE excluded.made_id END,
    token = excluded.token, held_until = excluded.held_until, answer = NULL, expires_at = excluded.expires_at
WHERE r.expires_at <= clock_timestamp()
   OR r.answer IS NULL AND r.held_until <= clock_timestamp() AND r.asked = excluded.asked
      AND (r.body IS NULL OR excluded.body IS NULL OR r.body = excluded.body)
RETURNING *;

-- name: Request :one
SELECT * FROM requests WHERE workspace_id = @workspace_id AND key_hash = @key_hash;

-- name: HoldRequest :execrows
UPDATE requests SET held_until = clock_timestamp() + make_interval(secs => @hold_seconds::float8)
WHERE workspace_id = @workspace_id AND key_hash = @key_hash AND token = @token AND answer IS NULL;

-- name: EndRequest :execrows
-- Without an answer, whoever comes next takes it up again.
UPDATE requests SET body = @body, answer = @answer, held_until = clock_timestamp()
WHERE workspace_id = @workspace_id AND key_hash = @key_hash AND token = @token AND answer IS NULL;

-- name: DeleteOldRequests :exec
DELETE FROM requests r USING (
    SELECT o.workspace_id, o.key_hash FROM requests o WHERE o.expires_at < now() ORDER BY o.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
) old
WHERE r.workspace_id = old.workspace_id AND r.key_hash = old.key_hash;
