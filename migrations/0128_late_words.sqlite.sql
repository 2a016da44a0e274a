-- What is more than seven days back is not dated by the word of an owner alone: a performance
-- needs a reason and an item of evidence, evidence a reason and a kind that a system dates.
-- And evidence covers no day after its newest file came, in whatever zone.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER performances_dated BEFORE INSERT ON performances
WHEN julianday(NEW.recorded_at) - julianday(NEW.performed_at) > 7.000005 AND (NEW.late_reason = '' OR NEW.evidence_id IS NULL)
BEGIN
  SELECT RAISE(ABORT, 'an act of more than 7 days ago has a reason and evidence');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER evidence_dated BEFORE UPDATE ON evidence
WHEN NEW.status = 'submitted' AND OLD.status IN ('stored', 'returned')
  AND julianday(NEW.uploaded_at) - julianday(NEW.performed_at) > 7.000005 AND (NEW.late_reason = '' OR NEW.kind = 'attestation')
BEGIN
  SELECT RAISE(ABORT, 'evidence of an act of more than 7 days ago has a reason and is no statement');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER evidence_known BEFORE UPDATE ON evidence
WHEN NEW.status = 'submitted' AND OLD.status IN ('stored', 'returned')
  AND NEW.covers_to > (SELECT date(max(f.added_at), '+1 day') FROM evidence_files f WHERE f.evidence_id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'evidence covers days after its files came');
END;
-- +goose StatementEnd
