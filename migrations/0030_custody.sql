-- What keeps stored bytes from being removed, and what the store calls them.
-- +goose Up
-- Bytes that came a short while ago, before a record names them.
CREATE TABLE arrivals (
  digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
  size   BIGINT NOT NULL CHECK (size >= 0),
  at     INSTANT NOT NULL -- the last time they came
);
CREATE INDEX arrivals_at ON arrivals (at);

ALTER TABLE evidence_files ADD COLUMN version TEXT NOT NULL DEFAULT ''; -- what an S3 bucket that keeps versions called these bytes when they came
