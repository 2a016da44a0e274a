-- What an item answers is part of what was submitted. And an acceptance can be taken back
-- as a whole: the item waits again, undecided.
-- +goose Up
DROP TRIGGER evidence_kept ON evidence;
CREATE TRIGGER evidence_kept BEFORE UPDATE ON evidence FOR EACH ROW WHEN ((NEW.control_id, NEW.uploaded_by, NEW.uploaded_at, NEW.form_key) IS DISTINCT FROM (OLD.control_id, OLD.uploaded_by, OLD.uploaded_at, OLD.form_key)
  OR (OLD.status NOT IN ('stored', 'returned') AND
    (NEW.title, NEW.kind, NEW.source, NEW.location, NEW.extractor, NEW.description, NEW.performed_at, NEW.collected_at, NEW.covers_from, NEW.covers_to,
     NEW.late_reason, NEW.supersedes_id, NEW.submitted_at, NEW.answers)
    IS DISTINCT FROM
    (OLD.title, OLD.kind, OLD.source, OLD.location, OLD.extractor, OLD.description, OLD.performed_at, OLD.collected_at, OLD.covers_from, OLD.covers_to,
     OLD.late_reason, OLD.supersedes_id, OLD.submitted_at, OLD.answers))
  OR (OLD.status IN ('accepted', 'superseded', 'withdrawn') AND NOT (OLD.status = 'accepted' AND NEW.status = 'submitted' AND NEW.decided_by IS NULL) AND
    (NEW.owner_id, NEW.backup_id, NEW.decided_by, NEW.decided_at, NEW.decision_note) IS DISTINCT FROM (OLD.owner_id, OLD.backup_id, OLD.decided_by, OLD.decided_at, OLD.decision_note))
  OR (OLD.status = 'withdrawn' AND
    (NEW.status, NEW.withdrawn_by, NEW.withdrawn_at, NEW.withdrawn_note) IS DISTINCT FROM (OLD.status, OLD.withdrawn_by, OLD.withdrawn_at, OLD.withdrawn_note)))
  EXECUTE FUNCTION assay_refuse('evidence that was submitted never changes');
