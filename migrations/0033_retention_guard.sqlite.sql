-- Bytes go only by a request that a second person approved, never while a hold is on them,
-- and what was removed stays removed.
-- +goose Up
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
      JOIN control_criteria cc ON cc.framework = ec.framework AND cc.code = ec.code
      WHERE g.id = h.engagement_id AND cc.control_id = e.control_id
      AND (e.covers_from = '' OR (e.covers_from <= g.period_end AND e.covers_to >= g.period_start)))));
END;
-- +goose StatementEnd
