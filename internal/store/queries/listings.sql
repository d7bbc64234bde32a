-- name: AppendListing :execrows
-- Adds a page of a run's listing and moves its cursor, together.
WITH page AS (
    SELECT unnest(@crm_ids::text[]) AS crm_id, unnest(@external_ids::text[]) AS external_id, unnest(@emails::bytea[]) AS email
), kept AS (
    INSERT INTO listings (run_id, workspace_id, crm_id, external_id, email)
    SELECT @run_id, @workspace_id, p.crm_id, p.external_id, nullif(p.email, ''::bytea) FROM page p
    ON CONFLICT DO NOTHING
)
UPDATE runs SET list_cursor = @cursor, list_pages = list_pages + 1
WHERE runs.workspace_id = @workspace_id AND runs.id = @run_id AND runs.link_up = 'list';

-- name: SetLinkUp :exec
UPDATE runs SET link_up = @link_up WHERE workspace_id = @workspace_id AND id = @id AND link_up = 'list';

-- name: ListedByExternalID :many
SELECT crm_id, external_id FROM listings
WHERE workspace_id = @workspace_id AND run_id = @run_id AND external_id = ANY(@external_ids::text[]) AND external_id <> '';

-- name: ListedByEmail :many
SELECT crm_id, external_id, email FROM listings
WHERE workspace_id = @workspace_id AND run_id = @run_id AND email = ANY(@emails::bytea[]) AND email IS NOT NULL;

-- name: DropListing :exec
DELETE FROM listings WHERE workspace_id = @workspace_id AND run_id = @run_id;
