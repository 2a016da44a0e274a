-- The next period begins after what was frozen, and what was carried into it stays as it was.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER engagements_follow BEFORE INSERT ON engagements
WHEN NEW.prior_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagements p WHERE p.id = NEW.prior_id AND p.status IN ('reporting', 'issued', 'archived') AND p.period_end < NEW.period_start) BEGIN
  SELECT RAISE(ABORT, 'the next period begins after one that is frozen');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER engagements_followed BEFORE UPDATE ON engagements
WHEN OLD.prior_id IS NOT NEW.prior_id OR NEW.prior_id IS NOT NULL AND NEW.period_start <> OLD.period_start AND NOT EXISTS (SELECT 1 FROM engagements p WHERE p.id = NEW.prior_id AND p.period_end < NEW.period_start) BEGIN
  SELECT RAISE(ABORT, 'the next period begins after the one it follows');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER carried_findings_begin BEFORE INSERT ON carried_findings
WHEN NOT EXISTS (SELECT 1 FROM engagements e JOIN findings f ON f.id = NEW.finding_id WHERE e.id = NEW.engagement_id AND e.status = 'setup' AND (f.engagement_id = e.prior_id OR EXISTS (SELECT 1 FROM carried_findings c WHERE c.finding_id = f.id AND c.engagement_id = e.prior_id))) BEGIN
  SELECT RAISE(ABORT, 'findings are carried from the period before, when it is rolled forward');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER carried_findings_kept BEFORE UPDATE ON carried_findings
WHEN OLD.id = NEW.id BEGIN
  SELECT RAISE(ABORT, 'what was carried stays as it was');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER carried_findings_stay BEFORE DELETE ON carried_findings
WHEN OLD.id > 0 BEGIN
  SELECT RAISE(ABORT, 'what was carried stays as it was');
END;
-- +goose StatementEnd
