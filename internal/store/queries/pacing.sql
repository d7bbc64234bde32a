-- name: TakePermits :one
-- Books the next permits of every bucket of an account: the first falls on the
-- earliest moment that all buckets allow, the others follow at the interval of
-- the slowest. The buckets' locks make workers queue, and the clock is read when
-- they are held.
--
-- Of the calls that a bucket allows, three in a hundred may come at once and the rest is
-- spread evenly: at most burst + span / every calls fall into any span, which is
-- never more than allowed. A two-hundredth is left for calls that are held up on
-- their way while later ones are not.
WITH bucket AS (
    SELECT b.span, b.calls, b.others, b.others_until, b.next_at, b.granted FROM pace_buckets b
    WHERE b.vendor = @vendor AND b.account_id = @account_id
    ORDER BY b.span
    FOR UPDATE
), clock AS (
    SELECT coalesce(sqlc.narg('now')::timestamptz, clock_timestamp()) AS moment, held.windows
    FROM (SELECT count(*) AS windows FROM bucket) AS held
), shape AS (
    SELECT b.next_at, e.every, e.every * (u.burst - 1) AS early
    FROM bucket b, clock c,
        LATERAL (SELECT CASE WHEN b.others_until > c.moment THEN b.others ELSE 0 END AS others) AS o,
        -- However much others use, some calls are made: only answers tell when it is less.
        LATERAL (SELECT greatest(least(b.calls * (1 - @reserve::float8), b.calls - o.others), b.calls * 0.05::float8, 1) AS allowed) AS a,
        LATERAL (SELECT greatest(a.allowed * 0.03::float8, 1) AS burst) AS u,
        LATERAL (SELECT greatest(b.span * (1.005::float8 / greatest(a.allowed - u.burst, 0.5::float8)), interval '1 microsecond') AS every) AS e
), park AS (
    SELECT max(p.until) AS until, coalesce(bool_or(p.spent AND p.until > c.moment + @patience::interval), false) AS spent
    FROM pace_parks p, clock c
    WHERE p.vendor = @vendor AND p.account_id = @account_id AND p.until > c.moment
), plan AS (
    SELECT max(s.every) AS every, max(s.next_at) AS free, max(greatest(s.next_at, c.moment - s.early)) AS slot
    FROM shape s, clock c
), earliest AS (
    SELECT c.moment, c.windows, p.spent, l.every, l.free, coalesce(greatest(l.slot, p.until), c.moment) AS slot
    FROM clock c, park p, plan l
), booking AS (
    SELECT e.moment, e.windows, e.spent, e.every, e.free, e.slot,
        CASE
            WHEN e.slot > e.moment + @patience::interval THEN 0
            WHEN e.every IS NULL THEN @want::integer
            ELSE least(@want::integer, greatest(1, ceil(extract(epoch FROM @horizon::interval) / extract(epoch FROM e.every))))::integer
        END AS permits
    FROM earliest e
), booked AS (
    UPDATE pace_buckets b SET next_at = k.slot + k.every * k.permits, granted = b.granted + k.permits
    FROM booking k
    WHERE b.vendor = @vendor AND b.account_id = @account_id AND k.permits > 0
    RETURNING b.granted
)
SELECT k.permits::integer AS permits, k.windows::integer AS windows, k.spent::boolean AS spent,
    greatest(k.slot - k.moment, interval '0')::interval AS wait,
    coalesce(k.every, interval '0')::interval AS every,
    greatest(k.moment - k.free, interval '0')::interval AS idle,
    coalesce((SELECT max(d.granted) FROM booked d), 0)::bigint AS granted
FROM booking k;

-- name: OpenBucket :exec
-- A bucket begins without permits: nobody knows what was called before.
INSERT INTO pace_buckets (vendor, account_id, span, calls, next_at)
VALUES (@vendor, @account_id, @span, @calls, coalesce(sqlc.narg('now')::timestamptz, clock_timestamp()))
ON CONFLICT (vendor, account_id, span) DO NOTHING;

-- name: SetLimit :exec
INSERT INTO pace_buckets AS b (vendor, account_id, span, calls, next_at)
VALUES (@vendor, @account_id, @span, @calls, coalesce(sqlc.narg('now')::timestamptz, clock_timestamp()))
ON CONFLICT (vendor, account_id, span) DO UPDATE SET calls = excluded.calls
WHERE b.calls <> excluded.calls;

-- name: SetOthers :exec
-- What others use holds for one span: whoever still sees it says it again.
UPDATE pace_buckets SET others = @others, others_until = coalesce(sqlc.narg('now')::timestamptz, clock_timestamp()) + span
WHERE vendor = @vendor AND account_id = @account_id AND span = @span;

-- name: ParkAccount :exec
INSERT INTO pace_parks AS p (vendor, account_id, spent, until)
VALUES (@vendor, @account_id, @spent, coalesce(sqlc.narg('now')::timestamptz, clock_timestamp()) + @rest::interval)
ON CONFLICT (vendor, account_id, spent) DO UPDATE SET until = greatest(p.until, excluded.until);

-- name: UnparkAccount :exec
-- Somebody says that the account of a connection may be called again.
DELETE FROM pace_parks p USING connections c
WHERE c.workspace_id = @workspace_id AND c.id = @connection_id AND p.vendor = c.vendor AND p.account_id = c.account_id;
