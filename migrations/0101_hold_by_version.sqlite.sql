-- A hold on an engagement covers the evidence of every control that had a version in its
-- scope on a day of its period, or has one now: a later version takes nothing out of it.
-- The engagement's own state does not matter: a hold stays until it is released.
-- +goose Up
DROP TRIGGER evidence_files_removal;
-- +goose StatementBegin
CREATE TRIGGER evidence_files_removal BEFORE UPDATE OF removal_id ON evidence_files
WHEN NEW.removal_id IS NOT OLD.removal_id
BEGIN
  SELECT RAISE(ABORT, 'evidence_files.removal_id does not change') WHERE OLD.removal_id IS NOT NULL;
  SELECT RAISE(ABORT, 'no approved request removes this file') WHERE NOT EXISTS (
    SELECT 1 FROM retention_requests q
    WHERE q.id = NEW.removal_id AND q.kind = 'remove' AND q.status = 'approved' AND q.evidence_id = NEW.evidence_id);
  SELECT RAISE(ABORT, 'a legal hold is on this file') WHERE EXISTS (
    SELECT 1 FROM evidence e JOIN legal_holds h ON h.released_at IS NULL
    WHERE e.id = NEW.evidence_id AND (h.control_id = e.control_id OR EXISTS (
      SELECT 1 FROM engagements g
      JOIN engagement_criteria ec ON ec.engagement_id = g.id
      WHERE g.id = h.engagement_id
      AND (e.covers_from = '' OR (e.covers_from <= g.period_end AND e.covers_to >= g.period_start))
      AND (EXISTS (
        SELECT 1 FROM version_criteria vc WHERE vc.control_id = e.control_id AND vc.framework = ec.framework AND vc.code = ec.code
        AND vc.effective_from <= g.period_end AND (vc.effective_to = '' OR vc.effective_to >= g.period_start))
      OR EXISTS (
        SELECT 1 FROM control_criteria cc WHERE cc.control_id = e.control_id AND cc.framework = ec.framework AND cc.code = ec.code)))));
END;
-- +goose StatementEnd
