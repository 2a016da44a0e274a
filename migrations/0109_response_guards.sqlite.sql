-- A response is bound to what was approved and signed, and to its author; a compensating
-- control is another one; a retest has its own population and sample; and the freeze ends
-- what the audit and management say to each other about what it saw.
-- +goose Up
DROP TRIGGER finding_responses_kept;
-- +goose StatementBegin
CREATE TRIGGER finding_responses_kept BEFORE UPDATE ON finding_responses
WHEN OLD.status NOT IN ('draft', 'approved') OR NEW.finding_id <> OLD.finding_id OR NEW.cycle <> OLD.cycle OR NEW.version <> OLD.version OR OLD.status = 'draft' AND NEW.status NOT IN ('draft', 'approved') OR OLD.status = 'approved' AND NEW.status NOT IN ('draft', 'signed') OR NEW.status = 'signed' AND (NEW.text <> OLD.text OR NEW.position <> OLD.position OR NEW.person_id <> OLD.person_id OR NEW.digest <> OLD.digest OR NEW.approved_by <> OLD.approved_by) BEGIN
  SELECT RAISE(ABORT, 'a response that was signed never changes, and is signed as it was approved');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_approved BEFORE UPDATE ON finding_responses
WHEN NEW.status IN ('approved', 'signed') AND (length(NEW.digest) <> 64 OR NEW.approved_at IS NULL OR NOT EXISTS (SELECT 1 FROM people p WHERE p.id = NEW.approved_by AND p.role = 'compliance_manager') OR NEW.approved_by = NEW.person_id) BEGIN
  SELECT RAISE(ABORT, 'a response is approved by a compliance manager who is not its author');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_signed BEFORE UPDATE ON finding_responses
WHEN NEW.status = 'signed' AND (NEW.signed_at IS NULL OR NEW.signed_by IS NULL OR NEW.signed_by <> NEW.person_id) BEGIN
  SELECT RAISE(ABORT, 'a response is signed by its author');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_begin BEFORE INSERT ON finding_responses
WHEN NEW.version < 1 OR NOT (NEW.status = 'draft' AND NEW.signed_by IS NULL AND NEW.approved_by IS NULL OR NEW.status = 'signed' AND NEW.signed_by = NEW.person_id AND NEW.signed_at IS NOT NULL AND length(NEW.digest) = 64 AND NOT EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL)) BEGIN
  SELECT RAISE(ABORT, 'a response to an exception begins as a draft');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_frozen BEFORE INSERT ON finding_responses
WHEN EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = f.engagement_id AND e.status = 'fieldwork') AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) BEGIN
  SELECT RAISE(ABORT, 'what management answers to an exception is part of the freeze, and stays as it was');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_responses_frozen_then BEFORE UPDATE ON finding_responses
WHEN EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = f.engagement_id AND e.status = 'fieldwork') AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) BEGIN
  SELECT RAISE(ABORT, 'what management answers to an exception is part of the freeze, and stays as it was');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_compensations_other BEFORE INSERT ON finding_compensations
WHEN EXISTS (SELECT 1 FROM finding_controls l WHERE l.finding_id = NEW.finding_id AND l.control_id = NEW.control_id) BEGIN
  SELECT RAISE(ABORT, 'a control that failed does not cover itself');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_compensations_kept BEFORE UPDATE ON finding_compensations
BEGIN
  SELECT RAISE(ABORT, 'a compensating control is named, or no longer');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_compensations_frozen BEFORE INSERT ON finding_compensations
WHEN EXISTS (SELECT 1 FROM findings f WHERE f.id = NEW.finding_id AND f.test_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = f.engagement_id AND e.status = 'fieldwork') AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no compensating control is named or taken back');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_compensations_frozen_then BEFORE DELETE ON finding_compensations
WHEN EXISTS (SELECT 1 FROM findings f WHERE f.id = OLD.finding_id AND f.test_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM engagements e WHERE e.id = f.engagement_id AND e.status = 'fieldwork') AND NOT EXISTS (SELECT 1 FROM freezes z WHERE z.engagement_id = f.engagement_id AND z.frozen_at < f.cycle_opened_at)) BEGIN
  SELECT RAISE(ABORT, 'after the freeze no compensating control is named or taken back');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER control_tests_again BEFORE UPDATE ON control_tests
WHEN NEW.retests_id IS NOT NULL AND NEW.population_id IS NOT NULL AND EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.retests_id AND (t.population_id = NEW.population_id OR EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = t.id AND l.population_id = NEW.population_id))) BEGIN
  SELECT RAISE(ABORT, 'a retest has a population of its own');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER control_tests_retest BEFORE INSERT ON control_tests
WHEN NEW.retests_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM control_tests t WHERE t.id = NEW.retests_id AND t.engagement_id = NEW.engagement_id AND t.control_id = NEW.control_id AND (NEW.retest_letter = '' AND t.design = 'inadequate' OR EXISTS (SELECT 1 FROM test_results r WHERE r.test_id = t.id AND r.item_id = NEW.retest_item AND r.letter = NEW.retest_letter AND r.result = 'deviation'))) BEGIN
  SELECT RAISE(ABORT, 'a retest is of a deviation of the same control');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER control_tests_retests BEFORE UPDATE ON control_tests
WHEN NEW.retests_id IS DISTINCT FROM OLD.retests_id OR NEW.retest_item <> OLD.retest_item OR NEW.retest_letter <> OLD.retest_letter BEGIN
  SELECT RAISE(ABORT, 'what a test is of never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER test_samples_again BEFORE INSERT ON test_samples
WHEN EXISTS (SELECT 1 FROM control_tests t JOIN control_tests b ON b.id = t.retests_id WHERE t.id = NEW.test_id AND (b.population_id = NEW.population_id OR EXISTS (SELECT 1 FROM test_samples l WHERE l.test_id = b.id AND (l.population_id = NEW.population_id OR l.sample_id = NEW.sample_id)))) BEGIN
  SELECT RAISE(ABORT, 'a retest has a sample of its own');
END;
-- +goose StatementEnd
