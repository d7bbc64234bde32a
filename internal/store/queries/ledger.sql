-- name: Claim :many
-- Takes up to max rows of a run that are due and that nobody holds. A claim
-- that ran out is taken over, and its row is in doubt: whoever held it may
-- have written. Nothing is given out once the run is not running or the
-- connection has moved on to another epoch. The index on what is pending gives
-- the rows in order: no more of them are read than are taken.
WITH open AS (
    SELECT r.id FROM runs r
    JOIN connections c ON c.workspace_id = r.workspace_id AND c.id = r.connection_id
    WHERE r.workspace_id = @workspace_id AND r.connection_id = @connection_id AND r.id = @run_id::uuid
      AND r.state = 'running' AND c.epoch = @epoch
), begun AS (
    UPDATE runs SET first_claim_at = clock_timestamp() FROM open
    WHERE runs.id = open.id AND runs.first_claim_at IS NULL
), due AS (
    SELECT l.connection_id, l.record_id FROM ledger l
    WHERE l.connection_id = @connection_id AND l.run_id = @run_id::uuid AND l.state = 'pending' AND EXISTS (SELECT FROM open)
      AND l.workspace_id = @workspace_id AND l.record_id > @after
      AND (l.claim IS NULL OR l.claim_until < clock_timestamp())
      AND (l.not_before IS NULL OR l.not_before <= clock_timestamp())
    ORDER BY l.record_id
    LIMIT @max
    FOR UPDATE SKIP LOCKED
)
UPDATE ledger l SET
    in_doubt = l.in_doubt OR l.claim IS NOT NULL,
    claim = @token, claim_until = clock_timestamp() + make_interval(secs => @ttl_seconds::float8),
    attempts = l.attempts + 1
FROM due JOIN records r ON r.id = due.record_id
WHERE l.connection_id = due.connection_id AND l.record_id = due.record_id AND r.workspace_id = l.workspace_id
RETURNING l.record_id, l.object, r.external_id, r.revision, r.fields, l.crm_type, l.crm_id, l.hash,
    l.in_doubt, l.absent, l.force, (l.attempts - 1)::integer AS attempts;

-- name: TakeOver :execrows
-- A new attempt of a run ends its predecessor's claims at once.
UPDATE ledger l SET claim_until = '-infinity'
WHERE l.connection_id = @connection_id AND l.run_id = @run_id AND l.state = 'pending'
  AND l.workspace_id = @workspace_id AND l.claim IS NOT NULL;

-- name: Link :many
-- Ties claimed records to CRM records before they are written, and returns
-- those it tied. One whose CRM record another record is linked to, in the
-- ledger or earlier in the input, is left out.
WITH input AS (
    SELECT unnest(@record_ids::uuid[]) AS record_id, unnest(@crm_types::text[]) AS crm_type, unnest(@crm_ids::text[]) AS crm_id
), free AS (
    SELECT DISTINCT ON (i.crm_type, i.crm_id) i.record_id, i.crm_type, i.crm_id FROM input i
    WHERE NOT EXISTS (
        SELECT FROM ledger o WHERE o.connection_id = @connection_id AND o.crm_type = i.crm_type AND o.crm_id = i.crm_id
            AND o.record_id <> i.record_id)
    ORDER BY i.crm_type, i.crm_id, i.record_id
)
UPDATE ledger l SET crm_type = f.crm_type, crm_id = f.crm_id
FROM free f
WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.record_id = f.record_id AND l.claim = @token
RETURNING l.record_id;

-- name: Backlog :one
-- What is left of a run: open rows, those due now, those that are claimed, and
-- when the next one is due.
SELECT count(*) AS open, count(*) FILTER (WHERE l.claim_until > clock_timestamp()) AS held,
    count(*) FILTER (WHERE (l.claim IS NULL OR l.claim_until < clock_timestamp())
        AND (l.not_before IS NULL OR l.not_before <= clock_timestamp())) AS due,
    coalesce(min(CASE WHEN l.claim_until > clock_timestamp() THEN l.claim_until ELSE l.not_before END), now())::timestamptz AS next_at
FROM ledger l
WHERE l.workspace_id = @workspace_id AND l.connection_id = @connection_id AND l.run_id = @run_id AND l.state = 'pending';

-- name: Elders :many
-- Of claimed records, those whose e-mail address another record has that is
-- linked, or that the same run comes to before them: one person is sent once.
-- Held says that the elder is linked.
SELECT DISTINCT ON (i.id) i.id::uuid AS record_id, t.id AS elder_id, t.external_id, (l.crm_id IS NOT NULL)::boolean AS held
FROM unnest(@record_ids::uuid[]) AS i (id),
LATERAL ( -- by the key, one by one, whatever the statistics say
    SELECT k.object, lower(btrim(k.fields ->> 'email')) AS email FROM records k WHERE k.workspace_id = @workspace_id AND k.id = i.id OFFSET 0
) r, LATERAL (
    SELECT k.id, k.external_id FROM records k WHERE k.workspace_id = @workspace_id AND k.object = r.object
        AND k.fields ->> 'email' <> '' AND lower(btrim(k.fields ->> 'email')) = r.email OFFSET 0
) t, LATERAL (
    SELECT k.crm_id, k.state, k.run_id FROM ledger k WHERE k.connection_id = @connection_id AND k.record_id = t.id
        AND k.workspace_id = @workspace_id OFFSET 0
) l
WHERE t.id <> i.id AND (l.crm_id IS NOT NULL OR l.state = 'pending' AND l.run_id = @run_id::uuid AND t.id < i.id)
ORDER BY i.id, (l.crm_id IS NOT NULL) DESC, t.id;

-- name: Settle :one
-- Ends claims, in one statement: moves the rows to their states, counts the
-- outcomes and writes the events. A row whose claim was taken over is not
-- touched. An epoch that has passed is no reason: claims refuse then, and what
-- comes home of calls that were made is true all the same.
--
-- A record that resolves to a CRM record which another one is linked to is
-- skipped, naming that one. A record that changed while it was claimed goes
-- back to pending, for whoever comes next; so does one that another run has
-- marked meanwhile.
WITH input AS (
    SELECT unnest(@record_ids::uuid[]) AS record_id, unnest(@revisions::bigint[]) AS revision,
        unnest(@outcomes::text[]) AS outcome, unnest(@crm_types::text[]) AS crm_type, unnest(@crm_ids::text[]) AS crm_id,
        unnest(@unlinks::boolean[]) AS unlink, unnest(@hashes::bytea[]) AS hash,
        unnest(@problems::text[]) AS problem, unnest(@details::text[]) AS detail,
        unnest(@defers::float8[]) AS defer_seconds, unnest(@in_doubts::boolean[]) AS in_doubt, unnest(@absents::boolean[]) AS absent, unnest(@frees::boolean[]) AS free
), mine AS (
    SELECT l.connection_id, l.record_id, l.desired, l.run_id, (l.run_id IS NOT DISTINCT FROM @run_id::uuid) AS ours, i.revision, i.unlink, i.hash, i.defer_seconds, i.in_doubt, i.absent, i.free,
        i.crm_type, i.crm_id, i.outcome, i.problem, i.detail,
        first_value(l.record_id) OVER (PARTITION BY i.crm_type, i.crm_id ORDER BY l.record_id) AS first_id
    FROM input i, LATERAL ( -- by the key, one by one, whatever the statistics say
        SELECT * FROM ledger k WHERE k.connection_id = @connection_id AND k.record_id = i.record_id
        FOR UPDATE -- as it is now: a change, or another run's mark, may have been made since the statement began
    ) l
    WHERE l.claim = @token AND l.workspace_id = @workspace_id
), judged AS MATERIALIZED ( -- or the look-up is made again wherever its answer is used

    SELECT m.*, CASE WHEN m.crm_id <> '' THEN
        coalesce((SELECT o.record_id FROM ledger o WHERE o.connection_id = m.connection_id AND o.crm_type = m.crm_type
            AND o.crm_id = m.crm_id AND o.record_id <> m.record_id), nullif(m.first_id, m.record_id)) END AS holder
    FROM mine m
), settled AS (
    UPDATE ledger l SET
        state = CASE
            WHEN j.outcome = '' OR j.desired > j.revision OR NOT j.ours THEN 'pending'
            WHEN j.holder IS NOT NULL THEN 'skipped'
            WHEN j.outcome IN ('created', 'updated', 'unchanged') THEN 'synced'
            ELSE j.outcome END,
        run_id = CASE WHEN j.outcome <> '' AND j.desired > j.revision AND j.ours THEN NULL ELSE j.run_id END,
        crm_type = CASE WHEN j.unlink OR j.holder IS NOT NULL THEN NULL WHEN j.crm_id <> '' THEN j.crm_type ELSE l.crm_type END,
        crm_id = CASE WHEN j.unlink OR j.holder IS NOT NULL THEN NULL WHEN j.crm_id <> '' THEN j.crm_id ELSE l.crm_id END,
        hash = CASE WHEN j.unlink OR j.holder IS NOT NULL THEN NULL WHEN length(j.hash) > 0 THEN j.hash ELSE l.hash END,
        in_doubt = j.in_doubt, absent = j.absent, attempts = greatest(0, l.attempts - j.free::integer), -- it may have been marked again meanwhile, from 0 on
        force = l.force AND (j.outcome = '' OR NOT j.ours),
        problem = CASE WHEN j.holder IS NOT NULL THEN 'same_crm_record' ELSE nullif(j.problem, '') END,
        detail = CASE WHEN j.holder IS NOT NULL
            THEN (SELECT h.external_id FROM records h WHERE h.workspace_id = l.workspace_id AND h.id = j.holder)
            ELSE nullif(j.detail, '') END,
        not_before = CASE WHEN j.outcome = '' THEN clock_timestamp() + make_interval(secs => j.defer_seconds) END,
        settled_at = CASE WHEN j.outcome = '' THEN l.settled_at ELSE clock_timestamp() END,
        claim = NULL, claim_until = NULL
    FROM judged j
    WHERE l.connection_id = j.connection_id AND l.record_id = j.record_id
    RETURNING l.record_id, l.object, l.crm_type, l.crm_id, l.problem, l.detail, j.ours,
        CASE WHEN j.outcome <> '' AND j.holder IS NOT NULL THEN 'skipped' ELSE j.outcome END AS outcome
), told AS (
    INSERT INTO events (workspace_id, connection_id, run_id, record_id, object, outcome, crm_type, crm_id, problem, detail)
    SELECT @workspace_id::uuid, @connection_id::uuid, @run_id::uuid, s.record_id, s.object, s.outcome, s.crm_type, s.crm_id, s.problem, s.detail
    FROM settled s WHERE s.outcome <> ''
), counts AS (
    SELECT count(*) AS rows,
        count(*) FILTER (WHERE outcome = 'created') AS created, count(*) FILTER (WHERE outcome = 'updated') AS updated,
        count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged, count(*) FILTER (WHERE outcome = 'waiting') AS waiting,
        count(*) FILTER (WHERE outcome = 'skipped') AS skipped, count(*) FILTER (WHERE outcome = 'failed') AS failed
    FROM settled WHERE ours AND outcome <> ''
), counted AS (
    UPDATE runs r SET created = r.created + c.created, updated = r.updated + c.updated, unchanged = r.unchanged + c.unchanged,
        waiting = r.waiting + c.waiting, skipped = r.skipped + c.skipped, failed = r.failed + c.failed,
        last_settle_at = CASE WHEN c.created + c.updated + c.unchanged + c.waiting + c.skipped + c.failed > 0
            THEN clock_timestamp() ELSE r.last_settle_at END
    FROM counts c
    WHERE r.workspace_id = @workspace_id AND r.id = @run_id
)
SELECT count(*) FROM settled;
