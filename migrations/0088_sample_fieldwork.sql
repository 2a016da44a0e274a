-- Auditors with the fieldwork grant select themselves, and accept the record of a list.
-- +goose Up
ALTER TABLE samples ADD COLUMN engagement_id BIGINT NOT NULL DEFAULT 0; -- 0 of a draw from before
ALTER TABLE sample_items ADD COLUMN engagement_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sample_exclusions ADD COLUMN engagement_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sample_extensions ADD COLUMN engagement_id BIGINT NOT NULL DEFAULT 0;

CREATE TABLE population_acceptances (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  population_id  BIGINT NOT NULL UNIQUE REFERENCES populations (id),
  slug           TEXT NOT NULL,
  digest         TEXT NOT NULL CHECK (length(digest) = 64), -- the population digest
  note           TEXT NOT NULL,
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  accepted_at    INSTANT NOT NULL
);
