-- A management response is drafted, approved by somebody else and signed by its author, and
-- bound to its text. What was given before this keeps an empty status.
-- +goose Up
ALTER TABLE finding_responses ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE finding_responses ADD COLUMN status TEXT NOT NULL DEFAULT '' CHECK (status IN ('', 'draft', 'approved', 'signed'));
ALTER TABLE finding_responses ADD COLUMN digest TEXT NOT NULL DEFAULT ''; -- of the text that was approved, and signed
ALTER TABLE finding_responses ADD COLUMN hands TEXT NOT NULL DEFAULT ''; -- JSON list: who wrote in it
ALTER TABLE finding_responses ADD COLUMN approved_by BIGINT REFERENCES people (id);
ALTER TABLE finding_responses ADD COLUMN approved_at INSTANT;
ALTER TABLE finding_responses ADD COLUMN signed_by BIGINT REFERENCES people (id);
ALTER TABLE finding_responses ADD COLUMN signed_at INSTANT;
CREATE UNIQUE INDEX finding_responses_open ON finding_responses (finding_id) WHERE status IN ('draft', 'approved');
CREATE UNIQUE INDEX finding_responses_version ON finding_responses (finding_id, cycle, version) WHERE version > 0;

-- Controls that cover what failed. They count once they are tested themselves.
CREATE TABLE finding_compensations (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  finding_id     BIGINT NOT NULL REFERENCES findings (id),
  control_id     BIGINT NOT NULL REFERENCES controls (id),
  covers         TEXT NOT NULL CHECK (covers <> ''), -- what of the risk
  named_by       BIGINT NOT NULL REFERENCES people (id),
  named_at       INSTANT NOT NULL,
  UNIQUE (finding_id, control_id)
);
CREATE INDEX finding_compensations_control ON finding_compensations (control_id, finding_id);
