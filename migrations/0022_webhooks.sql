-- Other systems that are told what happens.
-- +goose Up
CREATE TABLE webhooks (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  uid        TEXT NOT NULL UNIQUE, -- in the names of its messages; also of the form it was made with, so that sending it twice makes one
  name       TEXT NOT NULL CHECK (name <> ''),
  host       TEXT NOT NULL CHECK (host <> ''),
  url        TEXT NOT NULL, -- sealed: who has the address of a chat can write to it
  format     TEXT NOT NULL CHECK (format IN ('standard', 'chat')),
  events     TEXT NOT NULL, -- JSON list of types
  secret     TEXT NOT NULL, -- sealed
  status     TEXT NOT NULL CHECK (status IN ('on', 'off')),
  from_seq   BIGINT NOT NULL, -- what happened before is not told
  created_by BIGINT NOT NULL REFERENCES people (id),
  created_at INSTANT NOT NULL
);
CREATE INDEX webhooks_name ON webhooks (name, id);

CREATE TABLE webhook_feed (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  seq BIGINT NOT NULL -- leaves before it were told
);

CREATE TABLE webhook_deliveries (
  id         ID_KEY,
  hook_id    BIGINT NOT NULL REFERENCES webhooks (id),
  message    TEXT NOT NULL, -- the same for every attempt
  type       TEXT NOT NULL,
  sentence   TEXT NOT NULL,
  attempt    INTEGER NOT NULL,
  status     INTEGER NOT NULL, -- HTTP; 0 when no answer came
  trouble    TEXT NOT NULL,
  took       BIGINT NOT NULL, -- microseconds
  created_at INSTANT NOT NULL
);
CREATE INDEX webhook_deliveries_hook ON webhook_deliveries (hook_id, id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);
