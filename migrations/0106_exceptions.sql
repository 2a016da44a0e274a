-- Exceptions: findings that an auditor raised from cells of a test, and what they mean for
-- the report.
-- +goose Up
ALTER TABLE findings ADD COLUMN test_id BIGINT REFERENCES control_tests (id); -- of an exception
ALTER TABLE findings ADD COLUMN entered_by BIGINT REFERENCES people (id); -- the auditor, or who brought it in
ALTER TABLE findings ADD COLUMN effect_by BIGINT REFERENCES people (id); -- the auditor who decided the effect on the report
ALTER TABLE findings ADD COLUMN effect_entered BIGINT REFERENCES people (id);
ALTER TABLE findings ADD COLUMN effect_at INSTANT;
ALTER TABLE finding_controls ADD COLUMN engagement_id BIGINT REFERENCES engagements (id);
ALTER TABLE finding_cycles ADD COLUMN engagement_id BIGINT REFERENCES engagements (id);
CREATE INDEX findings_test ON findings (test_id) WHERE test_id IS NOT NULL;

CREATE TABLE finding_cells (
  id             ID_KEY,
  rev            BIGINT NOT NULL,
  finding_id     BIGINT NOT NULL REFERENCES findings (id),
  engagement_id  BIGINT NOT NULL REFERENCES engagements (id),
  test_id        BIGINT NOT NULL REFERENCES control_tests (id),
  item_id        BIGINT NOT NULL, -- of a sample; 0: all of it at once, or the design
  letter         TEXT NOT NULL, -- of the attribute; empty: the design
  item_key       TEXT NOT NULL, -- as it was when it was raised, like the attribute
  attribute      TEXT NOT NULL,
  ended_at       INSTANT, -- the exception was dismissed
  auditor_id     BIGINT NOT NULL REFERENCES people (id),
  entered_by     BIGINT NOT NULL REFERENCES people (id),
  raised_at      INSTANT NOT NULL
);
-- One cell, one exception.
CREATE UNIQUE INDEX finding_cells_cell ON finding_cells (test_id, item_id, letter) WHERE ended_at IS NULL;
CREATE INDEX finding_cells_finding ON finding_cells (finding_id, id);
CREATE INDEX finding_cells_item ON finding_cells (item_id) WHERE ended_at IS NULL;
CREATE INDEX finding_cells_engagement ON finding_cells (engagement_id, id);
