-- Audit engagements and who may look.
-- +goose Up
CREATE TABLE engagements (
  id           ID_KEY,
  rev          BIGINT NOT NULL,
  slug         TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL CHECK (name <> ''),
  firm         TEXT NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('readiness', 'type_1', 'type_2')),
  status       TEXT NOT NULL CHECK (status IN ('setup', 'planning', 'fieldwork', 'reporting', 'issued', 'archived', 'cancelled')),
  criteria     TEXT NOT NULL, -- JSON list of SOC 2 criteria in scope
  period_start TEXT NOT NULL,
  period_end   TEXT NOT NULL,
  zone         TEXT NOT NULL, -- IANA; both the period and the window are civil dates in it
  opens_on     TEXT NOT NULL,
  closes_on    TEXT NOT NULL,
  created_by   BIGINT NOT NULL REFERENCES people (id),
  created_at   INSTANT NOT NULL,
  CHECK (period_end >= period_start),
  CHECK (closes_on >= opens_on)
);

-- Derived from engagements.criteria.
CREATE TABLE engagement_criteria (
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  framework     TEXT NOT NULL,
  code          TEXT NOT NULL,
  PRIMARY KEY (engagement_id, framework, code)
);

CREATE TABLE engagement_auditors (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT NOT NULL REFERENCES engagements (id),
  person_id     BIGINT NOT NULL REFERENCES people (id),
  part          TEXT NOT NULL CHECK (part IN ('lead', 'member')),
  added_by      BIGINT NOT NULL REFERENCES people (id),
  added_at      INSTANT NOT NULL,
  UNIQUE (engagement_id, person_id)
);
CREATE INDEX engagement_auditors_person ON engagement_auditors (person_id, engagement_id);
