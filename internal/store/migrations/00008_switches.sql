-- +goose Up
-- What an admin has switched off; all else is kept in step.
ALTER TABLE connections ADD COLUMN switched_off text[] NOT NULL DEFAULT '{}'
    CHECK (switched_off <@ ARRAY['contacts', 'emails', 'calls', 'meetings']);

-- +goose Down
ALTER TABLE connections DROP COLUMN switched_off;
