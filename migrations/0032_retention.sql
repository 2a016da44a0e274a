-- How long evidence is kept, what may not be removed although its time is over, and the
-- two people that each step towards removal takes.
-- +goose Up
-- The company's term, or that of one engagement. Without a row it is seven years.
CREATE TABLE retention_terms (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT REFERENCES engagements (id), -- NULL is the company
  years         BIGINT NOT NULL CHECK (years BETWEEN 1 AND 100),
  reason        TEXT NOT NULL CHECK (reason <> ''),
  set_by        BIGINT NOT NULL REFERENCES people (id),
  set_at        INSTANT NOT NULL
);
CREATE UNIQUE INDEX retention_terms_of ON retention_terms (COALESCE(engagement_id, 0));

CREATE TABLE legal_holds (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT REFERENCES engagements (id),
  control_id    BIGINT REFERENCES controls (id),
  reason        TEXT NOT NULL CHECK (reason <> ''),
  set_by        BIGINT NOT NULL REFERENCES people (id),
  set_at        INSTANT NOT NULL,
  released_at   INSTANT,
  CHECK ((engagement_id IS NULL) <> (control_id IS NULL))
);
CREATE INDEX legal_holds_engagement ON legal_holds (engagement_id) WHERE released_at IS NULL;
CREATE INDEX legal_holds_control ON legal_holds (control_id) WHERE released_at IS NULL;

CREATE TABLE retention_requests (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('shorten', 'release', 'remove')),
  engagement_id BIGINT REFERENCES engagements (id), -- shorten: NULL is the company
  years         BIGINT NOT NULL,                    -- shorten
  hold_id       BIGINT REFERENCES legal_holds (id), -- release
  evidence_id   BIGINT REFERENCES evidence (id),    -- remove
  reason        TEXT NOT NULL CHECK (reason <> ''),
  status        TEXT NOT NULL CHECK (status IN ('open', 'approved', 'refused', 'withdrawn')),
  asked_by      BIGINT NOT NULL REFERENCES people (id),
  asked_at      INSTANT NOT NULL,
  decided_by    BIGINT REFERENCES people (id),
  decided_at    INSTANT,
  CHECK (status NOT IN ('approved', 'refused') OR decided_by <> asked_by),
  CHECK (status NOT IN ('approved', 'refused') OR decided_by IS NOT NULL),
  CHECK ((status = 'open') = (decided_at IS NULL)),
  CHECK ((kind = 'shorten') = (years > 0)),
  CHECK ((kind = 'release') = (hold_id IS NOT NULL)),
  CHECK ((kind = 'remove') = (evidence_id IS NOT NULL))
);
CREATE INDEX retention_requests_status ON retention_requests (status, id);
CREATE UNIQUE INDEX retention_requests_hold ON retention_requests (hold_id) WHERE status = 'open' AND hold_id IS NOT NULL;
CREATE UNIQUE INDEX retention_requests_evidence ON retention_requests (evidence_id) WHERE status = 'open' AND evidence_id IS NOT NULL;

ALTER TABLE evidence_files ADD COLUMN removal_id BIGINT REFERENCES retention_requests (id); -- the request by which the bytes were removed
CREATE INDEX evidence_covers_to ON evidence (covers_to, id) WHERE covers_to <> '';

-- Until when the store itself keeps bytes, where it can.
CREATE TABLE blob_locks (
  digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
  until  TEXT NOT NULL
);
