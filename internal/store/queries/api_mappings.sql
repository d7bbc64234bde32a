-- name: HoldConnection :one
-- Records that are changed meanwhile, and other changes of the mapping, wait.
SELECT (starting_point <> '' AND status <> 'disconnected')::boolean AS sends FROM connections
WHERE workspace_id = @workspace_id AND id = @id FOR NO KEY UPDATE;

-- name: MarkRemapped :one
-- Marks every record of an object that is in the CRM, since its mapping has
-- changed; what somebody is about to write is left to the next run, for it is
-- written as it was mapped. What was deleted in the CRM is left alone.
WITH linked AS (
    SELECT l.connection_id, l.record_id, l.run_id, l.state, (l.claim IS NOT NULL)::boolean AS held
    FROM ledger l JOIN records r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
    WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.object = @object AND NOT r.test
      AND (l.crm_id IS NOT NULL OR l.claim IS NOT NULL) AND (l.state <> 'skipped' OR l.problem IS DISTINCT FROM 'deleted_in_crm')
    ORDER BY l.record_id
    FOR UPDATE OF l
), yielded AS (
    UPDATE runs r SET total = r.total - t.rows
    FROM (SELECT x.run_id, count(*) AS rows FROM linked x WHERE x.state = 'pending' AND x.held AND x.run_id IS NOT NULL GROUP BY x.run_id) t
    WHERE r.workspace_id = @workspace_id AND r.id = t.run_id
), marked AS (
    UPDATE ledger l SET state = 'pending', run_id = CASE WHEN x.state = 'pending' AND NOT x.held THEN l.run_id END,
        attempts = 0, not_before = NULL, problem = NULL, detail = NULL
    FROM linked x
    WHERE l.connection_id = x.connection_id AND l.record_id = x.record_id
    RETURNING l.record_id
)
SELECT count(*) FROM marked;
