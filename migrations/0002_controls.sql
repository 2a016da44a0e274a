-- Controls, their versions and what they map to.
-- +goose Up
CREATE TABLE controls (
  id         ID_KEY,
  rev        BIGINT NOT NULL,
  code       TEXT NOT NULL UNIQUE,
  template   TEXT NOT NULL, -- the catalog entry it was taken from, or ''
  owner_id   BIGINT REFERENCES people (id),
  backup_id  BIGINT REFERENCES people (id),
  version    INTEGER NOT NULL, -- the number of the version that lists show
  -- copied from that version, so that a list reads and sorts one table
  title      TEXT NOT NULL,
  category   TEXT NOT NULL,
  frequency  TEXT NOT NULL,
  nature     TEXT NOT NULL,
  ai         BOOLEAN NOT NULL,
  status     TEXT NOT NULL CHECK (status IN ('draft', 'in_review', 'approved', 'effective', 'superseded', 'retired')),
  created_by BIGINT REFERENCES people (id),
  created_at INSTANT NOT NULL,
  CHECK (backup_id IS NULL OR backup_id <> owner_id)
);
-- One index for each order and filter of the list. Nobody sorts as 0: a keyset cannot
-- pass a null.
CREATE INDEX controls_title ON controls (title, code);
CREATE INDEX controls_owner ON controls (COALESCE(owner_id, 0), code);
CREATE INDEX controls_owned ON controls (owner_id); -- what somebody owns, which the index above cannot find
CREATE INDEX controls_backup ON controls (backup_id, code);
CREATE INDEX controls_status ON controls (status, code);
CREATE INDEX controls_category ON controls (category, code);
CREATE INDEX controls_frequency ON controls (frequency, code);
CREATE INDEX controls_ai ON controls (ai, code);
CREATE INDEX controls_template ON controls (template) WHERE template <> '';

CREATE TABLE control_versions (
  id              ID_KEY,
  rev             BIGINT NOT NULL,
  control_id      BIGINT NOT NULL REFERENCES controls (id),
  code            TEXT NOT NULL, -- of the control, which never changes
  number          INTEGER NOT NULL CHECK (number > 0),
  status          TEXT NOT NULL CHECK (status IN ('draft', 'in_review', 'approved', 'effective', 'superseded', 'retired')),
  editorial       BOOLEAN NOT NULL, -- a wording fix: same test segment as the version before
  title           TEXT NOT NULL CHECK (title <> ''),
  statement       TEXT NOT NULL, -- values to tailor stand in [square brackets]
  category        TEXT NOT NULL,
  kind            TEXT NOT NULL, -- preventive, detective, corrective
  nature          TEXT NOT NULL, -- manual, automated, hybrid
  frequency       TEXT NOT NULL,
  anchor_month    INTEGER NOT NULL CHECK (anchor_month BETWEEN 0 AND 12),
  event_trigger   TEXT NOT NULL,
  event_direction TEXT NOT NULL CHECK (event_direction IN ('', 'before', 'after')),
  event_limit     TEXT NOT NULL, -- ISO 8601 duration
  owner_function  TEXT NOT NULL,
  population      TEXT NOT NULL,
  evidence        TEXT NOT NULL, -- JSON list of what is expected
  tests_design    TEXT NOT NULL, -- JSON list of {technique, step}
  tests_operating TEXT NOT NULL,
  parameters      TEXT NOT NULL, -- JSON list: what the catalog says about the values
  criteria        TEXT NOT NULL, -- JSON list of {framework, code}
  ai              BOOLEAN NOT NULL,
  change_note     TEXT NOT NULL,
  author_id       BIGINT REFERENCES people (id), -- null: taken from the catalog
  writers         TEXT NOT NULL, -- JSON list of everyone who wrote in it; none of them approves
  authored_at     INSTANT NOT NULL,
  submitted_at    INSTANT,
  approver_id     BIGINT REFERENCES people (id),
  approved_at     INSTANT,
  effective_from  TEXT NOT NULL,
  effective_to    TEXT NOT NULL, -- last day, once superseded or retired
  ended_reason    TEXT NOT NULL,
  UNIQUE (control_id, number),
  CHECK (approver_id IS NULL OR author_id IS NULL OR approver_id <> author_id),
  CHECK (status IN ('draft', 'in_review') OR (approver_id IS NOT NULL AND effective_from <> '')),
  CHECK (effective_to = '' OR effective_to >= effective_from)
);
CREATE UNIQUE INDEX control_versions_open ON control_versions (control_id) WHERE status IN ('draft', 'in_review');
CREATE UNIQUE INDEX control_versions_effective ON control_versions (control_id) WHERE status = 'effective';
CREATE INDEX control_versions_waiting ON control_versions (status, effective_from);

-- Derived from the criteria of the version that lists show.
CREATE TABLE control_criteria (
  control_id BIGINT NOT NULL REFERENCES controls (id),
  framework  TEXT NOT NULL,
  code       TEXT NOT NULL,
  PRIMARY KEY (control_id, framework, code)
);
CREATE INDEX control_criteria_code ON control_criteria (framework, code, control_id);
