-- How many items the auditors of an engagement test, where they depart from the defaults.
-- +goose Up
CREATE TABLE sample_sizes (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL UNIQUE REFERENCES engagements (id),
  slug           TEXT NOT NULL,
  sizes          TEXT NOT NULL, -- JSON: for each frequency the size at low, base and high risk
  reason         TEXT NOT NULL CHECK (reason <> ''),
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  changed_at     INSTANT NOT NULL
);
