-- +goose Up
-- The import that choosing the starting point begins: known before it is begun,
-- so that it is begun once, whoever dies in between, and whoever asks again is
-- answered the same.
ALTER TABLE connections ADD COLUMN first_import uuid;

-- +goose Down
ALTER TABLE connections DROP COLUMN first_import;
