-- +goose Up
-- What the connection's login was granted, in the clear, so that nobody has to
-- unseal it to tell what it lacks; null when that is not known.
ALTER TABLE connections ADD COLUMN granted_scopes text[];

-- +goose Down
ALTER TABLE connections DROP COLUMN granted_scopes;
