-- An engagement is rolled forward once, unless what came of it was cancelled. Findings that
-- were open go with it as history of the period before.
-- +goose Up
DROP INDEX engagements_prior;
CREATE UNIQUE INDEX engagements_prior ON engagements (prior_id) WHERE prior_id IS NOT NULL AND status <> 'cancelled';

CREATE TABLE carried_findings (
  id            ID_KEY,
  rev           BIGINT NOT NULL,
  engagement_id BIGINT NOT NULL REFERENCES engagements (id), -- into which it is carried
  slug          TEXT NOT NULL,
  finding_id    BIGINT NOT NULL REFERENCES findings (id),
  cycle         BIGINT NOT NULL CHECK (cycle >= 1),
  title         TEXT NOT NULL, -- these as they were when it was carried
  severity      TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status NOT IN ('closed_verified', 'risk_accepted', 'dismissed')),
  carried_at    INSTANT NOT NULL,
  UNIQUE (engagement_id, finding_id)
);
CREATE INDEX carried_findings_finding ON carried_findings (finding_id);
