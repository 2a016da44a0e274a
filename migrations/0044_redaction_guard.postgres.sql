-- A redacted copy comes when it is needed, which is mostly after the review; it is of a file
-- of the same item, that is no copy itself, and says why.
-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION assay_evidence_files_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.redacts_id IS NULL AND EXISTS (SELECT 1 FROM evidence WHERE id = NEW.evidence_id AND status NOT IN ('stored', 'returned') AND submitted_at < NEW.added_at) THEN
    RAISE EXCEPTION 'evidence that was submitted takes no more files' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.redacts_id IS NOT NULL AND (NEW.redaction = '' OR NOT EXISTS (
    SELECT 1 FROM evidence_files o JOIN evidence e ON e.id = o.evidence_id
    WHERE o.id = NEW.redacts_id AND o.evidence_id = NEW.evidence_id AND o.redacts_id IS NULL AND o.digest <> NEW.digest AND e.status <> 'withdrawn')) THEN
    RAISE EXCEPTION 'a redacted copy is of an original of the same item, and says why' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER evidence_files_kept ON evidence_files;
CREATE TRIGGER evidence_files_kept BEFORE UPDATE ON evidence_files FOR EACH ROW
  WHEN ((NEW.evidence_id, NEW.digest, NEW.name, NEW.size, NEW.added_by, NEW.added_at, NEW.redacts_id, NEW.redaction)
    IS DISTINCT FROM (OLD.evidence_id, OLD.digest, OLD.name, OLD.size, OLD.added_by, OLD.added_at, OLD.redacts_id, OLD.redaction))
  EXECUTE FUNCTION assay_refuse('a file of evidence never changes');
