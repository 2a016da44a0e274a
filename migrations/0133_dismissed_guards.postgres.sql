-- What a compliance manager brings in for an auditor who only reads is a dismissal, too.
-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION assay_findings_dismissed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'dismissed' AND OLD.status <> 'dismissed' AND NEW.engagement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM finding_cycles c JOIN engagement_auditors g ON g.engagement_id = NEW.engagement_id AND g.person_id = c.closed_by AND (COALESCE(c.closed_entry, c.closed_by) = c.closed_by AND g.fieldwork_by IS NOT NULL OR c.closed_entry <> c.closed_by AND g.fieldwork_by IS NULL AND EXISTS (SELECT 1 FROM people p WHERE p.id = c.closed_entry AND p.role = 'compliance_manager')) WHERE c.finding_id = NEW.id AND c.number = NEW.cycle AND c.outcome = 'dismissed') THEN
    RAISE EXCEPTION 'what the auditors found is dismissed by them, or brought in for one who only reads' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION assay_finding_cycles_dismissed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.outcome = 'dismissed' AND OLD.outcome <> 'dismissed' AND EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.engagement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagement_auditors g WHERE g.engagement_id = f.engagement_id AND g.person_id = NEW.closed_by AND (COALESCE(NEW.closed_entry, NEW.closed_by) = NEW.closed_by AND g.fieldwork_by IS NOT NULL OR NEW.closed_entry <> NEW.closed_by AND g.fieldwork_by IS NULL AND EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.closed_entry AND p.role = 'compliance_manager')))) THEN
    RAISE EXCEPTION 'what the auditors found is dismissed by them, or brought in for one who only reads' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
