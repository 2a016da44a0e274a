-- A version says how it differs from the one before, and what was added to it can be
-- tested as a stratum of its own.
-- +goose Up
ALTER TABLE populations ADD COLUMN change TEXT NOT NULL DEFAULT ''; -- JSON
ALTER TABLE samples ADD COLUMN since_id BIGINT REFERENCES populations (id); -- only of what this version lacked
