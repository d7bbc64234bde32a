-- name: InsertConnection :exec
INSERT INTO connections (id, workspace_id, vendor, status, targets)
VALUES (@id, @workspace_id, @vendor, 'connecting', @targets);

-- name: Connection :one
SELECT c.*, w.key AS workspace_key
FROM connections c JOIN workspaces w ON w.id = c.workspace_id
WHERE c.workspace_id = @workspace_id AND c.id = @id;

-- name: Connections :many
SELECT c.*, w.key AS workspace_key
FROM connections c JOIN workspaces w ON w.id = c.workspace_id
WHERE c.workspace_id = @workspace_id
ORDER BY c.created_at, c.id;

-- name: SetConnectionStatus :execrows
-- A disconnected connection stays so until somebody authorises it anew.
UPDATE connections SET status = @status, status_reason = @reason
WHERE workspace_id = @workspace_id AND id = @id AND status <> 'disconnected';

-- name: SetSignInReason :exec
-- Why nobody has signed in yet; of one that somebody has signed in to meanwhile
-- it says nothing.
UPDATE connections SET status_reason = @reason
WHERE workspace_id = @workspace_id AND id = @id AND status = 'connecting';

-- name: SetPaused :execrows
UPDATE connections SET paused = @paused, status = @status, status_reason = @reason
WHERE workspace_id = @workspace_id AND id = @id AND status <> 'disconnected';

-- name: SetSettings :execrows
UPDATE connections SET
    owner_id = coalesce(sqlc.narg('owner_id'), owner_id), sync_seconds = coalesce(sqlc.narg('sync_seconds'), sync_seconds),
    switched_off = ARRAY(SELECT unnest(switched_off) EXCEPT SELECT unnest(@switched_on::text[]) UNION SELECT unnest(@switched_off::text[]) ORDER BY 1)
WHERE workspace_id = @workspace_id AND id = @id;

-- name: SetGrantedScopes :execrows
UPDATE connections SET granted_scopes = @scopes::text[] WHERE workspace_id = @workspace_id AND id = @id;

-- name: PutOwners :exec
UPDATE connections SET owners = @owners WHERE workspace_id = @workspace_id AND id = @id;

-- name: Owners :one
SELECT owners FROM connections WHERE workspace_id = @workspace_id AND id = @id;

-- name: ApproveMapping :execrows
-- A person has looked at the newest version, and no other.
UPDATE connections c SET mapping_approved = @version
WHERE c.workspace_id = @workspace_id AND c.id = @id
  AND @version = (SELECT max(m.version) FROM mappings m
      WHERE m.workspace_id = c.workspace_id AND m.connection_id = c.id AND m.object = @object);

-- name: DisconnectConnection :execrows
-- From now on older writes refuse, nothing is marked, and whoever connects
-- again chooses anew what happens to what is there.
UPDATE connections SET status = 'disconnected', status_reason = @reason, epoch = epoch + 1, starting_point = '', first_import = NULL, granted_scopes = NULL, paused = false
WHERE workspace_id = @workspace_id AND id = @id AND status <> 'disconnected';

-- name: CancelRuns :exec
UPDATE runs SET state = 'cancelled', reason = @reason, parked_until = NULL
WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND finished_at IS NULL;

-- name: DeleteGrant :exec
-- One that was authorised anew meanwhile keeps its grant.
DELETE FROM grants g USING connections c
WHERE g.workspace_id = @workspace_id AND g.connection_id = @connection_id
  AND c.workspace_id = g.workspace_id AND c.id = g.connection_id AND c.status = 'disconnected';

-- name: DeleteMappings :exec
DELETE FROM mappings WHERE workspace_id = @workspace_id AND connection_id = @connection_id;

-- name: ForgetMapping :exec
UPDATE connections SET mapping_approved = 0 WHERE workspace_id = @workspace_id AND id = @id;

-- name: AllConnections :many
-- Of every workspace: for the reconciler, which shows nobody anything.
SELECT c.*, w.key AS workspace_key
FROM connections c JOIN workspaces w ON w.id = c.workspace_id
ORDER BY c.id;

-- name: AbandonedGrants :many
-- Of every workspace, for the reconciler: grants that a disconnect has not come
-- to delete.
SELECT c.workspace_id, c.id FROM connections c JOIN grants g ON g.workspace_id = c.workspace_id AND g.connection_id = c.id
WHERE c.status = 'disconnected' ORDER BY c.id;

-- name: UnbegunImports :many
-- Of every workspace, for the reconciler: imports that were chosen, and then
-- nobody was left to begin them.
SELECT c.workspace_id, c.id, c.vendor, c.first_import::uuid AS run_id FROM connections c
WHERE c.starting_point = 'import' AND c.first_import IS NOT NULL AND c.status = 'live' AND NOT 'contacts' = ANY (c.switched_off)
  AND NOT EXISTS (SELECT FROM runs r WHERE r.workspace_id = c.workspace_id AND r.id = c.first_import)
ORDER BY c.id;

-- name: AuthorizeConnection :execrows
-- Somebody has authorised the connection: what it is linked to, and from now
-- on older writes refuse. An account once linked is never exchanged.
UPDATE connections SET
    status = 'setting_up', status_reason = '', epoch = epoch + 1,
    account_id = @account_id, account_name = @account_name, environment = @environment,
    edition = @edition, account_user = @account_user, base_url = @base_url,
    connected_at = now(), granted_scopes = NULL
WHERE workspace_id = @workspace_id AND id = @id AND epoch = @epoch AND (account_id IS NULL OR account_id = @account_id);

-- name: ChooseStartingPoint :execrows
UPDATE connections SET starting_point = @starting_point, first_import = sqlc.narg('first_import'), status = 'live', status_reason = '', paused = false
WHERE workspace_id = @workspace_id AND id = @id AND status IN ('ready', 'live');

-- name: SharesGrant :one
-- Whether somebody else's connection lives on the same user's login.
SELECT EXISTS (
    SELECT FROM connections c JOIN connections o ON o.vendor = c.vendor AND o.account_id = c.account_id AND o.account_user = c.account_user
        AND o.id <> c.id
    JOIN grants g ON g.connection_id = o.id
    WHERE c.workspace_id = @workspace_id AND c.id = @id
)::boolean AS shared;

-- name: PutGrant :exec
INSERT INTO grants (connection_id, workspace_id, sealed) VALUES (@connection_id, @workspace_id, @sealed)
ON CONFLICT (connection_id) DO UPDATE SET sealed = excluded.sealed, version = grants.version + 1, updated_at = now();

-- name: Grant :one
SELECT sealed FROM grants WHERE workspace_id = @workspace_id AND connection_id = @connection_id;

-- name: LockGrant :one
SELECT sealed FROM grants WHERE workspace_id = @workspace_id AND connection_id = @connection_id FOR UPDATE;

-- name: PutSchema :exec
INSERT INTO schema_fields (connection_id, workspace_id, crm_type, fields)
VALUES (@connection_id, @workspace_id, @crm_type, @fields)
ON CONFLICT (connection_id, crm_type) DO UPDATE SET fields = excluded.fields, discovered_at = now();

-- name: Schema :one
SELECT fields, discovered_at FROM schema_fields
WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND crm_type = @crm_type;

-- name: InsertMapping :exec
INSERT INTO mappings (connection_id, workspace_id, object, crm_type, version, rules)
VALUES (@connection_id, @workspace_id, @object, @crm_type, @version, @rules);

-- name: Mapping :one
SELECT * FROM mappings
WHERE workspace_id = @workspace_id AND connection_id = @connection_id AND object = @object
ORDER BY version DESC LIMIT 1;
