-- name: PutConnectLink :exec
INSERT INTO connect_links (hash, workspace_id, connection_id, expires_at)
VALUES (@hash, @workspace_id, @connection_id, @expires_at);

-- name: OpenConnectLink :one
UPDATE connect_links SET opened_at = now()
WHERE hash = @hash AND opened_at IS NULL AND expires_at > now()
RETURNING workspace_id, connection_id;

-- name: PutOAuthState :exec
INSERT INTO oauth_states (state_hash, browser_hash, workspace_id, connection_id, sealed_verifier, epoch, expires_at)
VALUES (@state_hash, @browser_hash, @workspace_id, @connection_id, @sealed_verifier, @epoch, @expires_at);

-- name: ConsumeOAuthState :one
-- Whoever consumes first learns what the row was before. Another browser than
-- the one that began learns nothing that helps it, and spoils nothing.
WITH before AS (
    SELECT o.*, c.vendor FROM oauth_states o
    JOIN connections c ON c.workspace_id = o.workspace_id AND c.id = o.connection_id
    WHERE o.state_hash = @state_hash FOR UPDATE OF o
), consumed AS (
    UPDATE oauth_states s SET consumed_at = now() FROM before b
    WHERE s.state_hash = b.state_hash AND b.consumed_at IS NULL AND b.browser_hash = @browser_hash::bytea
)
SELECT b.workspace_id, b.connection_id, b.vendor, b.sealed_verifier, b.epoch, b.expires_at,
    (b.browser_hash <> @browser_hash::bytea)::boolean AS other_browser,
    (b.consumed_at IS NOT NULL)::boolean AS consumed,
    (b.expires_at <= now())::boolean AS expired
FROM before b;

-- name: DeleteOldSignIns :exec
-- Links and sign-ins are told apart from unknown ones for a day after their end.
WITH links AS (
    DELETE FROM connect_links WHERE expires_at < now() - interval '1 day'
)
DELETE FROM oauth_states WHERE expires_at < now() - interval '1 day';
