-- A cycle that began at the very instant of the freeze is one that the freeze saw.
-- +goose Up
DROP TRIGGER findings_settled;
-- +goose StatementBegin
CREATE TRIGGER findings_settled_then BEFORE UPDATE ON findings
WHEN OLD.test_id IS NOT NULL AND NEW.status <> OLD.status AND NEW.status IN ('disputed', 'dismissed') AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = OLD.engagement_id AND e.status = 'fieldwork') AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = OLD.engagement_id AND f.frozen_at < OLD.cycle_opened_at AND NEW.status = 'disputed') BEGIN
  SELECT RAISE(ABORT, 'after the freeze no exception is raised, corrected, disputed or dismissed');
END;
-- +goose StatementEnd
