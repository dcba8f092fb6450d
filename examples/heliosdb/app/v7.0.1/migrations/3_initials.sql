-- migrate:up
ALTER TABLE users ADD COLUMN initial text NOT NULL;
-- migrate:down
ALTER TABLE users DROP COLUMN initial;
