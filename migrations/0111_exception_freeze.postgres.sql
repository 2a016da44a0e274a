-- A cycle that began at the very instant of the freeze is one that the freeze saw.
-- +goose Up
DROP TRIGGER findings_settled ON findings;
-- +goose StatementBegin
CREATE FUNCTION assay_findings_settled_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.test_id IS NOT NULL AND NEW.status <> OLD.status AND NEW.status IN ('disputed', 'dismissed') AND NOT assay_in_fieldwork(OLD.engagement_id) AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = OLD.engagement_id AND f.frozen_at < OLD.cycle_opened_at AND NEW.status = 'disputed') THEN
    RAISE EXCEPTION 'after the freeze no exception is raised, corrected, disputed or dismissed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER findings_settled_then BEFORE UPDATE ON findings FOR EACH ROW EXECUTE FUNCTION assay_findings_settled_then();
