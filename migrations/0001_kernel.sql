-- The log, and who is signed in.
-- +goose Up
CREATE TABLE log_head (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  size BIGINT NOT NULL,
  edge BYTES NOT NULL -- hashes of the complete subtrees, largest first: all that the next leaf needs
);
INSERT INTO log_head (id, size, edge) VALUES (1, 0, '');

CREATE TABLE log_leaves (
  seq           SEQ_KEY,
  v             INTEGER NOT NULL,
  at            INSTANT NOT NULL,
  actor_id      BIGINT NOT NULL,
  role          TEXT NOT NULL,
  session       TEXT NOT NULL,
  verb          TEXT NOT NULL,
  about         TEXT NOT NULL,
  within        TEXT NOT NULL,
  entity        TEXT NOT NULL,
  entity_id     BIGINT NOT NULL,
  entity_rev    BIGINT NOT NULL,
  prev_hash     TEXT NOT NULL,
  new_hash      TEXT NOT NULL,
  detail_commit TEXT NOT NULL,
  request       TEXT NOT NULL,
  build         TEXT NOT NULL,
  hashes        BYTES NOT NULL
);
CREATE INDEX log_leaves_about ON log_leaves (about, seq);
CREATE INDEX log_leaves_within ON log_leaves (within, seq) WHERE within <> '';
CREATE INDEX log_leaves_actor ON log_leaves (actor_id, seq);

CREATE TABLE log_details (
  seq  SEQ_KEY,
  salt BYTES NOT NULL,
  text TEXT NOT NULL
);

CREATE TABLE checkpoints (
  size          SEQ_KEY,
  previous_size BIGINT NOT NULL UNIQUE,
  at            INSTANT NOT NULL,
  signed        TEXT NOT NULL,
  verifier_key  TEXT NOT NULL,
  CHECK (previous_size < size)
);

CREATE TABLE programme (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  company    TEXT NOT NULL,
  zone       TEXT NOT NULL,
  categories TEXT NOT NULL,
  set_up_by  BIGINT NOT NULL,
  set_up_at  INSTANT NOT NULL,
  CHECK (id = 1)
);

CREATE TABLE people (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  name           TEXT NOT NULL CHECK (name <> ''),
  email          TEXT NOT NULL CHECK (email <> ''),
  title          TEXT NOT NULL,
  firm           TEXT NOT NULL,
  role           TEXT NOT NULL CHECK (role IN ('', 'administrator', 'compliance_manager', 'control_owner', 'external_auditor', 'executive_viewer')),
  role_from      TEXT NOT NULL DEFAULT '' CHECK (role_from IN ('', 'groups')),
  status         TEXT NOT NULL CHECK (status IN ('invited', 'active', 'deactivated')),
  issuer         TEXT NOT NULL,
  subject        TEXT NOT NULL,
  invited_by     BIGINT REFERENCES people (id),
  invited_at     INSTANT NOT NULL,
  first_seen_at  INSTANT,
  deactivated_at INSTANT,
  CHECK (subject = '' OR issuer <> ''),
  CHECK (status <> 'invited' OR subject = ''),
  CHECK ((status = 'deactivated') = (deactivated_at IS NOT NULL))
);
CREATE UNIQUE INDEX people_email ON people (lower(email));
CREATE UNIQUE INDEX people_identity ON people (issuer, subject) WHERE subject <> '';
CREATE INDEX people_name ON people (name, id);
CREATE INDEX people_role ON people (role, status);

CREATE TABLE sessions (
  id         ID_KEY,
  token_hash TEXT NOT NULL UNIQUE,
  person_id  BIGINT NOT NULL REFERENCES people (id),
  created_at INSTANT NOT NULL,
  seen_at    INSTANT NOT NULL,
  expires_at INSTANT NOT NULL,
  ended_at   INSTANT,
  address    TEXT NOT NULL,
  agent      TEXT NOT NULL,
  issuer     TEXT NOT NULL,
  subject    TEXT NOT NULL,
  sid        TEXT NOT NULL,
  id_token   TEXT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_id, seen_at);
CREATE INDEX sessions_sid ON sessions (issuer, sid) WHERE sid <> '';
CREATE INDEX sessions_subject ON sessions (issuer, subject);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- A sign-in that went to the identity provider and has not come back.
CREATE TABLE pending_signins (
  state_hash TEXT PRIMARY KEY,
  browser    TEXT NOT NULL, -- hash of the pre-sign-in cookie it is bound to
  data       TEXT NOT NULL,
  address    TEXT NOT NULL,
  created_at INSTANT NOT NULL
);
CREATE INDEX pending_signins_address ON pending_signins (address, created_at);
CREATE INDEX pending_signins_age ON pending_signins (created_at);
CREATE TABLE logout_tokens (
  jti     TEXT PRIMARY KEY,
  seen_at INSTANT NOT NULL
);

CREATE TABLE saved_views (
  id        ID_KEY,
  rev       BIGINT NOT NULL,
  person_id BIGINT NOT NULL REFERENCES people (id),
  noun      TEXT NOT NULL,
  name      TEXT NOT NULL CHECK (name <> ''),
  query     TEXT NOT NULL,
  UNIQUE (person_id, noun, name)
);
