-- The digest over the lines that were read from a list, so that the log answers for them.
-- +goose Up
ALTER TABLE fact_lists ADD COLUMN lines_digest TEXT NOT NULL DEFAULT '';
