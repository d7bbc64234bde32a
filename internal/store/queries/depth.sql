-- What is still to be done, of every workspace together: for whoever watches over
-- the service. Nothing here tells one workspace from another.

-- name: LedgerDepth :many
-- What has not arrived, by vendor. It reads what partial indexes hold, never what
-- is synced.
SELECT c.vendor, l.state, count(*) AS rows
FROM ledger l JOIN connections c ON c.workspace_id = l.workspace_id AND c.id = l.connection_id
WHERE l.state = 'pending' GROUP BY c.vendor, l.state
UNION ALL
SELECT c.vendor, l.state, count(*)
FROM ledger l JOIN connections c ON c.workspace_id = l.workspace_id AND c.id = l.connection_id
WHERE l.state IN ('failed', 'waiting', 'skipped') GROUP BY c.vendor, l.state
ORDER BY 1, 2;

-- name: OldestPending :many
-- How long the oldest pending row of live connections has been waiting, in
-- seconds, by vendor and by what marked it: a change, or a kind of run. A
-- connection that looks for changes less often than every five minutes is allowed
-- for. Of a connection's changes the first ten thousand are looked at: where there
-- are more, their number tells.
SELECT c.vendor, p.marked_by::text AS marked_by, greatest(0, max(extract(epoch FROM clock_timestamp() - p.since)))::float8 AS seconds
FROM connections c, LATERAL (
    SELECT 'change' AS marked_by, min(greatest(r.updated_at, l.settled_at)) + make_interval(secs => greatest(c.sync_seconds - 300, 0)) AS since
    FROM (
        SELECT k.workspace_id, k.record_id, k.settled_at FROM ledger k
        WHERE k.connection_id = c.id AND k.run_id IS NULL AND k.state = 'pending'
        ORDER BY k.record_id LIMIT 10000
    ) l JOIN records r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
    UNION ALL
    SELECT r.kind, min(r.started_at) FROM runs r
    WHERE r.workspace_id = c.workspace_id AND r.connection_id = c.id AND r.finished_at IS NULL
      AND EXISTS (SELECT FROM ledger k WHERE k.connection_id = c.id AND k.run_id = r.id AND k.state = 'pending')
    GROUP BY r.kind
) p
WHERE c.status = 'live' AND p.since IS NOT NULL
GROUP BY c.vendor, p.marked_by ORDER BY 1, 2;

-- name: OpenRunCounts :many
SELECT c.vendor, r.kind, r.state, count(*) AS runs
FROM runs r JOIN connections c ON c.workspace_id = r.workspace_id AND c.id = r.connection_id
WHERE r.finished_at IS NULL
GROUP BY c.vendor, r.kind, r.state ORDER BY 1, 2, 3;

-- name: ConnectionStates :many
-- Connections by vendor and status, and how long ago, in seconds, the live one
-- was looked at that has been waiting longest. One that looks for changes less
-- often than every five minutes is allowed for.
SELECT c.vendor, c.status, count(*) AS connections,
    greatest(0, max(extract(epoch FROM clock_timestamp() - coalesce(c.synced_at, c.connected_at, c.created_at))
        - greatest(c.sync_seconds - 300, 0)) FILTER (WHERE c.status = 'live'))::float8 AS seconds
FROM connections c GROUP BY c.vendor, c.status ORDER BY 1, 2;

-- name: ParkedAccounts :many
-- Accounts that are left alone, and for how many seconds yet at most.
SELECT p.vendor, p.spent, count(*) AS accounts, max(extract(epoch FROM p.until - clock_timestamp()))::float8 AS seconds
FROM pace_parks p WHERE p.until > clock_timestamp()
GROUP BY p.vendor, p.spent ORDER BY 1, 2;
