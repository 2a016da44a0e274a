-- Work that is done later, by whichever replica is free.
-- +goose Up
CREATE TABLE jobs (
  id         ID_KEY,
  kind       TEXT NOT NULL CHECK (kind <> ''),
  key        TEXT NOT NULL, -- the same thing is enqueued once; '' is standing work, which comes back
  payload    TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'dead')),
  run_at     INSTANT NOT NULL, -- waiting: not before; running: the lease ends
  attempts   INTEGER NOT NULL CHECK (attempts >= 0),
  holder     TEXT NOT NULL, -- the lease; who no longer holds it can finish nothing
  said       TEXT NOT NULL,
  trouble    TEXT NOT NULL,
  failed_at  INSTANT,
  created_at INSTANT NOT NULL,
  started_at INSTANT,
  ended_at   INSTANT,
  UNIQUE (kind, key),
  CHECK (key <> '' OR state IN ('waiting', 'running')),
  CHECK ((state = 'running') = (holder <> ''))
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_standing ON jobs (run_at, id) WHERE key = '';
CREATE INDEX jobs_listed ON jobs (state, id);
CREATE INDEX jobs_age ON jobs (state, ended_at);
