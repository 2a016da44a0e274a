-- The one way in beside the identity provider, for when that is down.
-- +goose Up
CREATE TABLE break_glass_links (
  id         ID_KEY,
  token_hash TEXT NOT NULL UNIQUE,
  person_id  BIGINT NOT NULL REFERENCES people (id),
  created_at INSTANT NOT NULL,
  expires_at INSTANT NOT NULL,
  CHECK (expires_at > created_at)
);
