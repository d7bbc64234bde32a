-- name: SettledSince :one
-- How the records stand that have got their outcome since a moment.
SELECT count(*) FILTER (WHERE state = 'synced') AS synced,
    count(*) FILTER (WHERE state IN ('waiting', 'skipped')) AS held,
    count(*) FILTER (WHERE state = 'failed') AS failed
FROM ledger
WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND settled_at >= @since::timestamptz;

-- name: Standing :one
-- What is pending, and since when: since its run began, or since the record or
-- its mapping was changed.
SELECT count(*) AS pending,
    min(CASE WHEN u.id IS NOT NULL THEN u.started_at
        WHEN l.settled_at IS NULL OR l.settled_at <= r.updated_at THEN r.updated_at
        ELSE greatest(l.settled_at, (SELECT max(m.created_at) FROM mappings m
            WHERE m.workspace_id = l.workspace_id AND m.connection_id = l.connection_id AND m.object = l.object)) END)::timestamptz AS since
FROM ledger l
JOIN records r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
LEFT JOIN runs u ON u.workspace_id = l.workspace_id AND u.id = l.run_id
WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.state = 'pending'
HAVING count(*) > 0;

-- name: Afflicted :many
-- How many records have each problem, by how they stand, with the first three of
-- them. What Lockstep will try again by itself waits.
WITH afflicted AS (
    SELECT CASE WHEN l.state = 'pending' THEN 'waiting' ELSE l.state END AS outcome, l.problem, count(*) AS records,
        (array_agg(l.record_id ORDER BY l.record_id))[1:3] AS first_ids
    FROM ledger l
    WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.problem IS NOT NULL AND l.state <> 'synced'
      AND (l.state <> 'pending' OR l.not_before IS NOT NULL) -- or a person has asked for it again
    GROUP BY 1, 2
)
SELECT a.outcome::text AS outcome, a.problem::text AS problem, a.records,
    ARRAY(SELECT r.external_id FROM records r WHERE r.workspace_id = @workspace_id AND r.id = ANY(a.first_ids) ORDER BY r.id)::text[] AS examples
FROM afflicted a
ORDER BY a.outcome, a.records DESC, a.problem;
