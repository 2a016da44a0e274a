-- What is more than seven days back is not dated by the word of an owner alone: a performance
-- needs a reason and an item of evidence, evidence a reason and a kind that a system dates.
-- And evidence covers no day after its newest file came, in whatever zone.
-- +goose Up
CREATE TRIGGER performances_dated BEFORE INSERT ON performances FOR EACH ROW
  WHEN (NEW.recorded_at - NEW.performed_at > interval '7 days' AND (NEW.late_reason = '' OR NEW.evidence_id IS NULL))
  EXECUTE FUNCTION assay_refuse('an act of more than 7 days ago has a reason and evidence');
CREATE TRIGGER evidence_dated BEFORE UPDATE ON evidence FOR EACH ROW
  WHEN (NEW.status = 'submitted' AND OLD.status IN ('stored', 'returned')
    AND NEW.uploaded_at - NEW.performed_at > interval '7 days' AND (NEW.late_reason = '' OR NEW.kind = 'attestation'))
  EXECUTE FUNCTION assay_refuse('evidence of an act of more than 7 days ago has a reason and is no statement');
-- +goose StatementBegin
CREATE FUNCTION evidence_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.covers_to > (SELECT to_char((max(f.added_at) AT TIME ZONE 'UTC')::date + 1, 'YYYY-MM-DD') FROM evidence_files f WHERE f.evidence_id = NEW.id) THEN
    RAISE EXCEPTION 'evidence covers days after its files came' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER evidence_known BEFORE UPDATE ON evidence FOR EACH ROW
  WHEN (NEW.status = 'submitted' AND OLD.status IN ('stored', 'returned')) EXECUTE FUNCTION evidence_known();
