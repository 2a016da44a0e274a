-- The next period begins after what was frozen, and what was carried into it stays as it was.
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION assay_engagements_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.prior_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagements p WHERE p.id = NEW.prior_id AND p.status IN ('reporting', 'issued', 'archived') AND p.period_end < NEW.period_start) THEN
    RAISE EXCEPTION 'the next period begins after one that is frozen' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagements_follow BEFORE INSERT ON engagements FOR EACH ROW EXECUTE FUNCTION assay_engagements_follow();
-- +goose StatementBegin
CREATE FUNCTION assay_engagements_followed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.prior_id IS DISTINCT FROM NEW.prior_id OR NEW.prior_id IS NOT NULL AND NEW.period_start <> OLD.period_start AND NOT EXISTS (SELECT 1 FROM engagements p WHERE p.id = NEW.prior_id AND p.period_end < NEW.period_start) THEN
    RAISE EXCEPTION 'the next period begins after the one it follows' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER engagements_followed BEFORE UPDATE ON engagements FOR EACH ROW EXECUTE FUNCTION assay_engagements_followed();
-- +goose StatementBegin
CREATE FUNCTION assay_carried_findings_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM engagements e JOIN findings f ON f.id = NEW.finding_id WHERE e.id = NEW.engagement_id AND e.status = 'setup' AND (f.engagement_id = e.prior_id OR EXISTS (SELECT 1 FROM carried_findings c WHERE c.finding_id = f.id AND c.engagement_id = e.prior_id))) THEN
    RAISE EXCEPTION 'findings are carried from the period before, when it is rolled forward' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER carried_findings_begin BEFORE INSERT ON carried_findings FOR EACH ROW EXECUTE FUNCTION assay_carried_findings_begin();
-- +goose StatementBegin
CREATE FUNCTION assay_carried_findings_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.id = NEW.id THEN
    RAISE EXCEPTION 'what was carried stays as it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER carried_findings_kept BEFORE UPDATE ON carried_findings FOR EACH ROW EXECUTE FUNCTION assay_carried_findings_kept();
-- +goose StatementBegin
CREATE FUNCTION assay_carried_findings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.id > 0 THEN
    RAISE EXCEPTION 'what was carried stays as it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER carried_findings_stay BEFORE DELETE ON carried_findings FOR EACH ROW EXECUTE FUNCTION assay_carried_findings_stay();
